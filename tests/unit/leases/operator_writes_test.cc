// What only operators write: rewinds, evictions, rows put back. Names in brackets are of lease-traces.
#include <gtest/gtest.h>

#include <string>

#include "unit/leases/lease_fixture.h"

namespace kcl::leases {
namespace {

using namespace std::chrono_literals;
class OperatorWrites : public LeaseHoldTest {};

// ---- rewinding a lease that one holds

TEST_F(OperatorWrites, ARewindGoesBackAndGivesTheLeaseUpInOneWrite) {
  auto hold = create_and_take(a);
  ASSERT_TRUE(run(hold->checkpoint(at("100"))).committed());
  const auto before = store.sent().size();
  EXPECT_TRUE(run(hold->rewind(Start{at("50"), std::nullopt})).committed());
  EXPECT_EQ(store.sent().size(), before + 1);
  EXPECT_TRUE(hold->given_up());
  EXPECT_EQ(row().checkpoint, at("50"));
  expect_free(row());
}

TEST_F(OperatorWrites, ARewindToATimeLastsUntilTheFirstCheckpoint) {
  auto hold = create_and_take(a);
  const Timestamp time = kStart - 1h;
  EXPECT_TRUE(run(hold->rewind(Start::from(time))).committed());
  EXPECT_EQ(row().checkpoint, Position::at_timestamp());
  EXPECT_EQ(row().at, time);
  EXPECT_TRUE(row().started()) << "its parents are not read again for it";
  auto next = take(b);
  ASSERT_TRUE(run(next->checkpoint(at("7"))).committed());
  EXPECT_FALSE(row().at);

  ASSERT_TRUE(run(next->rewind(Start::from(time))).committed());
  auto again = take(a);
  ASSERT_TRUE(run(again->rewind(Start{Position::trim_horizon(), std::nullopt})).committed());
  EXPECT_FALSE(row().at);
}

TEST_F(OperatorWrites, ARewindIsFencedLikeEveryWriteOfAHolder) {
  auto hold = create_and_take(a);
  ASSERT_TRUE(run(hold->checkpoint(at("100"))).committed());
  loop.run_for(11s);
  auto next = take(b);
  EXPECT_EQ(run(hold->rewind(Start{at("50"), std::nullopt})).kind, HolderResult::Kind::unsettled) << "its time is over";
  EXPECT_EQ(run(hold->renew()).kind, HolderResult::Kind::lost);
  EXPECT_EQ(run(hold->rewind(Start{at("50"), std::nullopt})).kind, HolderResult::Kind::lost);
  EXPECT_EQ(row().checkpoint, at("100"));
}

TEST_F(OperatorWrites, ARewindWhoseAnswerIsLostIsSettledByItsToken) {
  auto hold = create_and_take(a);
  ASSERT_TRUE(run(hold->checkpoint(at("100"))).committed());
  store.next_writes({Fate::lose_answer});
  EXPECT_TRUE(run(hold->rewind(Start{at("50"), std::nullopt})).committed());
  EXPECT_TRUE(hold->given_up());
}

// ---- taking a lease away

TEST_F(OperatorWrites, AnEvictionFencesTheHolderAndIsNotTakenForItsRelease) {
  auto hold = create_and_take(a);
  ASSERT_TRUE(run(hold->checkpoint(at("100"))).committed());
  ASSERT_EQ(run(b.evict(row(), Start{at("50"), std::nullopt})).kind, ChangeResult::Kind::done);
  EXPECT_FALSE(row().owner);
  EXPECT_EQ(row().checkpoint, at("50"));
  EXPECT_FALSE(row().last_written_by_kclpp()) << "not free at once: its holder may be within its deadline (R4)";
  EXPECT_EQ(run(hold->checkpoint(at("101"))).kind, HolderResult::Kind::lost);
  EXPECT_EQ(row().checkpoint, at("50"));
}

TEST_F(OperatorWrites, AnEvictionOfARowThatHasChangedIsRefused) {
  auto hold = create_and_take(a);
  const Lease observed = row();
  ASSERT_TRUE(run(hold->renew()).committed());
  EXPECT_EQ(run(b.evict(observed, std::nullopt)).kind, ChangeResult::Kind::refused);
  EXPECT_EQ(row().owner, "A");
  EXPECT_TRUE(run(hold->renew()).committed());
}

TEST_F(OperatorWrites, AnEvictionTakesTheMarksOfJavasHandOffAway) {
  Lease lease;
  lease.key = kShard;
  lease.owner = "K";
  lease.checkpoint_owner = "J";
  lease.counter = 7;
  store.put_lease(lease);
  ASSERT_EQ(run(a.evict(lease, std::nullopt)).kind, ChangeResult::Kind::done);
  EXPECT_FALSE(row().checkpoint_owner);
  EXPECT_EQ(row().counter, 8);
}

TEST_F(OperatorWrites, AnEvictionWhoseAnswerIsLostIsReadFromTheRow) {
  auto hold = create_and_take(a);
  store.next_writes({Fate::lose_answer});
  EXPECT_EQ(run(b.evict(row(), Start{at("5"), std::nullopt})).kind, ChangeResult::Kind::done);
  store.next_writes({Fate::lose_request});
  EXPECT_EQ(run(b.evict(row(), Start{at("6"), std::nullopt})).kind, ChangeResult::Kind::unsettled);
}

// ---- putting rows back

TEST_F(OperatorWrites, ARowIsPutBackWithAllThatItHeldButNobodysAndAged) {
  auto hold = create_and_take(a);
  ASSERT_TRUE(run(hold->checkpoint(at("100"))).committed());
  claim(b);
  store.change(kShard, {Action::set("note", "keep me"), Action::set("checkpointOwner", "J")});
  const Item exported = store.row(kShard);
  store.erase(kShard);
  ASSERT_EQ(run(b.restore(exported)).kind, CreateResult::Kind::created);
  EXPECT_EQ(row().checkpoint, at("100"));
  EXPECT_EQ(row().from, Timestamp{});
  EXPECT_FALSE(row().owner);
  EXPECT_FALSE(row().claim);
  EXPECT_FALSE(row().checkpoint_owner);
  EXPECT_FALSE(row().last_written_by_kclpp()) << "whoever ran it before may be within its deadline";
  EXPECT_GE(row().counter, kStart.time_since_epoch().count()) << "epochs grow across a deletion (R7)";
  EXPECT_EQ(store.row(kShard).at("note"), AttributeValue("keep me"));
  EXPECT_EQ(run(hold->checkpoint(at("101"))).kind, HolderResult::Kind::lost);
}

TEST_F(OperatorWrites, ARowThatIsThereIsNotReplaced) {
  auto hold = create_and_take(a);
  const Item exported = store.row(kShard);
  EXPECT_EQ(run(b.restore(exported)).kind, CreateResult::Kind::exists);
  EXPECT_TRUE(run(hold->renew()).committed());
  Item bad = exported;
  bad.erase("leaseCounter");
  EXPECT_EQ(run(b.restore(bad)).kind, CreateResult::Kind::misuse);
}

// ---- an operator's take

TEST_F(OperatorWrites, ATakeThatKnowsNoStartInstantSetsNone) {
  Lease lease;
  lease.key = kShard;
  lease.checkpoint = Position::latest();
  store.put_lease(lease);
  auto hold = take(a);
  EXPECT_FALSE(row().from) << "it would be the whole application's";
  ASSERT_TRUE(run(hold->release(std::nullopt)).committed());
  TakeMarks marks;
  marks.start_instant = kStart;
  auto taken = run(b.take(row(), marks));
  ASSERT_TRUE(taken.hold);
  EXPECT_EQ(row().from, kStart);
}

}  // namespace
}  // namespace kcl::leases
