#include "http/body_pool.h"

#include <gtest/gtest.h>

#include "base/boot_clock.h"

namespace kcl::http {
namespace {

constexpr std::size_t kMegabyte = 1'000'000;

class BodyPoolTest : public testing::Test {
 protected:
  std::shared_ptr<BodyPool> pool = std::make_shared<BodyPool>();
};

TEST_F(BodyPoolTest, WhatIsLetGoOfIsUsedAgain) {
  auto body = pool->take(kMegabyte);
  body->assign(kMegabyte, 'x');
  const char* memory = body->data();
  auto other_holder = body;
  body.reset();
  EXPECT_EQ(pool->kept(), 0U) << "somebody has it still";
  other_holder.reset();
  EXPECT_GE(pool->kept(), kMegabyte);
  const auto next = pool->take(kMegabyte - 500);
  EXPECT_EQ(next->data(), memory);
  EXPECT_TRUE(next->empty());
  EXPECT_EQ(pool->kept(), 0U);
}

TEST_F(BodyPoolTest, MemoryIsNotSpentOnMuchShorterBodies) {
  pool->take(10 * kMegabyte);
  const auto shorter = pool->take(kMegabyte);
  EXPECT_LT(shorter->capacity(), 2 * kMegabyte) << "it counts by its capacity in the memory budget";
  EXPECT_GE(pool->kept(), 10 * kMegabyte);
}

TEST_F(BodyPoolTest, ShortBodiesAreNotKept) {
  pool->take(BodyPool::kShortest - 1);
  EXPECT_EQ(pool->kept(), 0U);
}

TEST_F(BodyPoolTest, KeepsNoMoreThanItsBound) {
  std::vector<std::shared_ptr<std::string>> bodies;
  for (int i = 0; i < 10; ++i) bodies.push_back(pool->take(10 * kMegabyte));
  bodies.clear();
  EXPECT_LE(pool->kept(), BodyPool::kMost);
  EXPECT_GE(pool->kept(), 30 * kMegabyte);
}

TEST_F(BodyPoolTest, WhatIsIdleGoesBackToTheSystem) {
  pool->take(kMegabyte);
  pool->trim(base::boot_now());
  EXPECT_NE(pool->kept(), 0U);
  pool->trim(base::boot_now() + BodyPool::kIdle);
  EXPECT_EQ(pool->kept(), 0U);
}

TEST_F(BodyPoolTest, ABodyOutlivesItsPool) {
  const auto body = pool->take(kMegabyte);
  pool.reset();
  body->assign(kMegabyte, 'x');
}

TEST_F(BodyPoolTest, ABodyWhoseTextWasTakenLeavesNothingToKeep) {
  auto body = pool->take(kMegabyte);
  const std::string text = std::move(*body);
  body.reset();
  EXPECT_EQ(pool->kept(), 0U);
}

}  // namespace
}  // namespace kcl::http
