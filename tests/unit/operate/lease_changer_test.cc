// Changing leases that others use: kclpp's A, Java's J, and nobody. B is the operator.
#include "operate/lease_changer.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "unit/leases/lease_fixture.h"
#include "unit/operate/view.h"

namespace kcl::operate {
namespace {

using namespace std::chrono_literals;
using leases::Fate;
using leases::HolderResult;
using leases::LeaseHold;
using leases::Start;
using Kind = ChangeOutcome::Kind;

class LeaseChangerTest : public leases::LeaseTest {
 protected:
  LeaseChanger changer(ChangerOptions options = {}) { return {loop, b, options}; }
  static Change back_to(const char* digits) {
    return {.shard = leases::kShard, .start = Start{number(digits), std::nullopt}, .restore = std::nullopt};
  }
  static Change let_go() { return {.shard = leases::kShard, .start = std::nullopt, .restore = std::nullopt}; }

  /// A holds the lease at 100, renews it, and hands over when asked.
  void a_holds(base::Duration until_granting = 0s) {
    hold = create_and_take(a);
    ASSERT_TRUE(run(hold->checkpoint(number("100"))).committed());
    renew(until_granting);
  }
  void renew(base::Duration until_granting) {
    store.after(1s, [this, until_granting] {
      turn.emplace(loop, one_turn(*hold, loop.now() >= base::BootTime{} + until_granting));
      if (!hold->ended()) renew(until_granting);
    });
  }
  static base::Task<bool> one_turn(LeaseHold& held, bool may_grant) {
    const auto renewed = co_await held.renew();
    if (!renewed.committed() || !held.claimed_by() || !may_grant) co_return false;
    // What it had delivered by then is stored with the grant.
    co_await held.grant(number("120"));
    co_return true;
  }
  void java_holds() {
    auto lease = java_lease(0);
    store.put_lease(lease);
    java_renews();
  }
  void java_renews() {
    store.after(3s, [this] {
      store.java_renews(leases::kShard);
      java_renews();
    });
  }
  void expect_free_at(const char* digits) {
    EXPECT_EQ(row().checkpoint, number(digits));
    EXPECT_FALSE(row().owner);
    EXPECT_FALSE(row().claim);
    EXPECT_TRUE(row().last_written_by_kclpp()) << "any worker may take it at once";
  }

