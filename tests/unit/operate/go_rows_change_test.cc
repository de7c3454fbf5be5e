// Changing leases of vmware-go-kcl's rows: kclpp's A, a Go worker G, and nobody. B is the operator.
#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "leases/go_time.h"
#include "leases/vmware_go_row.h"
#include "operate/change_plan.h"
#include "operate/lease_changer.h"
#include "unit/leases/lease_fixture.h"
#include "unit/operate/view.h"

namespace kcl::operate {
namespace {

using namespace std::chrono_literals;
using namespace leases::vmware_go_row;
using leases::Lease;
using leases::LeaseHold;
using leases::Start;
using Kind = ChangeOutcome::Kind;

// Nanoseconds as kclpp marks them, and as a Go worker's clock may show them.
constexpr std::int64_t kOurs = 1'800'000'010'000'000'137;
constexpr std::int64_t kGos = 1'800'000'010'123'456'789;

Lease go_lease(int index, std::optional<std::string> owner, std::int64_t timeout, const std::string& checkpoint) {
  Item row;
  row.emplace(kKey, shard(index));
  if (owner) row.emplace(kOwner, *owner);
  if (timeout != 0) row.emplace(kTimeout, leases::format_go_time(timeout));
  if (!checkpoint.empty()) row.emplace(kCheckpoint, checkpoint);
  return *parse(row);
}

ViewBuilder go_view() {
  ViewBuilder seen;
  seen.view.format = LeaseFormat::vmware_go;
  return seen;
}

Target after(const char* digits) { return *SequenceNumber::parse(digits); }
Selection only(int index, bool force = false) { return {.shards = {shard(index)}, .force = force}; }

TEST(PlanForGoRows, ANumberOfOneShardIsAllThatTheyCanSay) {
  auto seen = go_view();
  seen.row(go_lease(0, "A", kOurs, "4711")).row(go_lease(1, "A", kOurs, "4711"));
  const auto plan = plan_rewind(seen.view, only(0), after("11"));
  ASSERT_TRUE(plan.refusals.empty()) << plan_text(plan);
  EXPECT_EQ(plan.steps.at(0).change.start, (Start{number("11"), std::nullopt}));
  EXPECT_EQ(plan.steps[0].what, "4711 -> 11: delivers what lies between again");
  EXPECT_TRUE(plan_rewind(seen.view, only(0), after("4711")).steps.empty()) << "it is there already";
  for (const Target& target : {Target(Trim{}), Target(Latest{}), Target(kNow - 1h)}) {
    EXPECT_EQ(plan_rewind(seen.view, only(0), target).refusals.size(), 1U);
  }
  EXPECT_EQ(plan_rewind(seen.view, {}, after("11")).refusals.size(), 1U) << "of one shard";
}

TEST(PlanForGoRows, ARowWithoutACheckpointSkipsWhatLiesBeforeTheNumber) {
  auto seen = go_view();
  seen.row(go_lease(0, std::nullopt, 0, ""));
  const auto plan = plan_rewind(seen.view, only(0), after("11"));
  ASSERT_EQ(plan.steps.size(), 1U) << plan_text(plan);
  EXPECT_TRUE(plan.steps[0].skips);
  EXPECT_EQ(plan.steps[0].what, "no checkpoint -> 11: SKIPS what lies between");
  EXPECT_EQ(plan.steps[0].how, "free: taken at once");
}

TEST(PlanForGoRows, NothingIsChangedBesideALiveGoWorkerUnlessForced) {
  auto seen = go_view();
  seen.row(go_lease(0, "A", kOurs, "4711")).row(go_lease(1, "G", kGos, "4711"));
  const auto refused = plan_rewind(seen.view, only(0), after("11"));
  ASSERT_EQ(refused.refusals.size(), 1U);
  EXPECT_NE(refused.refusals[0].find("G, a Go worker, lives"), std::string::npos) << refused.refusals[0];
  EXPECT_EQ(plan_release(seen.view, only(0)).refusals.size(), 1U);
  EXPECT_TRUE(plan_rewind(seen.view, only(0, true), after("11")).refusals.empty());
}

TEST(PlanForGoRows, ALeaseThatALiveGoWorkerHoldsIsNotChangedByForceEither) {
  auto seen = go_view();
  seen.row(go_lease(1, "G", kGos, "4711"));
  const auto plan = plan_rewind(seen.view, only(1, true), after("11"));
  ASSERT_EQ(plan.refusals.size(), 1U);
  EXPECT_NE(plan.refusals[0].find("its next renewal would undo"), std::string::npos) << plan.refusals[0];
}

TEST(PlanForGoRows, ASilentGoWorkersLeaseIsWaitedForAlsoWithForce) {
  auto seen = go_view();
  seen.row(go_lease(1, "G", kGos, "4711"), false);
  for (const bool force : {false, true}) {
    const auto plan = plan_release(seen.view, only(1, force));
    ASSERT_EQ(plan.steps.size(), 1U) << plan_text(plan);
    EXPECT_EQ(plan.steps[0].how, "taken once G is silent for long enough");
  }
}

TEST(PlanForGoRows, AnImportSetsBackNumbersAndEndsAndSaysWhatItCannot) {
  Export exported{.table = "orders", .taken = kNow, .rows = {}};
  const std::vector<std::string> before{"11", "SHARD_END", "", "33"};
  for (int i = 0; i < 4; ++i) {
    exported.rows.push_back(leases::vmware_go_row::render(go_lease(i, std::nullopt, 0, before[i])));
  }
  Item application;
  application.emplace(kKey, std::string(kApplicationKey));
  exported.rows.push_back(application);

  auto now = go_view();
  now.row(go_lease(0, "A", kOurs, "4711")).row(go_lease(1, "A", kOurs, "4711"));
  const auto plan = plan_import(now.view, {}, exported);
  ASSERT_TRUE(plan.refusals.empty()) << plan_text(plan);
  ASSERT_EQ(plan.steps.size(), 4U);
  EXPECT_EQ(plan.steps[0].change.start, (Start{number("11"), std::nullopt}));
  EXPECT_EQ(plan.steps[1].change.start, (Start{Position::shard_end(), std::nullopt}));
  EXPECT_EQ(plan.steps[2].change.restore, exported.rows[2]);
  EXPECT_EQ(plan.steps[3].change.restore, exported.rows[3]);
  EXPECT_EQ(plan.left_alone.size(), 1U) << "kclpp's own";

  now.row(go_lease(2, "A", kOurs, "22"));
  const auto forgetting = plan_import(now.view, {}, exported);
  ASSERT_EQ(forgetting.refusals.size(), 1U);
  EXPECT_NE(forgetting.refusals[0].find("had no checkpoint"), std::string::npos);
}

class GoRowsChangerTest : public leases::LeaseTest {
 protected:
  GoRowsChangerTest() : LeaseTest(LeaseFormat::vmware_go) {}

