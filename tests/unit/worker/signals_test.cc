#include "worker/signals.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <array>
#include <thread>

#include "unit/worker/eventually.h"

namespace kcl::worker {
namespace {

int earlier_handler_ran = 0;
void earlier_handler(int) { ++earlier_handler_ran; }

/// Puts back what the test process had.
class WorkerSignals : public ::testing::Test {
 public:
  ~WorkerSignals() override {
    ::sigaction(SIGTERM, &before_[0], nullptr);
    ::sigaction(SIGINT, &before_[1], nullptr);
  }

 protected:
  WorkerSignals() {
    struct sigaction action{};
    action.sa_handler = &earlier_handler;
    ::sigaction(SIGTERM, &action, &before_[0]);
    ::sigaction(SIGINT, &action, &before_[1]);
    earlier_handler_ran = 0;
  }

 private:
  std::array<struct sigaction, 2> before_{};
};

TEST_F(WorkerSignals, EndTheWaitAndAreCounted) {
  SignalWatch watch;
  EXPECT_EQ(watch.count(), 0);
  ::raise(SIGTERM);
  watch.wait();
  EXPECT_EQ(watch.count(), 1);
  ::raise(SIGINT);
  watch.wait();
  EXPECT_EQ(watch.count(), 2);
  EXPECT_EQ(earlier_handler_ran, 0);
}

// timeout(1) sends its signal to the process and to the group of it: every run under it ended as if somebody had been
// impatient.
TEST_F(WorkerSignals, OneThatComesAgainAtOnceIsTheSame) {
  SignalWatch watch;
  ::raise(SIGTERM);
  ::raise(SIGTERM);
  watch.wait();
  EXPECT_EQ(watch.count(), 1);
  const auto counted_again = [&] {
    ::raise(SIGTERM);
    return watch.count() == 2;
  };
  EXPECT_TRUE(test::eventually(counted_again)) << "half a second later it is another";
}

TEST_F(WorkerSignals, AreSeenByEveryWatch) {
  SignalWatch one;
  SignalWatch two;
  ::raise(SIGTERM);
  one.wait();
  two.wait();
  EXPECT_EQ(one.count(), 1);
  EXPECT_EQ(two.count(), 1);
}

TEST_F(WorkerSignals, AWakeEndsTheWaitOfItsWatchFromAnyThread) {
  SignalWatch watch;
  std::jthread waker([&] { watch.wake(); });
  watch.wait();
  EXPECT_EQ(watch.count(), 0);
}

TEST_F(WorkerSignals, TheLastWatchRestoresWhatWasThereBefore) {
  {
    SignalWatch one;
    const SignalWatch two;
    ::raise(SIGTERM);
    one.wait();
  }
  EXPECT_EQ(earlier_handler_ran, 0);
  ::raise(SIGTERM);
  ::raise(SIGINT);
  EXPECT_EQ(earlier_handler_ran, 2);
}

TEST_F(WorkerSignals, ASignalThatTheProgramIgnoresStaysIgnored) {
  ::signal(SIGINT, SIG_IGN);
  const SignalWatch watch;
  ::raise(SIGINT);
  EXPECT_EQ(watch.count(), 0);
}

TEST_F(WorkerSignals, ANewWatchKnowsNothingOfEarlierSignals) {
  {
    const SignalWatch watch;
    ::raise(SIGTERM);
  }
  SignalWatch watch;
  EXPECT_EQ(watch.count(), 0);
  watch.wake();
  watch.wait();
}

}  // namespace
}  // namespace kcl::worker
