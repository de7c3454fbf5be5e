// What a holder writes, and what it makes of answers that are lost, late or refused. Names in brackets are of
// lease-traces.
#include "leases/lease_hold.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "unit/leases/lease_fixture.h"

namespace kcl::leases {
namespace {

using namespace std::chrono_literals;
using Kind = HolderResult::Kind;

// ---- a holder's ordinary life

TEST_F(LeaseHoldTest, EveryWriteRaisesTheCounterByOneAndLeavesItsToken) {
  auto hold = create_and_take(a);
  const auto epoch = static_cast<std::int64_t>(hold->epoch());
  std::set<std::string> tokens{row().token->text()};
  for (int i = 1; i <= 3; ++i) {
    EXPECT_TRUE(run(i == 2 ? hold->checkpoint(at("17")) : hold->renew()).committed());
    EXPECT_EQ(row().counter, epoch + i);
    EXPECT_EQ(row().token->counter, epoch + i);
    EXPECT_EQ(row().token->incarnation, a.options().me.incarnation);
    tokens.insert(row().token->text());
  }
  EXPECT_EQ(tokens.size(), 4U);
  EXPECT_EQ(row().checkpoint, at("17"));
  EXPECT_EQ(hold->row().checkpoint, at("17"));
  EXPECT_EQ(hold->epoch(), static_cast<std::uint64_t>(epoch)) << "an epoch is the take, not the write";
}

TEST_F(LeaseHoldTest, ACheckpointEndsOwnerSwitchesAndTheRowsOwnStart) {
  Lease rewound;
  rewound.key = kShard;
  rewound.checkpoint = Position::at_timestamp();
  rewound.at = kStart;
  rewound.owner_switches_since_checkpoint = 3;
  store.put_lease(rewound);
  auto hold = take(a);
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_EQ(row().at, kStart) << "a renewal leaves the start alone";
  EXPECT_TRUE(run(hold->checkpoint(at("5"))).committed());
  EXPECT_FALSE(row().at);
  EXPECT_EQ(row().owner_switches_since_checkpoint, 0);
}

TEST_F(LeaseHoldTest, AReleaseStoresTheLastPositionAndFreesTheLeaseInOneWrite) {
  auto hold = create_and_take(a);
  const auto before = store.sent().size();
  EXPECT_TRUE(run(hold->release(at("9"))).committed());
  EXPECT_EQ(store.sent().size(), before + 1);
  EXPECT_EQ(row().checkpoint, at("9"));
  expect_free(row());
  EXPECT_TRUE(hold->ended());
  EXPECT_TRUE(hold->given_up());
  EXPECT_FALSE(hold->may_deliver());
}

TEST_F(LeaseHoldTest, AGrantStoresTheLastPositionAndNamesTheClaimerWhoseClaimStays) {
  auto hold = claimed_hold();
  EXPECT_TRUE(run(hold->grant(at("9"))).committed());
  EXPECT_EQ(row().owner, "B");
  EXPECT_EQ(row().claim, Claim::of(b.options().me));
  EXPECT_TRUE(row().last_written_by_kclpp());
  EXPECT_EQ(row().checkpoint, at("9"));
  EXPECT_TRUE(hold->given_up());
  // B's take begins the epoch and removes the claim.
  auto next = take(b);
  EXPECT_FALSE(row().claim);
  EXPECT_GT(next->epoch(), hold->epoch());
}

TEST_F(LeaseHoldTest, AShardsEndNamesItsChildrenAndNeedsNoOwnerAnyMore) {
  auto hold = create_and_take(a);
  EXPECT_TRUE(run(hold->end_shard({"k1", "k2"})).committed());
  EXPECT_TRUE(row().ended());
  EXPECT_EQ(row().children, (std::set<std::string>{"k1", "k2"}));
  EXPECT_FALSE(row().owner);
  EXPECT_TRUE(hold->given_up());
}

TEST_F(LeaseHoldTest, TheStatusRidesOnWritesThatAreDueAnyway) {
  auto hold = create_and_take(a);
  const auto before = store.sent().size();
  hold->set_status(R"({"state":"idle"})");
  EXPECT_EQ(store.sent().size(), before);
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_EQ(row().status, R"({"state":"idle"})");
}

// ---- C4

TEST_F(LeaseHoldTest, TwoConcurrentCheckpointsNeverGoBackwards) {
  for (const auto& [first, second] : {std::pair("20", "10"), std::pair("10", "20")}) {
    SCOPED_TRACE(first);
    auto hold = create_and_take(a);
    base::Started one(loop, hold->checkpoint(at(first)));
    base::Started two(loop, hold->checkpoint(at(second)));
    EXPECT_TRUE(one.get().committed());
    EXPECT_TRUE(two.get().committed());
    EXPECT_EQ(row().checkpoint, at("20"));
    const auto writes = row().counter - static_cast<std::int64_t>(hold->epoch());
    EXPECT_EQ(writes, first == std::string("20") ? 1 : 2) << "the one behind has nothing left to do";
    store.erase(kShard);
    loop.run_for(2s);
  }
}

TEST_F(LeaseHoldTest, AReleaseDoesNotMoveTheCheckpointBackwards) {
  auto hold = create_and_take(a);
  EXPECT_TRUE(run(hold->checkpoint(at("20"))).committed());
  EXPECT_TRUE(run(hold->release(at("10"))).committed());
  EXPECT_EQ(row().checkpoint, at("20"));
  expect_free(row());
}

TEST_F(LeaseHoldTest, NothingIsWrittenOnceTheRowHasBeenAnothers) {
  auto hold = create_and_take(a);
  store.java_takes(kShard, "J");
  const Item theirs = store.row(kShard);
  EXPECT_EQ(run(hold->checkpoint(at("5"))).kind, Kind::lost);
  const auto sent = store.sent().size();
  EXPECT_EQ(run(hold->renew()).kind, Kind::lost);
  EXPECT_EQ(run(hold->checkpoint(at("5"))).kind, Kind::lost);
  EXPECT_EQ(run(hold->end_shard({"k"})).kind, Kind::lost);
  EXPECT_EQ(run(hold->release(at("5"))).kind, Kind::lost);
  EXPECT_EQ(run(hold->grant(at("5"))).kind, Kind::lost);
  EXPECT_EQ(store.sent().size(), sent) << "a lost lease is not even tried";
  EXPECT_EQ(store.row(kShard), theirs);
  EXPECT_FALSE(hold->given_up());
}

TEST_F(LeaseHoldTest, ARowThatIsGoneIsLost) {
  auto hold = create_and_take(a);
  store.erase(kShard);
  EXPECT_EQ(run(hold->renew()).kind, Kind::lost);
  EXPECT_FALSE(store.has(kShard)) << "an update never creates a row";
}

// ---- C8, [4c]: the deadline

TEST_F(LeaseHoldTest, Trace4cTheDeadlineCountsFromTheSendingOfACommittedWrite) {
  auto hold = create_and_take(a);
  const auto holding = a.options().holding_time();
  EXPECT_EQ(holding, 8800ms) << "98 % of ten seconds, less a tenth as margin";
  store.set_latency(2s);
  const auto sent = loop.now();
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_EQ(loop.now(), sent + 2s);
  EXPECT_EQ(hold->valid_until(), sent + holding) << "not from the answer";
}

TEST_F(LeaseHoldTest, Trace4cATakeThatIsAnsweredLateCountsFromItsSendingToo) {
  create(a);
  store.set_latency(2s);
  const auto observed = store.lease(kShard);
  const auto sent = loop.now();
  const auto taken = run(a.take(observed, TakeMarks{}));
  ASSERT_TRUE(taken.hold);
  EXPECT_EQ(taken.hold->valid_until(), sent + a.options().holding_time());
}

TEST_F(LeaseHoldTest, Trace4cAReadBackCountsFromTheSendingOfTheWriteThatItConfirms) {
  auto hold = create_and_take(a);
  const auto sent = loop.now();
  store.next_writes({Fate::lose_answer});
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_GE(loop.now(), sent + a.options().call_timeout) << "known by the read only";
  EXPECT_EQ(hold->valid_until(), sent + a.options().holding_time());
  EXPECT_EQ(hold->last_commit(), sent);
}

TEST_F(LeaseHoldTest, Trace4cAnEarlierWriteThatTurnsOutCommittedCountsFromItsOwnSending) {
  auto hold = create_and_take(a);
  const auto sent_first = loop.now();
  store.next_writes({Fate::hold_back});
  EXPECT_EQ(run(hold->renew()).kind, Kind::unsettled);
  EXPECT_EQ(store.land_next().kind, WriteOutcome::Kind::applied);
  // The next write is refused by the one that landed, and the one after that is throttled: what counts is the first.
  store.next_writes({Fate::answer, Fate::throttle});
  EXPECT_EQ(run(hold->renew()).kind, Kind::unsettled);
  EXPECT_EQ(hold->valid_until(), sent_first + a.options().holding_time());
}

TEST_F(LeaseHoldTest, AfterTheDeadlineNothingButARenewalIsSentUntilOneCommits) {
  auto hold = create_and_take(a);
  loop.run_until(hold->valid_until() - 1ns);
  EXPECT_TRUE(hold->may_deliver());
  loop.run_until(hold->valid_until());
  EXPECT_FALSE(hold->may_deliver());
  const auto sent = store.sent().size();
  EXPECT_EQ(run(hold->checkpoint(at("5"))).kind, Kind::unsettled);
  EXPECT_EQ(run(hold->end_shard({"k"})).kind, Kind::unsettled);
  EXPECT_EQ(run(hold->release(at("5"))).kind, Kind::unsettled);
  EXPECT_EQ(store.sent().size(), sent);
  EXPECT_FALSE(hold->ended()) << "suspended, not lost, until a renewal is refused (C13)";
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_TRUE(hold->may_deliver());
  EXPECT_TRUE(run(hold->checkpoint(at("5"))).committed());
}

// ---- C14

TEST_F(LeaseHoldTest, AttributesThatKclppDoesNotKnowSurviveEveryWrite) {
  create(a);
  const Item foreign{{"pendingCheckpointState", Binary{"\x01\x02"}},
                     {"throughputKBps", Number{"12.500000"}},
                     {"something", AttributeValue::Map{{"deep", AttributeValue::List{AttributeValue("x"), Null{}}}}}};
  std::vector<Action> additions;
  for (const auto& [name, value] : foreign) additions.push_back(Action::set(name, value));
  store.change(kShard, std::move(additions));
  const auto expect_all = [&] {
    const Item stored = store.row(kShard);
    for (const auto& [name, value] : foreign) EXPECT_EQ(stored.at(name), value) << name;
  };
  auto hold = take(a);
  expect_all();
  claim(b);
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_TRUE(run(hold->checkpoint(at("3"))).committed());
  expect_all();
  EXPECT_TRUE(run(hold->grant(at("4"))).committed());
  auto next = take(b);
  expect_all();
  EXPECT_TRUE(run(next->release(at("5"))).committed());
  auto last = take(a);
  EXPECT_TRUE(run(last->end_shard({"k"})).committed());
  expect_all();
}

/// What a holder's write may be conditional on: DESIGN section 4, and nothing weaker.
TEST_F(LeaseHoldTest, EveryHoldersWriteIsConditionalOnCounterOwnerAndToken) {
  auto hold = claimed_hold();
  EXPECT_TRUE(run(hold->checkpoint(at("3"))).committed());
  EXPECT_TRUE(run(hold->grant(at("4"))).committed());
  auto next = take(b);
  EXPECT_TRUE(run(next->release({})).committed());
  for (const ItemUpdate& update : store.sent()) {
    if (update.conditions.empty()) continue;  // the creation
    std::set<std::string> named;
    for (const Condition& condition : update.conditions) named.insert(condition.attribute);
    bool changes_counter = false;
    for (const Action& action : update.actions) changes_counter |= action.attribute == kcl_row::kCounter;
    if (!changes_counter) continue;  // a claim
    for (const auto name : {kcl_row::kCounter, kcl_row::kOwner, kcl_row::kToken}) {
      EXPECT_TRUE(named.contains(std::string(name))) << name;
    }
  }
}

}  // namespace
}  // namespace kcl::leases