  std::unique_ptr<LeaseHold> hold;
  std::optional<base::Started<bool>> turn;
  base::Stop stop;
};

TEST_F(LeaseChangerTest, AFreeLeaseIsTakenAtOnce) {
  create(a);
  auto changing = changer();
  const auto outcome = run(changing.apply(back_to("50"), stop));
  EXPECT_EQ(outcome.kind, Kind::done) << outcome.message;
  expect_free_at("50");
}

TEST_F(LeaseChangerTest, ALiveHolderIsAskedAndDrainsFirst) {
  a_holds();
  auto changing = changer();
  const auto outcome = run(changing.apply(back_to("50"), stop));
  EXPECT_EQ(outcome.kind, Kind::done) << outcome.message;
  EXPECT_EQ(outcome.message, "handed over by its holder");
  expect_free_at("50");
  EXPECT_TRUE(hold->given_up()) << "it was not robbed";
}

TEST_F(LeaseChangerTest, AReleaseKeepsWhatTheHolderStoredLast) {
  a_holds();
  auto changing = changer();
  EXPECT_EQ(run(changing.apply(let_go(), stop)).kind, Kind::done);
  expect_free_at("120");
}

TEST_F(LeaseChangerTest, AHolderThatDoesNotHandOverKeepsItsLeaseAndTheClaimIsTakenBack) {
  a_holds(10h);
  ChangerOptions options;
  options.patience = 20s;
  auto changing = changer(options);
  const auto outcome = run(changing.apply(back_to("50"), stop));
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_NE(outcome.message.find("held by A"), std::string::npos) << outcome.message;
  EXPECT_EQ(row().owner, "A");
  EXPECT_EQ(row().checkpoint, number("100"));
  EXPECT_FALSE(row().claim);
}

TEST_F(LeaseChangerTest, ASignalTakesTheClaimBack) {
  a_holds(10h);
  auto changing = changer();
  base::Started one(loop, changing.apply(back_to("50"), stop));
  loop.run_for(3s);
  EXPECT_TRUE(row().claim);
  stop.request();
  EXPECT_EQ(one.get().kind, Kind::failed);
  EXPECT_FALSE(row().claim);
}

TEST_F(LeaseChangerTest, AHolderThatIsSilentIsWaitedForAsWorkersWait) {
  hold = create_and_take(a);
  ASSERT_TRUE(run(hold->checkpoint(number("100"))).committed());
  const auto last_sign = loop.now();
  auto changing = changer();
  const auto outcome = run(changing.apply(back_to("50"), stop));
  EXPECT_EQ(outcome.kind, Kind::done) << outcome.message;
  EXPECT_GE(loop.now() - last_sign, 10s);
  expect_free_at("50");
  EXPECT_EQ(run(hold->renew()).kind, HolderResult::Kind::lost);
}

TEST_F(LeaseChangerTest, ALiveJavaWorkerIsNotRobbed) {
  java_holds();
  auto changing = changer();
  const auto outcome = run(changing.apply(back_to("50"), stop));
  EXPECT_EQ(outcome.kind, Kind::refused) << outcome.message;
  EXPECT_EQ(row().owner, "J");
  EXPECT_EQ(row().checkpoint, number("4711"));
}

TEST_F(LeaseChangerTest, ForcedItIsTakenFromUnderItsHolderAndRests) {
  java_holds();
  ChangerOptions options;
  options.force = true;
  auto changing = changer(options);
  EXPECT_EQ(run(changing.apply(back_to("50"), stop)).kind, Kind::done);
  EXPECT_FALSE(row().owner);
  EXPECT_EQ(row().checkpoint, number("50"));
  EXPECT_FALSE(row().last_written_by_kclpp());
}

TEST_F(LeaseChangerTest, AHandOffThatCrossesTheEndOfPatienceIsUsed) {
  hold = create_and_take(a);
  ASSERT_TRUE(run(hold->checkpoint(number("100"))).committed());
  ChangerOptions options;
  options.patience = 2s;
  auto changing = changer(options);
  base::Started one(loop, changing.apply(back_to("50"), stop));
  // The grant lands right before the claim would be withdrawn.
  loop.run_for(1s);
  ASSERT_TRUE(run(hold->renew()).committed());
  ASSERT_TRUE(hold->claimed_by());
  store.after(1s - 1ms, [this] { turn.emplace(loop, one_turn(*hold, true)); });
  EXPECT_EQ(one.get().kind, Kind::done);
  expect_free_at("50");
}

TEST_F(LeaseChangerTest, LostAnswersAreSettled) {
  create(a);
  store.next_writes({Fate::lose_answer, Fate::lose_answer});
  auto changing = changer();
  EXPECT_EQ(run(changing.apply(back_to("50"), stop)).kind, Kind::done);
  expect_free_at("50");
}

TEST_F(LeaseChangerTest, ARowThatIsGoneIsNoReasonToHang) {
  auto changing = changer();
  EXPECT_EQ(run(changing.apply(back_to("50"), stop)).kind, Kind::failed);
}

TEST_F(LeaseChangerTest, ATableThatCannotBeReadIsWaitedForNoLongerThanPatience) {
  create(a);
  store.set_reads_fail(true);
  ChangerOptions options;
  options.patience = 5s;
  auto changing = changer(options);
  const auto begun = loop.now();
  EXPECT_EQ(run(changing.apply(back_to("50"), stop)).kind, Kind::failed);
  EXPECT_LT(loop.now() - begun, 30s);
}

}  // namespace
}  // namespace kcl::operate
