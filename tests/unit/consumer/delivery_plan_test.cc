// What comes next of a batch that fails (C5), by table and by property.
#include "consumer/delivery_plan.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace kcl::consumer {
namespace {

using Step = DeliveryPlan::Step;
using Part = DeliveryPlan::Part;

TEST(DeliveryPlan, RetryNeverGivesUp) {
  DeliveryPlan plan(10, OnError::retry, 1);
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_EQ(plan.step(), Step::deliver);
    EXPECT_EQ(plan.part(), (Part{0, 10}));
    EXPECT_FALSE(plan.failed()) << "after a pause";
  }
  plan.taken();
  EXPECT_EQ(plan.step(), Step::done);
}

TEST(DeliveryPlan, StopHoldsAfterItsAttempts) {
  DeliveryPlan plan(10, OnError::stop, 3);
  EXPECT_FALSE(plan.failed());
  EXPECT_FALSE(plan.failed());
  EXPECT_EQ(plan.step(), Step::deliver);
  EXPECT_TRUE(plan.failed());
  EXPECT_EQ(plan.step(), Step::hold);
  EXPECT_EQ(plan.attempts(), 3U);
}

TEST(DeliveryPlan, ABatchThatReturnsBeforeItsAttemptsAreUsedUpIsDone) {
  for (const OnError policy : {OnError::stop, OnError::bisect}) {
    DeliveryPlan plan(10, policy, 3);
    plan.failed();
    plan.failed();
    plan.taken();
    EXPECT_EQ(plan.step(), Step::done);
  }
}

TEST(DeliveryPlan, BisectGoesThroughTheHalvesInOrderDownToTheRecord) {
  DeliveryPlan plan(5, OnError::bisect, 2);
  EXPECT_FALSE(plan.failed());
  EXPECT_TRUE(plan.failed()) << "the halves come at once";
  EXPECT_EQ(plan.part(), (Part{0, 2}));
  plan.taken();
  EXPECT_EQ(plan.part(), (Part{2, 3}));
  EXPECT_TRUE(plan.failed()) << "a half is only searched";
  EXPECT_EQ(plan.part(), (Part{2, 1}));
  EXPECT_FALSE(plan.failed()) << "a record has its own attempts";
  plan.taken();
  EXPECT_EQ(plan.part(), (Part{3, 2}));
  EXPECT_TRUE(plan.failed());
  EXPECT_EQ(plan.part(), (Part{3, 1}));
  EXPECT_FALSE(plan.failed());
  EXPECT_TRUE(plan.failed());
  EXPECT_EQ(plan.step(), Step::dead_letter);
  EXPECT_EQ(plan.part(), (Part{3, 1}));
  EXPECT_EQ(plan.attempts(), 2U);
  plan.taken();
  EXPECT_EQ(plan.step(), Step::deliver);
  EXPECT_EQ(plan.part(), (Part{4, 1}));
  EXPECT_EQ(plan.attempts(), 0U);
  plan.taken();
  EXPECT_EQ(plan.step(), Step::done);
}

TEST(DeliveryPlan, ABatchOfOneRecordHasItsAttemptsOnce) {
  DeliveryPlan plan(1, OnError::bisect, 2);
  EXPECT_FALSE(plan.failed());
  EXPECT_TRUE(plan.failed());
  EXPECT_EQ(plan.step(), Step::dead_letter);
}

// Every set of poison records in batches of up to nine: each record is taken once, in order, and exactly the poison
// goes to the sink.
TEST(DeliveryPlan, BisectFindsExactlyThePoison) {
  for (std::size_t records = 1; records <= 9; ++records) {
    for (std::size_t poison = 0; poison < (1U << records); ++poison) {
      for (const std::size_t attempts : {1U, 3U}) {
        SCOPED_TRACE(std::to_string(records) + " records, poison " + std::to_string(poison));
        DeliveryPlan plan(records, OnError::bisect, attempts);
        std::size_t next = 0;
        std::size_t buried = 0;
        std::size_t calls = 0;
        while (plan.step() != Step::done && ++calls < 1'000) {
          const Part part = plan.part();
          ASSERT_EQ(part.first, next);
          ASSERT_GT(part.count, 0U);
          const std::size_t inside = (poison >> part.first) & ((1U << part.count) - 1);
          if (plan.step() == Step::dead_letter) {
            ASSERT_EQ(part.count, 1U);
            buried |= 1U << part.first;
          } else if (inside != 0) {
            plan.failed();
            continue;
          }
          next += part.count;
          plan.taken();
        }
        ASSERT_EQ(next, records);
        ASSERT_EQ(buried, poison);
      }
    }
  }
}

}  // namespace
}  // namespace kcl::consumer
