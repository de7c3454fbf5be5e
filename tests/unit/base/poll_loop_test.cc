#include "base/poll_loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/run_on.h"

namespace kcl::base {
namespace {

/// Two ends of a connection.
struct Pair {
  Pair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0); }
  ~Pair() {
    ::close(ends[0]);
    close_other();
  }
  void close_other() {
    if (ends[1] >= 0) ::close(ends[1]);
    ends[1] = -1;
  }
  std::array<int, 2> ends{};
};

TEST(PollLoop, RunsPostedActionsOnItsThreadInOrder) {
  PollLoop loop;
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) {
    loop.post([&, i] {
      EXPECT_TRUE(loop.is_current());
      order.push_back(i);
    });
  }
  run_on(loop, [&] { order.push_back(100); });
  EXPECT_FALSE(loop.is_current());
  ASSERT_EQ(order.size(), 101U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(PollLoop, LosesNoActionOfManyThreads) {
  PollLoop loop;
  int ran = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 1'000; ++j) loop.post([&ran] { ++ran; });
      });
    }
  }
  run_on(loop, [] {});
  EXPECT_EQ(ran, 4'000);
}

TEST(PollLoop, FiresTimersInTheOrderOfTheirDeadlines) {
  PollLoop loop;
  std::vector<int> order;
  std::latch done(3);
  std::array<std::optional<Timer>, 3> timers;
  run_on(loop, [&] {
    const BootTime now = loop.now();
    for (std::size_t i = 0; i < 3; ++i) {
      timers[i].emplace(loop, [&, i] {
        order.push_back(static_cast<int>(i));
        done.count_down();
      });
      timers[i]->arm(now + std::chrono::milliseconds(3 - i));
    }
  });
  done.wait();
  run_on(loop, [&] {
    for (auto& timer : timers) timer.reset();
  });
  EXPECT_EQ(order, (std::vector{2, 1, 0}));
}

TEST(PollLoop, TellsWhatADescriptorIsReadyForAndOnlyWhatIsWanted) {
  PollLoop loop;
  Pair pair;
  std::latch readable(1);
  std::unique_ptr<DescriptorWatch> watch;
  bool writable = false;
  run_on(loop, [&] {
    watch = std::make_unique<DescriptorWatch>(loop, pair.ends[0], [&](Readiness readiness) {
      writable = writable || readiness.writable;
      EXPECT_FALSE(readiness.hung_up);
      if (!readiness.readable) return;
      watch->want(false, false);
      readable.count_down();
    });
    watch->want(true, false);
  });
  ASSERT_EQ(::write(pair.ends[1], "x", 1), 1);
  readable.wait();
  run_on(loop, [&] { watch = nullptr; });
  EXPECT_FALSE(writable);
}

TEST(PollLoop, TellsAHangUpThoughNothingIsWanted) {
  PollLoop loop;
  Pair pair;
  std::latch told(1);
  std::unique_ptr<DescriptorWatch> watch;
  run_on(loop, [&] {
    watch = std::make_unique<DescriptorWatch>(loop, pair.ends[0], [&](Readiness readiness) {
      EXPECT_TRUE(readiness.hung_up);
      watch = nullptr;  // in its own call
      told.count_down();
    });
  });
  pair.close_other();
  told.wait();
  run_on(loop, [] {});
}

}  // namespace
}  // namespace kcl::base
