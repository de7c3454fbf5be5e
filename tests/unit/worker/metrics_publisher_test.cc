#include "worker/metrics_publisher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>

#include "unit/worker/eventually.h"

namespace kcl::worker {
namespace {

using test::eventually;

class WorkerMetrics : public ::testing::Test {
 public:
  ~WorkerMetrics() override {
    threads.loop.run_and_wait([this] { publisher.reset(); });
    in_flight.wait_until_none();
  }

 protected:
  void publish_to(std::shared_ptr<MetricsSink> sink, base::Duration interval) {
    threads.loop.run_and_wait([&] {
      publisher = std::make_unique<MetricsPublisher>(threads, in_flight, registry, std::move(sink), interval,
                                                     [this] { ++updates; });
    });
  }
  void publish_now() {
    threads.loop.run_and_wait([this] { publisher->publish(); });
  }

  Threads threads{Runtime::Options{}};
  InFlight in_flight;
  metrics::Registry registry;
  std::unique_ptr<MetricsPublisher> publisher;
  std::atomic<int> updates{0};
};

TEST_F(WorkerMetrics, ArePublishedAgainAndAgainWithFreshGaugesOffTheStrand) {
  struct Counting final : MetricsSink {
    explicit Counting(base::EventLoop& strand) : loop(strand) {}
    void publish(const MetricsSnapshot& snapshot) override {
      EXPECT_FALSE(loop.is_current());
      EXPECT_TRUE(std::ranges::any_of(snapshot.metrics, [](const Metric& m) { return m.name == "n_total"; }));
      ++published;
    }
    base::EventLoop& loop;
    std::atomic<int> published{0};
  };
  registry.counter("n_total", "N.");
  const auto sink = std::make_shared<Counting>(threads.loop);
  publish_to(sink, std::chrono::milliseconds(1));
  EXPECT_TRUE(eventually([&] { return sink->published >= 5; }));
  EXPECT_GE(updates, 5);
}

TEST_F(WorkerMetrics, ASinkThatIsBusySkipsSnapshotsAndOneThatThrowsGetsTheNext) {
  struct Slow final : MetricsSink {
    void publish(const MetricsSnapshot&) override {
      ++begun;
      go_on.wait();
      throw std::runtime_error("no");
    }
    std::atomic<int> begun{0};
    std::latch go_on{1};
  };
  const auto sink = std::make_shared<Slow>();
  publish_to(sink, std::chrono::hours(1));
  publish_now();
  EXPECT_TRUE(eventually([&] { return sink->begun == 1; }));
  for (int i = 0; i < 10; ++i) publish_now();
  sink->go_on.count_down();
  in_flight.wait_until_none();
  EXPECT_EQ(sink->begun, 1);
  EXPECT_EQ(updates, 1);
  publish_now();
  in_flight.wait_until_none();
  EXPECT_EQ(sink->begun, 2);
}

TEST_F(WorkerMetrics, WithoutASinkNothingHappens) {
  publish_to(nullptr, std::chrono::milliseconds(1));
  publish_now();
  EXPECT_EQ(updates, 0);
}

}  // namespace
}  // namespace kcl::worker
