#include "consume/permit.h"

#include <gtest/gtest.h>

#include <future>
#include <stop_token>

#include "unit/consume/batches.h"
#include "unit/worker/eventually.h"

namespace kclpp::consume {
namespace {

using kcl::test::eventually;

TEST(Permit, HoldsWhileTheLeaseIsHeldAndTheWorkerRuns) {
  Holder holder(std::chrono::milliseconds(0));
  EXPECT_FALSE(holder.permit().withdrawn());
  EXPECT_FALSE(holder.permit().ended());
  EXPECT_FALSE(holder.permit().stopping());
}

TEST(Permit, ALeaseInDoubtWithdrawsItButDoesNotEndIt) {
  Holder holder;
  holder.doubt_lease();
  EXPECT_TRUE(holder.permit().withdrawn());
  EXPECT_FALSE(holder.permit().ended());
}

TEST(Permit, ALostLeaseEndsItAndIsNoStopOfTheWorker) {
  Holder holder(std::chrono::milliseconds(0));
  holder.lose_lease();
  EXPECT_TRUE(holder.permit().withdrawn());
  EXPECT_TRUE(holder.permit().ended());
  EXPECT_FALSE(holder.last_call().over());
}

TEST(Permit, ALeaseThatIsLostWhileWeLookIsNoStopOfTheWorkerEither) {
  LastCall last_call(std::chrono::milliseconds(0));
  std::stop_source stop;
  const auto lost_after_the_first_look = [&, looks = 0]() mutable {
    if (looks++ > 0) return true;
    stop.request_stop();
    return false;
  };
  EXPECT_FALSE(Permit(stop.get_token(), lost_after_the_first_look, last_call).withdrawn());
  // A last call that had begun would be over by then, with near certainty.
  std::promise<void> never;
  never.get_future().wait_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(last_call.over());
}

TEST(Permit, OutlivesTheWorkersStopUntilTheLastCallIsOver) {
  Holder patient;
  patient.stop_worker();
  EXPECT_TRUE(patient.permit().stopping());
  EXPECT_FALSE(patient.permit().withdrawn());
  EXPECT_FALSE(patient.permit().ended());
  patient.last_call().end();
  EXPECT_TRUE(patient.permit().withdrawn());
  EXPECT_TRUE(patient.permit().ended());

  Holder hasty(std::chrono::milliseconds(1));
  hasty.stop_worker();
  EXPECT_TRUE(eventually([&] { return hasty.permit().ended(); }));
}

}  // namespace
}  // namespace kclpp::consume
