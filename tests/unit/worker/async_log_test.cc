#include "worker/async_log.h"

#include <gtest/gtest.h>

#include <latch>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "base/event_loop.h"

namespace kcl::worker {
namespace {

LogEvent named(std::string name) {
  LogEvent event;
  event.name = std::move(name);
  return event;
}

class Collecting : public LogSink {
 public:
  void write(const LogEvent& event) override { events.push_back(event); }
  std::vector<LogEvent> events;
};

TEST(WorkerLog, WritesEventsInOrderAndAllOfThemBeforeItsEnd) {
  const base::EventLoop clock;
  metrics::Registry registry;
  const auto sink = std::make_shared<Collecting>();
  {
    AsyncLog log(clock, sink, registry);
    for (int i = 0; i < 100; ++i) log.write(named(std::to_string(i)));
  }
  ASSERT_EQ(sink->events.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(sink->events[static_cast<std::size_t>(i)].name, std::to_string(i));
}

TEST(WorkerLog, ASlowSinkLosesEventsThatAreCountedAndReportedAndDelaysNobody) {
  const base::EventLoop clock;
  metrics::Registry registry;
  class Slow final : public Collecting {
   public:
    void write(const LogEvent& event) override {
      begun.count_down();
      go_on.wait();
      Collecting::write(event);
    }
    std::latch begun{1};
    std::latch go_on{1};
  };
  class Once final : public Collecting {
   public:
    explicit Once(std::shared_ptr<Slow> slow) : slow_(std::move(slow)) {}
    void write(const LogEvent& event) override {
      if (events.empty()) slow_->write(event);
      Collecting::write(event);
    }

   private:
    std::shared_ptr<Slow> slow_;
  };
  const auto slow = std::make_shared<Slow>();
  const auto sink = std::make_shared<Once>(slow);
  constexpr std::size_t kLost = 7;
  {
    AsyncLog log(clock, sink, registry);
    log.write(named("first"));
    slow->begun.wait();
    for (std::size_t i = 0; i < AsyncLog::kCapacity + kLost; ++i) log.write(named("more"));
    EXPECT_EQ(registry.counter("kclpp_log_events_dropped_total", "")->value(), kLost);
    slow->go_on.count_down();
  }
  ASSERT_GE(sink->events.size(), 2U);
  EXPECT_EQ(sink->events[0].name, "first");
  EXPECT_EQ(sink->events[1].name, "log_events_dropped");
  EXPECT_EQ(sink->events[1].level, LogLevel::warning);
  EXPECT_EQ(sink->events[1].fields.at(0).second, LogValue(kLost));
}

TEST(WorkerLog, ASinkThatThrowsLosesItsEventAndNothingElse) {
  const base::EventLoop clock;
  metrics::Registry registry;
  class Throwing final : public Collecting {
   public:
    void write(const LogEvent& event) override {
      if (event.name == "bad") throw std::runtime_error("no");
      Collecting::write(event);
    }
  };
  const auto sink = std::make_shared<Throwing>();
  {
    AsyncLog log(clock, sink, registry);
    log.write(named("bad"));
    log.write(named("good"));
  }
  ASSERT_EQ(sink->events.size(), 1U);
  EXPECT_EQ(sink->events[0].name, "good");
}

TEST(WorkerLog, WhatIsRepeatedIsLeftOutAndCountedAtTheEndAtTheLatest) {
  const base::EventLoop clock;
  metrics::Registry registry;
  const auto sink = std::make_shared<Collecting>();
  {
    AsyncLog log(clock, sink, registry);
    LogEvent failed = named("read_failed");
    failed.level = LogLevel::warning;
    for (int i = 0; i < 10; ++i) log.write(failed);
  }
  ASSERT_EQ(sink->events.size(), 4U);
  EXPECT_EQ(sink->events[2].name, "read_failed");
  EXPECT_EQ(sink->events[3].name, "log_repeats_left_out");
  EXPECT_EQ(sink->events[3].fields[1], (std::pair<std::string, LogValue>("count", 7)));
}

}  // namespace
}  // namespace kcl::worker
