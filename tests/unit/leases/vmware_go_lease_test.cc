// Taking, holding and handing over in the `vmware-go` format, beside what Go workers write. "Rule N" are those for
// neighbours of live Go workers.
#include <gtest/gtest.h>

#include "leases/go_time.h"
#include "leases/vmware_go_row.h"
#include "unit/leases/lease_fixture.h"

namespace kcl::leases {
namespace {

using namespace std::chrono_literals;

class VmwareGoLeaseTest : public LeaseTest {
 protected:
  VmwareGoLeaseTest() : LeaseTest(LeaseFormat::vmware_go) {}

  /// As vmware-go-kcl writes: the whole row is replaced, whatever was in it.
  void go_puts(Item row_of_go) {
    row_of_go.emplace("ShardID", kShard);
    if (store.has(kShard)) store.erase(kShard);
    store.put(std::move(row_of_go));
  }
  std::string in(std::chrono::milliseconds time) {
    const auto at = store.server_time() + time;
    return format_go_time(at.time_since_epoch().count() * 1'000'000 + 123'456);
  }
  static std::set<std::string> attributes(const Item& row) {
    std::set<std::string> names;
    for (const auto& [name, value] : row) names.insert(name);
    return names;
  }
  static std::string text(const Item& row, const std::string& name) {
    const auto it = row.find(name);
    const auto* value = it == row.end() ? nullptr : it->second.get_if<std::string>();
    return value == nullptr ? "(none)" : *value;
  }
};

TEST_F(VmwareGoLeaseTest, Rule11ARowMadeAheadHasNothingButKeyAndParent) {
  Lease lease;
  lease.key = kShard;
  lease.parents = {"shardId-000000000007", "shardId-000000000008"};
  EXPECT_EQ(run(a.create(lease, Origin::fresh)).kind, CreateResult::Kind::created);
  EXPECT_EQ(store.row(kShard), (Item{{"ShardID", kShard}, {"ParentShardId", "shardId-000000000007"}}));
  EXPECT_TRUE(row().let_go());
}

TEST_F(VmwareGoLeaseTest, ARepairedRowAges) {
  Lease lease;
  lease.key = kShard;
  EXPECT_EQ(run(a.create(lease, Origin::repair)).kind, CreateResult::Kind::created);
  EXPECT_EQ(attributes(store.row(kShard)), (std::set<std::string>{"ShardID", "LeaseTimeout"}));
  EXPECT_FALSE(row().let_go());
}

TEST_F(VmwareGoLeaseTest, Rule1NoAttributeOfOursIsEverOnAShardsRow) {
  auto hold = create_and_take(a);
  hold->set_status("{}");
  hold->set_throughput(7);
  EXPECT_TRUE(run(hold->checkpoint(at("5"))).committed());
  const std::set<std::string> known{"ShardID", "AssignedTo", "LeaseTimeout", "Checkpoint"};
  EXPECT_EQ(attributes(store.row(kShard)), known);
}

TEST_F(VmwareGoLeaseTest, Rule3TheTimeIsAFailoverTimeAheadOfTheStoresClockInGosForm) {
  store.set_clock_ahead(1h);
  ASSERT_TRUE(run(a.get(kShard)));
  auto hold = create_and_take(a);
  const std::string written = text(store.row(kShard), "LeaseTimeout");
  const auto time = parse_go_time(written);
  ASSERT_TRUE(time) << written;
  EXPECT_EQ(format_go_time(*time), written) << "a Go claimer parses, formats, and compares";
  const auto expected = (store.server_time() + 10s).time_since_epoch().count();
  EXPECT_NEAR(static_cast<double>(*time / 1'000'000), static_cast<double>(expected), 100);
}

TEST_F(VmwareGoLeaseTest, Trace11TheEpochIsTheTimeWrittenByTheTakeAndGrows) {
  create(a);
  std::uint64_t last = 0;
  for (int i = 0; i < 5; ++i) {
    auto hold = take(i % 2 == 0 ? a : b);
    EXPECT_GT(hold->epoch(), last);
    EXPECT_EQ(hold->epoch(), static_cast<std::uint64_t>(row().counter));
    EXPECT_TRUE(run(hold->renew()).committed());
    last = hold->epoch();
  }
}

TEST_F(VmwareGoLeaseTest, Rule4ATakeIsOfTheRowAsItWasObserved) {
  const Item held{{"AssignedTo", "go-1"}, {"LeaseTimeout", in(-1min)}, {"Checkpoint", "5"}};
  struct Case {
    const char* what;
    std::function<void()> change;
  };
  for (const Case& c : {Case{"owner", [&] { store.change(kShard, {Action::set("AssignedTo", "go-2")}); }},
                        Case{"time", [&] { store.change(kShard, {Action::set("LeaseTimeout", in(1min))}); }},
                        Case{"checkpoint", [&] { store.change(kShard, {Action::set("Checkpoint", "6")}); }},
                        Case{"claim", [&] { store.change(kShard, {Action::set("ClaimRequest", "go-2")}); }},
                        Case{"row", [&] { store.erase(kShard); }}}) {
    go_puts(held);
    const Lease observed = row();
    c.change();
    const auto taken = run(a.take(observed, TakeMarks{}));
    EXPECT_FALSE(taken.hold) << c.what;
    EXPECT_TRUE(taken.refused) << c.what;
  }
  go_puts(held);
  EXPECT_TRUE(take(a));
}

TEST_F(VmwareGoLeaseTest, RowsAsOldBuildsAndLateWritesLeaveThemCanBeTaken) {
  for (const Item& held : {Item{{"AssignedTo", "go-1"}, {"LeaseTimeout", "2026-01-02T15:04:05Z"}},
                           Item{{"AssignedTo", ""}, {"LeaseTimeout", "0001-01-01T00:00:00Z"}, {"Checkpoint", "5"}},
                           Item{{"AssignedTo", "go-1"}, {"LeaseTimeout", "2026-01-02T17:04:05.120+02:00"}},
                           Item{{"AssignedTo", "go-1"}}, Item{{"LeaseTimeout", "whatever"}}}) {
    go_puts(held);
    auto hold = take(a);
    ASSERT_TRUE(hold);
    EXPECT_TRUE(run(hold->renew()).committed());
    EXPECT_EQ(text(store.row(kShard), "AssignedTo"), "A");
  }
}

// Go's workers look at the time by their clocks: a row forced past a far one stays past it.
TEST_F(VmwareGoLeaseTest, EveryWriteIsLaterThanWhatTheRowHad) {
  go_puts({{"AssignedTo", "go-1"}, {"LeaseTimeout", in(1h)}});
  auto hold = take(a);
  auto last = row().counter;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(run(hold->renew()).committed());
    EXPECT_GT(row().counter, last);
    last = row().counter;
  }
}

TEST_F(VmwareGoLeaseTest, Rule7ACheckpointSetsTwoAttributesIfTheRowIsStillAsWritten) {
  auto hold = create_and_take(a);
  const std::string before = text(store.row(kShard), "LeaseTimeout");
  EXPECT_TRUE(run(hold->checkpoint(at("7"))).committed());
  const ItemUpdate& sent = store.sent().back();
  ASSERT_EQ(sent.conditions.size(), 2U);
  EXPECT_EQ(sent.conditions[0].attribute, "AssignedTo");
  EXPECT_EQ(sent.conditions[0].value, AttributeValue("A"));
  EXPECT_EQ(sent.conditions[1].attribute, "LeaseTimeout");
  EXPECT_EQ(sent.conditions[1].value, AttributeValue(before)) << "the raw text: an earlier life of A has another";
  EXPECT_EQ(sent.actions.size(), 2U);
  EXPECT_EQ(text(store.row(kShard), "Checkpoint"), "7");
}

TEST_F(VmwareGoLeaseTest, Trace5ATwinIsFenced) {
  auto hold = create_and_take(a);
  LeaseTable twin(loop, store, options_of("A", "another life", format));
  auto its = take(twin);
  ASSERT_TRUE(its);
  EXPECT_EQ(run(hold->checkpoint(at("5"))).kind, HolderResult::Kind::lost);
  EXPECT_TRUE(run(its->checkpoint(at("6"))).committed());
}

TEST_F(VmwareGoLeaseTest, Trace6AnEarlierAttemptThatLandsLateIsKnownByItsDigits) {
  auto hold = create_and_take(a);
  store.next_writes({Fate::hold_back});
  EXPECT_EQ(run(hold->checkpoint(at("5"))).kind, HolderResult::Kind::unsettled);
  store.before_next_write([&] { store.land_next(); });
  EXPECT_TRUE(run(hold->end_shard({"shardId-000000000001"})).committed());
  EXPECT_TRUE(row().ended()) << "and not taken for stored because the row is ours";
}

TEST_F(VmwareGoLeaseTest, Trace6ALostAnswerIsSettled) {
  auto hold = create_and_take(a);
  store.next_writes({Fate::lose_answer});
  EXPECT_TRUE(run(hold->checkpoint(at("5"))).committed());
  store.next_writes({Fate::lose_request});
  EXPECT_EQ(run(hold->checkpoint(at("6"))).kind, HolderResult::Kind::unsettled);
  store.next_writes({Fate::lose_answer});
  EXPECT_TRUE(run(hold->release(at("7"))).committed());
  EXPECT_TRUE(hold->given_up());
}

TEST_F(VmwareGoLeaseTest, TraceR1InDoubtNothingIsDelivered) {
  auto hold = create_and_take(a);
  store.next_writes({Fate::hold_back});
  EXPECT_EQ(run(hold->release(std::nullopt)).kind, HolderResult::Kind::unsettled);
  EXPECT_FALSE(hold->may_deliver());
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_TRUE(hold->may_deliver());
  EXPECT_EQ(store.land_next().kind, WriteOutcome::Kind::refused);
}

TEST_F(VmwareGoLeaseTest, Rule8AReleaseKeepsTheTimeAndAClaim) {
  auto hold = create_and_take(a);
  EXPECT_TRUE(run(hold->checkpoint(at("5"))).committed());
  store.change(kShard, {Action::set("ClaimRequest", "go-1")});
  EXPECT_TRUE(run(hold->release(at("6"))).committed());
  const std::set<std::string> left{"ShardID", "LeaseTimeout", "Checkpoint", "ClaimRequest"};
  EXPECT_EQ(attributes(store.row(kShard)), left);
  EXPECT_EQ(text(store.row(kShard), "Checkpoint"), "6");
}

TEST_F(VmwareGoLeaseTest, Rule8AGoWorkersClaimIsSeenAndAnsweredByLettingGo) {
  auto hold = create_and_take(a);
  EXPECT_TRUE(run(hold->checkpoint(at("5"))).committed());
  Item claimed = store.row(kShard);
  claimed.insert_or_assign("ClaimRequest", "go-1");
  go_puts(claimed);
  EXPECT_TRUE(run(hold->checkpoint(at("6"))).committed());
  ASSERT_TRUE(hold->claimed_by());
  EXPECT_EQ(hold->claimed_by()->worker_id, "go-1");
  EXPECT_TRUE(run(hold->grant(at("7"))).committed());
  const Item left = store.row(kShard);
  EXPECT_FALSE(left.contains("AssignedTo")) << "a Go worker that finds itself named never starts the shard";
  EXPECT_EQ(text(left, "ClaimRequest"), "go-1");
  EXPECT_EQ(text(left, "Checkpoint"), "7");
  EXPECT_FALSE(b.format().granted(row(), b.options().me));
}

TEST_F(VmwareGoLeaseTest, AHandOffBetweenOursGoesTheSameWay) {
  auto hold = create_and_take(a);
  claim(b);
  EXPECT_TRUE(run(hold->renew()).committed());
  ASSERT_TRUE(hold->claimed_by());
  EXPECT_TRUE(run(hold->grant(at("7"))).committed());
  EXPECT_TRUE(b.format().granted(row(), b.options().me));
  auto next = take(b);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->row().checkpoint.text(), "7");
  EXPECT_FALSE(store.row(kShard).contains("ClaimRequest"));
}

TEST_F(VmwareGoLeaseTest, TraceR8AGrantGoesToNobodyWhoHasGivenUp) {
  auto hold = create_and_take(a);
  claim(b);
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_EQ(run(b.withdraw_claim(row())).kind, ChangeResult::Kind::done);
  EXPECT_EQ(run(hold->grant(std::nullopt)).kind, HolderResult::Kind::claim_gone);
  EXPECT_TRUE(hold->may_deliver());
}

TEST_F(VmwareGoLeaseTest, TraceR8AWithdrawalAfterTheGrantIsRefused) {
  auto hold = create_and_take(a);
  claim(b);
  const Lease claimed_from = row();
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_TRUE(run(hold->grant(std::nullopt)).committed());
  EXPECT_EQ(run(b.withdraw_claim(claimed_from)).kind, ChangeResult::Kind::refused);
  EXPECT_TRUE(b.format().granted(row(), b.options().me));
}

TEST_F(VmwareGoLeaseTest, Rule9AClaimChangesNothingElse) {
  const Item held{{"ShardID", kShard}, {"AssignedTo", "go-1"}, {"LeaseTimeout", in(8s)}, {"Checkpoint", "5"}};
  go_puts(held);
  EXPECT_EQ(run(a.claim(row())).kind, ChangeResult::Kind::done);
  Item claimed = held;
  claimed.emplace("ClaimRequest", "A");
  EXPECT_EQ(store.row(kShard), claimed);
  EXPECT_EQ(run(b.claim(row())).kind, ChangeResult::Kind::refused);
}

// Rule 10: a Go worker that had lost the lease writes what it remembers.
TEST_F(VmwareGoLeaseTest, Rule10AZombiesCheckpointCostsTheLeaseAndNothingElse) {
  auto hold = create_and_take(a);
  EXPECT_TRUE(run(hold->checkpoint(at("9"))).committed());
  go_puts({{"AssignedTo", "go-1"}, {"LeaseTimeout", in(-20s)}, {"Checkpoint", "4"}});
  EXPECT_EQ(run(hold->checkpoint(at("10"))).kind, HolderResult::Kind::lost);
  EXPECT_FALSE(hold->may_deliver());
  EXPECT_EQ(text(store.row(kShard), "Checkpoint"), "4") << "not written over";
}

TEST_F(VmwareGoLeaseTest, Rule12ADeletedRowIsALostLease) {
  auto hold = create_and_take(a);
  store.erase(kShard);
  EXPECT_EQ(run(hold->renew()).kind, HolderResult::Kind::lost);
  EXPECT_FALSE(store.has(kShard)) << "nor does it come back by our write";
}

TEST_F(VmwareGoLeaseTest, Rule12OnlyWhatWasSeenIsRemoved) {
  go_puts({{"Checkpoint", "SHARD_END"}, {"LeaseTimeout", in(-1h)}});
  const Lease seen = row();
  store.change(kShard, {Action::set("Checkpoint", "5")});
  EXPECT_EQ(run(a.remove(seen)).kind, ChangeResult::Kind::refused);
  EXPECT_EQ(run(a.remove(row())).kind, ChangeResult::Kind::done);
}

TEST_F(VmwareGoLeaseTest, Rule11TheEndIsWrittenLiterallyAndLetsGo) {
  auto hold = create_and_take(a);
  EXPECT_TRUE(run(hold->end_shard({"shardId-000000000001"})).committed());
  EXPECT_EQ(text(store.row(kShard), "Checkpoint"), "SHARD_END");
  EXPECT_FALSE(store.row(kShard).contains("AssignedTo"));
}

TEST_F(VmwareGoLeaseTest, TheApplicationsRowIsFoundByEveryScan) {
  ApplicationMarks marks;
  marks.start_instant = kStart;
  EXPECT_EQ(run(a.create_application_row(marks)).kind, CreateResult::Kind::created);
  marks.start_instant = kStart + 1h;
  EXPECT_EQ(run(b.create_application_row(marks)).kind, CreateResult::Kind::exists);
  create(a);
  const auto scan = run(b.scan(true));
  ASSERT_TRUE(scan);
  ASSERT_TRUE(scan->application);
  EXPECT_EQ(scan->application->start_instant, kStart) << "the first one's";
  ASSERT_EQ(scan->leases.size(), 1U);
  EXPECT_EQ(scan->leases[0].key, kShard);
}

}  // namespace
}  // namespace kcl::leases