  LeaseChanger changer(bool force = false) {
    ChangerOptions options;
    options.force = force;
    options.patience = 100s;
    return {loop, b, options};
  }
  static Change back_to(const char* digits, const std::string& shard = leases::kShard) {
    return {.shard = shard, .start = Start{number(digits), std::nullopt}, .restore = std::nullopt};
  }

  /// A holds the lease at 100, renews it, and hands over when asked.
  void a_holds() {
    hold = create_and_take(a);
    ASSERT_TRUE(run(hold->checkpoint(number("100"))).committed());
    renew();
  }
  void renew() {
    store.after(3s, [this] {
      turn.emplace(loop, one_turn(*hold));
      if (!hold->ended()) renew();
    });
  }
  static base::Task<bool> one_turn(LeaseHold& held) {
    const auto renewed = co_await held.renew();
    if (!renewed.committed() || !held.claimed_by()) co_return false;
    co_await held.grant(number("120"));
    co_return true;
  }

  /// The whole row, as a Go worker writes it from what it remembers.
  std::vector<Action> go_row(const std::string& owner, const std::string& checkpoint) const {
    const auto now = std::chrono::nanoseconds(loop.wall().time_since_epoch()).count();
    return {Action::set(std::string(kOwner), owner),
            Action::set(std::string(kTimeout), leases::format_go_time(now + 10'000'000'000 + 123'456'789)),
            Action::set(std::string(kCheckpoint), checkpoint), Action::remove(std::string(kClaim))};
  }
  /// G holds this lease, and renews it like a Go worker for as long as it is not another's.
  void g_holds(const std::string& shard = leases::kShard) {
    Item row;
    row.emplace(kKey, shard);
    store.put(std::move(row));
    store.change(shard, go_row("G", "4711"));
    g_renews(shard);
  }
  void g_renews(const std::string& shard) {
    store.after(2500ms, [this, shard] {
      const auto owner = store.lease(shard).owner;
      if (owner && *owner != "G") return;
      store.change(shard, go_row("G", "4711"));
      g_renews(shard);
    });
  }
  void expect_free_at(const char* digits) {
    EXPECT_EQ(row().go->checkpoint, std::string(digits));
    EXPECT_FALSE(row().owner);
    EXPECT_FALSE(row().claim);
    EXPECT_TRUE(row().let_go()) << "any worker may take it at once";
  }

  std::unique_ptr<LeaseHold> hold;
  std::optional<base::Started<bool>> turn;
  std::optional<base::Started<leases::HolderResult>> renewal;
  base::Stop stop;
};

TEST_F(GoRowsChangerTest, AFreeLeaseIsTakenAtOnce) {
  create(a);
  auto changing = changer();
  const auto outcome = run(changing.apply(back_to("50"), stop));
  EXPECT_EQ(outcome.kind, Kind::done) << outcome.message;
  expect_free_at("50");
}

TEST_F(GoRowsChangerTest, ALiveKclppHolderIsAskedAndDrainsFirst) {
  a_holds();
  auto changing = changer();
  const auto outcome = run(changing.apply(back_to("50"), stop));
  EXPECT_EQ(outcome.kind, Kind::done) << outcome.message;
  EXPECT_EQ(outcome.message, "handed over by its holder");
  expect_free_at("50");
  EXPECT_TRUE(hold->given_up()) << "it was not robbed";
}

TEST_F(GoRowsChangerTest, AClaimThatIsNotAnsweredIsTakenBack) {
  hold = create_and_take(a);
  ASSERT_TRUE(run(hold->checkpoint(number("100"))).committed());
  for (int i = 1; i <= 8; ++i) {
    store.after(i * 3s, [this] { renewal.emplace(loop, hold->renew()); });
  }
  auto changing = changer();
  base::Started one(loop, changing.apply(back_to("50"), stop));
  loop.run_for(20s);
  ASSERT_TRUE(row().claim) << "it lives, and is asked";
  stop.request();
  EXPECT_EQ(one.get().kind, Kind::failed);
  EXPECT_FALSE(row().claim);
  EXPECT_EQ(row().owner, "A");
}

TEST_F(GoRowsChangerTest, AnEndedShardIsReadAgainAndEndedAgainByTheUndoing) {
  hold = create_and_take(a);
  ASSERT_TRUE(run(hold->end_shard({})).committed());
  auto changing = changer();
  ASSERT_EQ(run(changing.apply(back_to("50"), stop)).kind, Kind::done);
  expect_free_at("50");
  Change undo = back_to("50");
  undo.start = Start{Position::shard_end(), std::nullopt};
  EXPECT_EQ(run(changing.apply(undo, stop)).kind, Kind::done);
  EXPECT_TRUE(row().ended());
}

TEST_F(GoRowsChangerTest, ALiveGoWorkerIsNotRobbedForcedOrNot) {
  g_holds();
  for (const bool force : {false, true}) {
    auto changing = changer(force);
    const auto outcome = run(changing.apply(back_to("50"), stop));
    EXPECT_EQ(outcome.kind, Kind::refused) << outcome.message;
    EXPECT_EQ(row().owner, "G");
    EXPECT_EQ(row().go->checkpoint, "4711");
    EXPECT_FALSE(row().claim);
  }
}

TEST_F(GoRowsChangerTest, BesideALiveGoWorkerNothingIsChangedUnlessForced) {
  a_holds();
  g_holds(shard(1));
  auto changing = changer();
  const auto outcome = run(changing.apply(back_to("50"), stop));
  EXPECT_EQ(outcome.kind, Kind::refused) << outcome.message;
  EXPECT_NE(outcome.message.find("G, which is no kclpp worker"), std::string::npos) << outcome.message;
  EXPECT_EQ(row().go->checkpoint, "100");
  EXPECT_FALSE(row().claim) << "what was asked for is taken back";

  auto forced = changer(true);
  EXPECT_EQ(run(forced.apply(back_to("50"), stop)).kind, Kind::done);
  EXPECT_EQ(row().go->checkpoint, "50");
  EXPECT_FALSE(row().let_go()) << "it rests: A may be within its deadline";
}

TEST_F(GoRowsChangerTest, AGoWorkersTimeThatEndsLikeOursDoesNotDeceive) {
  g_holds();
  // By chance.
  auto timeout = row().counter / 100 * 100 + static_cast<std::int64_t>(Mark::held);
  store.change(leases::kShard, {Action::set(std::string(kTimeout), leases::format_go_time(timeout))});
  auto changing = changer();
  EXPECT_EQ(run(changing.apply(back_to("50"), stop)).kind, Kind::refused);
  EXPECT_FALSE(row().claim) << "it was not even asked";
}

TEST_F(GoRowsChangerTest, WhatADeadGoWorkerHeldIsTakenAsWorkersTakeIt) {
  Item dead;
  dead.emplace(kKey, leases::kShard);
  store.put(std::move(dead));
  store.change(leases::kShard, go_row("G", "4711"));
  const auto last_sign = loop.now();
  auto changing = changer();
  const auto outcome = run(changing.apply(back_to("50"), stop));
  EXPECT_EQ(outcome.message, "taken from G");
  EXPECT_GE(loop.now() - last_sign, 10s);
  expect_free_at("50");
}

TEST_F(GoRowsChangerTest, ALeaseThatAGoWorkerClaimsIsNotTakenFromUnderTheClaim) {
  hold = create_and_take(a);
  ASSERT_TRUE(run(hold->checkpoint(number("100"))).committed());
  store.change(leases::kShard, {Action::set(std::string(kClaim), "G")});
  ASSERT_TRUE(run(hold->renew()).committed());
  ASSERT_TRUE(run(hold->grant(number("120"))).committed());
  auto changing = changer();
  base::Started one(loop, changing.apply(back_to("50"), stop));
  loop.run_for(20s);
  EXPECT_EQ(row().claim->worker_id, "G");
  EXPECT_EQ(row().go->checkpoint, "120");
  stop.request();
  EXPECT_EQ(one.get().kind, Kind::failed);
}

TEST_F(GoRowsChangerTest, WhatAGoWorkerPutsBackIsSaidToBeOverwritten) {
  hold = create_and_take(a);
  ASSERT_TRUE(run(hold->release(number("100"))).committed());
  auto changing = changer();
  base::Started one(loop, changing.apply(back_to("50"), stop));
  // It had read the row when that was free, and takes it now, with the checkpoint that it remembers.
  store.after(300ms, [this] { store.change(leases::kShard, go_row("G", "100")); });
  const auto outcome = one.get();
  EXPECT_EQ(outcome.kind, Kind::failed) << outcome.message;
  EXPECT_NE(outcome.message.find("overwritten by G"), std::string::npos) << outcome.message;
}

TEST_F(GoRowsChangerTest, AWorkerOfOursThatIsBackAtTheSamePlaceAtOnceOverwroteNothing) {
  hold = create_and_take(a);
  ASSERT_TRUE(run(hold->release(number("100"))).committed());
  auto changing = changer();
  base::Started one(loop, changing.apply(back_to("50"), stop));
  loop.run_for(100ms);
  auto again = take(a);
  ASSERT_TRUE(run(again->checkpoint(number("100"))).committed());
  EXPECT_EQ(one.get().kind, Kind::done);
}

TEST_F(GoRowsChangerTest, ARowThatIsGoneIsPutBack) {
  Change change;
  change.shard = leases::kShard;
  change.restore = leases::vmware_go_row::render(go_lease(0, "A", kOurs, "4711"));
  auto changing = changer();
  EXPECT_EQ(run(changing.apply(change, stop)).kind, Kind::done);
  EXPECT_FALSE(row().owner);
  EXPECT_EQ(row().go->checkpoint, "4711");
  EXPECT_FALSE(row().let_go()) << "whoever had it may be at work";
}

}  // namespace
}  // namespace kcl::operate
