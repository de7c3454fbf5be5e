// What a holder makes of answers that are lost, late or refused, and of writes that land when nobody expects them any
// more. Names in brackets are of lease-traces.
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "leases/lease_hold.h"
#include "unit/leases/lease_fixture.h"

namespace kcl::leases {
namespace {

using namespace std::chrono_literals;
using Kind = HolderResult::Kind;

// ---- C13: answers that are lost

TEST_F(LeaseHoldTest, ALostAnswerIsSettledByTheAttemptsOwnToken) {
  struct Case {
    const char* name;
    std::function<base::Task<HolderResult>(LeaseHold&)> write;
  };
  const std::vector<Case> cases{
      {"renew", [](LeaseHold& hold) { return hold.renew(); }},
      {"checkpoint", [](LeaseHold& hold) { return hold.checkpoint(at("5")); }},
      {"end_shard", [](LeaseHold& hold) { return hold.end_shard({"k"}); }},
      {"release", [](LeaseHold& hold) { return hold.release(at("5")); }},
      {"grant", [](LeaseHold& hold) { return hold.grant(at("5")); }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    auto hold = claimed_hold();
    const auto before = store.sent().size();
    store.next_writes({Fate::lose_answer});
    EXPECT_TRUE(run(c.write(*hold)).committed());
    EXPECT_EQ(store.sent().size(), before + 1) << "a conditional write is not sent again by itself";
    store.erase(kShard);
    loop.run_for(2s);
  }
}

TEST_F(LeaseHoldTest, ALostRequestIsUnsettledAndTheLeaseStays) {
  auto hold = create_and_take(a);
  store.next_writes({Fate::lose_request});
  EXPECT_EQ(run(hold->checkpoint(at("5"))).kind, Kind::unsettled);
  EXPECT_TRUE(hold->may_deliver()) << "a checkpoint in doubt gives nothing up";
  EXPECT_TRUE(run(hold->checkpoint(at("5"))).committed());
}

TEST_F(LeaseHoldTest, WhileTheStoreIsSilentNothingIsSettled) {
  auto hold = create_and_take(a);
  store.set_reads_fail(true);
  store.next_writes({Fate::lose_answer});
  EXPECT_EQ(run(hold->renew()).kind, Kind::unsettled);
  EXPECT_FALSE(hold->ended());
  store.set_reads_fail(false);
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_EQ(row().counter, static_cast<std::int64_t>(hold->epoch()) + 2)
      << "the first one was adopted, the second written";
}

TEST_F(LeaseHoldTest, AnOutageOfHoursKeepsTheLeaseAndADoubt) {
  auto hold = create_and_take(a);
  const auto fail = [&](int times) {
    for (int i = 0; i < times; ++i) {
      store.next_writes({Fate::lose_request});
      EXPECT_EQ(run(hold->renew()).kind, Kind::unsettled);
    }
  };
  fail(600);
  EXPECT_TRUE(run(hold->renew()).committed());
  store.next_writes({Fate::lose_request});
  EXPECT_EQ(run(hold->release({})).kind, Kind::unsettled);
  fail(600);
  EXPECT_TRUE(hold->in_doubt()) << "a release that was sent is never forgotten (R1)";
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_FALSE(hold->in_doubt());
}

TEST_F(LeaseHoldTest, ThrottledWritesChangeNothing) {
  auto hold = create_and_take(a);
  store.next_writes({Fate::throttle, Fate::misuse});
  EXPECT_EQ(run(hold->renew()).kind, Kind::unsettled);
  EXPECT_EQ(run(hold->renew()).kind, Kind::misuse);
  EXPECT_TRUE(hold->may_deliver());
  EXPECT_TRUE(run(hold->renew()).committed());
}

// A release that certainly was not applied leaves no doubt behind.
TEST_F(LeaseHoldTest, AThrottledReleaseIsNotInDoubt) {
  auto hold = claimed_hold();
  store.next_writes({Fate::throttle, Fate::throttle, Fate::misuse});
  EXPECT_EQ(run(hold->release({})).kind, Kind::unsettled);
  EXPECT_EQ(run(hold->grant({})).kind, Kind::unsettled);
  EXPECT_EQ(run(hold->end_shard({"k"})).kind, Kind::misuse);
  EXPECT_FALSE(hold->in_doubt());
  EXPECT_TRUE(hold->may_deliver());
}

// ---- [5]: the same worker id twice, and an operator

TEST_F(LeaseHoldTest, Trace5TheTokenDecidesAndNotTheOwner) {
  LeaseTable twin(loop, store, options_of("A", "aaaaaaaa-0000-4000-8000-00000000000f"));
  auto first = create_and_take(a);
  auto second = take(twin);
  EXPECT_EQ(row().owner, "A");
  // One pause and one awakening: the first finds a row that names it, one counter ahead, and does not take it for its
  // own.
  EXPECT_EQ(run(first->renew()).kind, Kind::lost);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(run(second->renew()).committed()) << "no ping-pong";
    EXPECT_EQ(run(first->checkpoint(at("5"))).kind, Kind::lost);
  }
}

// Java's recovery takes "owner is me, counter is known + 1" for its own lost renewal.
TEST_F(LeaseHoldTest, Trace5AnOperatorsCounterBumpIsNotMyLostRenewal) {
  for (const Fate fate : {Fate::answer, Fate::lose_request}) {
    auto hold = create_and_take(a);
    const auto rewind = [&] {
      store.change(kShard, {Action::add(std::string(kcl_row::kCounter), Number::of(1)),
                            Action::set(std::string(kcl_row::kCheckpoint), "TRIM_HORIZON")});
    };
    store.before_next_write(rewind);
    store.next_writes({fate});
    EXPECT_EQ(run(hold->checkpoint(at("5"))).kind, Kind::lost);
    EXPECT_EQ(row().checkpoint, Position::trim_horizon()) << "the rewind stands";
    store.erase(kShard);
    loop.run_for(2s);
  }
}

// ---- [6]: writes that land after they were given up

TEST_F(LeaseHoldTest, Trace6ALateCheckpointDoesNotPassForTheShardsEnd) {
  for (const Fate refusal : {Fate::answer, Fate::keep_row, Fate::lose_answer}) {
    auto hold = create_and_take(a);
    store.next_writes({Fate::hold_back, refusal});
    EXPECT_EQ(run(hold->checkpoint(at("5"))).kind, Kind::unsettled) << "the row is unchanged so far";
    store.before_next_write([&] { EXPECT_EQ(store.land_next().kind, WriteOutcome::Kind::applied); });
    EXPECT_TRUE(run(hold->end_shard({"k1", "k2"})).committed());
    EXPECT_TRUE(row().ended()) << "adopted what landed, and written again";
    EXPECT_EQ(row().children, (std::set<std::string>{"k1", "k2"}));
    store.erase(kShard);
    loop.run_for(2s);
  }
}

TEST_F(LeaseHoldTest, Trace6ALateCheckpointDoesNotPassForAReleaseOrAGrant) {
  auto released = claimed_hold();
  store.next_writes({Fate::hold_back});
  EXPECT_EQ(run(released->checkpoint(at("5"))).kind, Kind::unsettled);
  store.before_next_write([&] { store.land_next(); });
  EXPECT_TRUE(run(released->release(at("7"))).committed());
  expect_free(row());
  EXPECT_EQ(row().checkpoint, at("7"));

  store.erase(kShard);
  loop.run_for(2s);
  auto granted = claimed_hold();
  store.next_writes({Fate::hold_back});
  EXPECT_EQ(run(granted->checkpoint(at("5"))).kind, Kind::unsettled);
  store.before_next_write([&] { store.land_next(); });
  EXPECT_TRUE(run(granted->grant(at("7"))).committed());
  EXPECT_EQ(row().owner, "B");
  EXPECT_EQ(row().checkpoint, at("7"));
}

TEST_F(LeaseHoldTest, Trace6AWriteGivenUpCannotLandAfterALaterOneOfOurs) {
  auto hold = create_and_take(a);
  store.next_writes({Fate::hold_back});
  EXPECT_EQ(run(hold->checkpoint(at("5"))).kind, Kind::unsettled);
  EXPECT_TRUE(run(hold->checkpoint(at("9"))).committed());
  EXPECT_EQ(store.land_next().kind, WriteOutcome::Kind::refused);
  EXPECT_EQ(row().checkpoint, at("9"));
}

// ---- [R1]: a grant or a release in doubt

TEST_F(LeaseHoldTest, TraceR1AGrantInDoubtPausesDelivery) {
  auto hold = claimed_hold();
  store.next_writes({Fate::hold_back});
  EXPECT_EQ(run(hold->grant(at("5"))).kind, Kind::unsettled) << "a read-back shows the old counter";
  EXPECT_TRUE(hold->in_doubt());
  EXPECT_FALSE(hold->may_deliver());
  const auto sent = store.sent().size();
  EXPECT_EQ(run(hold->checkpoint(at("6"))).kind, Kind::unsettled);
  EXPECT_EQ(store.sent().size(), sent) << "no checkpoint is even sent";

  // It lands: B may run the shard now, and A learns so by whatever it writes next.
  EXPECT_EQ(store.land_next().kind, WriteOutcome::Kind::applied);
  EXPECT_EQ(row().owner, "B");
  EXPECT_FALSE(hold->may_deliver());
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_TRUE(hold->given_up());
  EXPECT_EQ(row().owner, "B");
}

TEST_F(LeaseHoldTest, TraceR1AReleaseInDoubtPausesDelivery) {
  auto hold = create_and_take(a);
  store.next_writes({Fate::hold_back});
  EXPECT_EQ(run(hold->release(at("5"))).kind, Kind::unsettled);
  EXPECT_FALSE(hold->may_deliver());
  EXPECT_EQ(store.land_next().kind, WriteOutcome::Kind::applied);
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_TRUE(hold->given_up());
  expect_free(row());
}

// vmware-go-kcl's defect 23: there a worker that releases forgets the lease first, takes it again meanwhile, and its
// own release then removes it from its new owner, itself.
TEST_F(LeaseHoldTest, Defect23ALateReleaseTakesNothingFromTheNextEpochOfTheSameWorker) {
  auto hold = create_and_take(a);
  store.next_writes({Fate::hold_back});
  EXPECT_EQ(run(hold->release(at("5"))).kind, Kind::unsettled);
  EXPECT_FALSE(hold->given_up()) << "not forgotten before the table has";
  hold.reset();
  auto next = take(a);
  EXPECT_EQ(store.land_next().kind, WriteOutcome::Kind::refused);
  EXPECT_EQ(row().owner, "A");
  EXPECT_TRUE(run(next->checkpoint(at("6"))).committed());
  EXPECT_TRUE(next->may_deliver());
}

TEST_F(LeaseHoldTest, TraceR1AShardsEndInDoubtPausesDelivery) {
  auto hold = create_and_take(a);
  store.next_writes({Fate::hold_back});
  EXPECT_EQ(run(hold->end_shard({"k"})).kind, Kind::unsettled);
  EXPECT_FALSE(hold->may_deliver());
  EXPECT_TRUE(run(hold->end_shard({"k"})).committed()) << "the same again may be sent";
  EXPECT_EQ(store.land_next().kind, WriteOutcome::Kind::refused);
  EXPECT_TRUE(row().ended());
}

TEST_F(LeaseHoldTest, TraceR1AnOwnRenewalFencesAGrantInDoubtAndDeliveryResumes) {
  auto hold = claimed_hold();
  store.next_writes({Fate::hold_back});
  EXPECT_EQ(run(hold->grant(at("5"))).kind, Kind::unsettled);
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_FALSE(hold->in_doubt());
  EXPECT_TRUE(hold->may_deliver());
  EXPECT_EQ(store.land_next().kind, WriteOutcome::Kind::refused);
  EXPECT_EQ(row().owner, "A");
}

// The second half: an earlier own renewal lands, so the grant in doubt can never; whoever waits for the grant alone
// waits for ever.
TEST_F(LeaseHoldTest, TraceR1AnEarlierRenewalThatLandsSettlesTheGrantAndDeliveryResumes) {
  auto hold = claimed_hold();
  store.next_writes({Fate::hold_back, Fate::hold_back});
  EXPECT_EQ(run(hold->renew()).kind, Kind::unsettled);
  EXPECT_EQ(run(hold->grant(at("5"))).kind, Kind::unsettled);
  EXPECT_EQ(store.land_next().kind, WriteOutcome::Kind::applied) << "the renewal";
  EXPECT_EQ(store.land_next().kind, WriteOutcome::Kind::refused) << "the grant";
  EXPECT_FALSE(hold->may_deliver()) << "not known yet";
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_TRUE(hold->may_deliver());
  EXPECT_TRUE(run(hold->checkpoint(at("6"))).committed());
  EXPECT_EQ(row().owner, "A");
}

// ---- [R2]: the exact token is not enough

TEST_F(LeaseHoldTest, TraceR2AnExactTokenIsNotMineOnceJavaStole) {
  auto hold = create_and_take(a);
  store.next_writes({Fate::lose_answer});
  // Between the commit and the read-back: Java leaves the token behind.
  store.after(1s, [&] { store.java_takes(kShard, "J"); });
  EXPECT_EQ(run(hold->renew()).kind, Kind::lost);
  EXPECT_EQ(row().token->incarnation, a.options().me.incarnation);
}

TEST_F(LeaseHoldTest, TraceR2TheTokensCounterMustBeTheRows) {
  auto hold = create_and_take(a);
  store.next_writes({Fate::lose_answer});
  // A Java worker that goes by our name: only the counter tells.
  store.after(1s, [&] { store.java_renews(kShard); });
  EXPECT_EQ(run(hold->renew()).kind, Kind::lost);
}

TEST_F(LeaseHoldTest, TraceR2TheOwnerMustBeWhomTheWriteNamed) {
  auto hold = create_and_take(a);
  store.next_writes({Fate::lose_answer});
  store.after(1s, [&] { store.change(kShard, {Action::set(std::string(kcl_row::kOwner), "J")}); });
  EXPECT_EQ(run(hold->renew()).kind, Kind::lost);
}

TEST_F(LeaseHoldTest, ARenamedOwnerIsNotUsEvenWithCounterAndTokenAsWeLeftThem) {
  auto hold = create_and_take(a);
  store.change(kShard, {Action::set(std::string(kcl_row::kOwner), "J")});
  const Item theirs = store.row(kShard);
  EXPECT_EQ(run(hold->checkpoint(at("5"))).kind, Kind::lost);
  EXPECT_EQ(store.row(kShard), theirs);
}

// ---- the graceful hand-off of Java KCL 3.x [8]: its leader renames the owner, names the old one, and leaves the
// counter

class JavaHandOffTest : public LeaseHoldTest {
 protected:
  void leader_names(const std::string& next, const std::string& old) {
    store.change(kShard, {Action::set(std::string(kcl_row::kOwner), next),
                          Action::set(std::string(kcl_row::kCheckpointOwner), old)});
  }
};

TEST_F(JavaHandOffTest, TheOldOwnerGoesOnWritingUntilItHasLetGo) {
  auto hold = create_and_take(a);
  leader_names("J", "A");
  EXPECT_TRUE(run(hold->checkpoint(at("5"))).committed());
  EXPECT_EQ(row().checkpoint, at("5"));
  EXPECT_EQ(row().owner, "J");
  EXPECT_EQ(row().checkpoint_owner, "A");
  ASSERT_TRUE(hold->claimed_by());
  EXPECT_EQ(hold->claimed_by()->worker_id, "J");
  EXPECT_TRUE(hold->may_deliver());
  EXPECT_TRUE(run(hold->renew()).committed());

  const auto counter = row().counter;
  EXPECT_TRUE(run(hold->grant(at("9"))).committed());
  EXPECT_EQ(row().checkpoint, at("9"));
  EXPECT_EQ(row().owner, "J");
  EXPECT_FALSE(row().checkpoint_owner) << "what the new owner waits for";
  EXPECT_EQ(row().counter, counter + 1);
  EXPECT_TRUE(hold->given_up());
  EXPECT_FALSE(hold->may_deliver());
}

TEST_F(JavaHandOffTest, AReleaseIsTheSameAndTakesNothingFromTheNewOwner) {
  auto hold = create_and_take(a);
  leader_names("J", "A");
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_TRUE(run(hold->release(at("9"))).committed());
  EXPECT_EQ(row().owner, "J");
  EXPECT_FALSE(row().checkpoint_owner);
  EXPECT_TRUE(hold->given_up());
}

TEST_F(JavaHandOffTest, AReleaseUnderWayIsFencedByIt) {
  auto hold = create_and_take(a);
  store.next_writes({Fate::hold_back});
  EXPECT_EQ(run(hold->release(at("5"))).kind, Kind::unsettled);
  leader_names("J", "A");
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_FALSE(hold->in_doubt());
  EXPECT_EQ(store.land_next().kind, WriteOutcome::Kind::refused);
}

TEST_F(JavaHandOffTest, WhatTheLeaderForcesAfterItsPatienceIsALoss) {
  auto hold = create_and_take(a);
  leader_names("J", "A");
  EXPECT_TRUE(run(hold->renew()).committed());
  store.change(kShard, {Action::remove(std::string(kcl_row::kCheckpointOwner)),
                        Action::add(std::string(kcl_row::kCounter), Number::of(1))});
  EXPECT_EQ(run(hold->checkpoint(at("5"))).kind, Kind::lost);
  EXPECT_FALSE(hold->given_up());
}

TEST_F(JavaHandOffTest, OfAnEarlierLifeItIsNotOurs) {
  auto hold = create_and_take(a);
  store.change(kShard, {Action::set(std::string(kcl_row::kToken), "other:1:1")});
  leader_names("J", "A");
  EXPECT_EQ(run(hold->renew()).kind, Kind::lost);
}

TEST_F(JavaHandOffTest, AShardThatEndsDuringItEnds) {
  auto hold = create_and_take(a);
  leader_names("J", "A");
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_TRUE(run(hold->end_shard({"k1"})).committed());
  EXPECT_TRUE(row().ended());
  EXPECT_FALSE(row().owner);
  EXPECT_FALSE(row().checkpoint_owner);
}

// ---- [R8]: grants are conditional on the very claim

TEST_F(LeaseHoldTest, TraceR8AGrantIsRefusedOnceTheClaimIsGone) {
  auto hold = claimed_hold();
  ASSERT_EQ(run(b.withdraw_claim(row())).kind, ChangeResult::Kind::done);
  EXPECT_EQ(run(hold->grant(at("5"))).kind, Kind::claim_gone);
  EXPECT_EQ(row().owner, "A");
  EXPECT_FALSE(hold->claimed_by());
  EXPECT_TRUE(hold->may_deliver()) << "refused for certain";
}

TEST_F(LeaseHoldTest, TraceR8AGrantNeverGoesToAClaimerWhoseClaimWasReplaced) {
  auto hold = claimed_hold();
  LeaseTable c(loop, store, options_of("C", "cccccccc-0000-4000-8000-000000000003"));
  ASSERT_EQ(run(b.withdraw_claim(row())).kind, ChangeResult::Kind::done);
  claim(c);
  EXPECT_EQ(run(hold->grant(at("5"))).kind, Kind::claim_gone);
  EXPECT_EQ(row().owner, "A");
  EXPECT_EQ(hold->claimed_by(), Claim::of(c.options().me)) << "learned from the refusal";
  EXPECT_TRUE(run(hold->grant(at("5"))).committed());
  EXPECT_EQ(row().owner, "C");
}

TEST_F(LeaseHoldTest, AGrantToNobodyIsNotSent) {
  auto hold = create_and_take(a);
  const auto sent = store.sent().size();
  EXPECT_EQ(run(hold->grant({})).kind, Kind::claim_gone);
  EXPECT_EQ(store.sent().size(), sent);
}

// A refusal whose row is not told takes a read: an answer to the same question.
TEST_F(LeaseHoldTest, ARefusalWithoutTheRowIsReadBack) {
  auto hold = claimed_hold();
  ASSERT_EQ(run(b.withdraw_claim(row())).kind, ChangeResult::Kind::done);
  store.next_writes({Fate::keep_row});
  EXPECT_EQ(run(hold->grant({})).kind, Kind::claim_gone);
  EXPECT_FALSE(hold->in_doubt());
  store.java_takes(kShard, "J");
  store.next_writes({Fate::keep_row});
  EXPECT_EQ(run(hold->renew()).kind, Kind::lost);
}

// ---- [R9]

TEST_F(LeaseHoldTest, TraceR9AttemptNumbersNeverRepeatWhateverBecameOfThem) {
  create(a, "another");
  auto hold = claimed_hold();
  store.next_writes(
      {Fate::throttle, Fate::misuse, Fate::lose_request, Fate::lose_answer, Fate::hold_back, Fate::answer});
  for (int i = 0; i < 4; ++i) run(hold->renew());
  run(hold->grant({}));
  run(hold->renew());
  auto other = take(a, "another");
  run(other->renew());
  run(hold->release({}));
  std::multiset<std::uint64_t> attempts;
  for (const ItemUpdate& update : store.sent()) {
    for (const Action& action : update.actions) {
      if (action.attribute != kcl_row::kToken) continue;
      attempts.insert(Token::parse(*action.value.get_if<std::string>())->attempt);
    }
  }
  EXPECT_GE(attempts.size(), 11U);
  EXPECT_EQ(std::set<std::uint64_t>(attempts.begin(), attempts.end()).size(), attempts.size());
}

}  // namespace
}  // namespace kcl::leases
