#include "base/each.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "base/virtual_loop.h"
#include "base/wait.h"
#include "unit/base/started.h"

namespace kcl::base {
namespace {

using namespace std::chrono_literals;

struct EachTest : ::testing::Test {
  VirtualLoop loop{Timestamp{}};
  Stop never;
  std::vector<std::size_t> begun;
  std::size_t under_way = 0;
  std::size_t most_under_way = 0;

  Task<bool> work(std::size_t i) {
    begun.push_back(i);
    most_under_way = std::max(most_under_way, ++under_way);
    co_await sleep_for(loop, 100ms, never);
    --under_way;
    co_return true;
  }
};

TEST_F(EachTest, AsManyAtOnceAsAreAllowedAndAllOfThem) {
  const auto began = loop.now();
  run(loop, for_each_at_once(loop, 10, 4, [this](std::size_t i) { return work(i); }));
  EXPECT_EQ(begun, (std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(most_under_way, 4U);
  EXPECT_EQ(loop.now() - began, 300ms);
}

TEST_F(EachTest, NoneIsNoWork) {
  run(loop, for_each_at_once(loop, 0, 4, [this](std::size_t i) { return work(i); }));
  EXPECT_TRUE(begun.empty());
}

TEST_F(EachTest, AfterOneThatSaysNoNoneBeginsAndThoseUnderWayEnd) {
  run(loop, for_each_at_once(loop, 10, 2, [this](std::size_t i) -> Task<bool> {
        const bool done = co_await work(i);
        co_return done&& i != 2;
      }));
  EXPECT_EQ(begun, (std::vector<std::size_t>{0, 1, 2, 3}));
  EXPECT_EQ(under_way, 0U);
}

TEST_F(EachTest, TheFirstExceptionComesOutOnceAllHaveEnded) {
  const auto fails = [this](std::size_t i) -> Task<bool> {
    co_await work(i);
    if (i == 1) throw std::runtime_error("one");
    co_return true;
  };
  const auto caught = [](Task<void> task) -> Task<bool> {
    try {
      co_await std::move(task);
    } catch (const std::runtime_error&) {
      co_return true;
    }
    co_return false;
  };
  EXPECT_TRUE(run(loop, caught(for_each_at_once(loop, 10, 2, fails))));
  EXPECT_EQ(under_way, 0U);
  EXPECT_LT(begun.size(), 5U);
}

}  // namespace
}  // namespace kcl::base
