// A worker's plain life: it delivers, checkpoints, reports, and ends.
#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "integration/worker/workbench.h"
#include "unit/server/http_client.h"

namespace kcl::test {
namespace {

class Worker : public Workbench {
 protected:
  Worker() : Workbench(4) {}
  Callbacks collecting() {
    Callbacks callbacks;
    callbacks.process_records = [this](const RecordBatch& batch, Checkpointer&) { deliveries.add(batch); };
    return callbacks;
  }
};

TEST_F(Worker, DeliversEveryRecordOnceInOrderAndStoresHowFarItCame) {
  put(0, 200);
  std::map<std::string, std::string> last;
  {
    kcl::Worker worker(config(), collecting().factory());
    worker.start();
    EXPECT_TRUE(eventually([&] { return deliveries.count() >= 100; }));
    put(200, 100);
    EXPECT_TRUE(eventually([&] { return deliveries.count() >= 300; }));
    const ShutdownReport report = worker.shutdown(kPatience);
    EXPECT_TRUE(report.ok()) << report.failure;
    EXPECT_EQ(worker.status().state, WorkerState::stopped);
  }
  EXPECT_EQ(deliveries.count(), 300U);
  EXPECT_EQ(deliveries.distinct().size(), 300U);
  const auto number = [](const std::string& text) { return std::stoi(text.substr(text.find('-') + 1)); };
  for (const Shard& shard : stream.list()) {
    const auto texts = deliveries.of(shard.id);
    EXPECT_TRUE(std::ranges::is_sorted(texts, {}, number)) << shard.id;
    EXPECT_EQ(owner(shard.id), "") << "released";
    EXPECT_TRUE(SequenceNumber::parse(stored(shard.id))) << stored(shard.id);
  }
}

TEST_F(Worker, GoesOnWhereItStopped) {
  put(0, 50);
  for (int round = 0; round < 3; ++round) {
    kcl::Worker worker(config(), collecting().factory());
    worker.start();
    const std::size_t expected = 50U * static_cast<std::size_t>(round + 1);
    EXPECT_TRUE(eventually([&] { return deliveries.count() >= expected; }));
    EXPECT_TRUE(worker.shutdown(kPatience).ok());
    put(expected, 50);
  }
  EXPECT_EQ(deliveries.count(), 150U) << "nothing twice";
}

TEST_F(Worker, FinishesParentsBeforeTheirChildren) {
  put(0, 40);
  const auto children = stream.split(first_shard).value();
  put(40, 40);
  std::mutex mutex;
  std::vector<std::string> order;
  Callbacks callbacks = collecting();
  callbacks.initialize = [&](const ShardContext& context) {
    const std::lock_guard lock(mutex);
    order.push_back(context.shard_id());
    if (context.shard_id() == children.front()) {
      EXPECT_EQ(context.parents(), std::vector<std::string>{first_shard});
    }
  };
  callbacks.shard_ended = [&](Checkpointer& checkpointer) {
    checkpointer.checkpoint();
    EXPECT_NO_THROW(checkpointer.checkpoint()) << "stored already: nothing happens";
    const std::lock_guard lock(mutex);
    order.push_back("end of " + first_shard);
  };
  kcl::Worker worker(config(), callbacks.factory());
  worker.start();
  EXPECT_TRUE(eventually([&] { return deliveries.distinct().size() >= 80; }));
  EXPECT_TRUE(worker.shutdown(kPatience).ok());
  EXPECT_EQ(stored(first_shard), "SHARD_END");
  const auto end = std::ranges::find(order, "end of " + first_shard);
  for (const std::string& child : children) EXPECT_LT(end, std::ranges::find(order, child));
}

TEST_F(Worker, TellsItsStatus) {
  kcl::Worker worker(config(), collecting().factory());
  EXPECT_EQ(worker.status().state, WorkerState::created);
  EXPECT_EQ(worker.status().worker_id, "me");
  worker.start();
  EXPECT_TRUE(eventually([&] { return worker.status().shards.size() == 4; }));
  const WorkerStatus status = worker.status();
  EXPECT_EQ(status.state, WorkerState::running);
  EXPECT_EQ(status.message, "");
  EXPECT_TRUE(worker.shutdown(kPatience).ok());
  EXPECT_EQ(worker.status().state, WorkerState::stopped);
  EXPECT_TRUE(worker.status().shards.empty());
}

TEST_F(Worker, StartsOnce) {
  kcl::Worker worker(config(), collecting().factory());
  worker.start();
  EXPECT_THROW(worker.start(), std::logic_error);
  EXPECT_THROW(worker.run(), std::logic_error);
  EXPECT_TRUE(worker.shutdown(kPatience).ok());
  EXPECT_TRUE(worker.shutdown(kPatience).ok()) << "more than once is fine";
}

TEST_F(Worker, ShutDownBeforeItStartedItNeverStarts) {
  kcl::Worker worker(config(), collecting().factory());
  EXPECT_TRUE(worker.shutdown(kPatience).ok());
  EXPECT_TRUE(worker.run().ok());
  EXPECT_EQ(worker.status().state, WorkerState::stopped);
  EXPECT_EQ(owner(first_shard), "");
}

TEST_F(Worker, EndsByItselfWhenTryingAgainCannotHelp) {
  WorkerConfig wrong = config();
  wrong.stream = "no-such-stream";
  kcl::Worker worker(wrong, collecting().factory());
  const ShutdownReport report = worker.run();
  EXPECT_NE(report.failure.find("no-such-stream"), std::string::npos) << report.failure;
  EXPECT_FALSE(report.ok());
  EXPECT_EQ(worker.status().message, report.failure);
  EXPECT_TRUE(eventually([&] { return log->count("worker_failed") == 1; }));
}

TEST_F(Worker, ACallbackMayStopIt) {
  put(0, 10);
  Callbacks callbacks = collecting();
  const auto stop = std::make_shared<std::optional<ShardContext>>();
  std::mutex mutex;
  callbacks.initialize = [&](const ShardContext& context) {
    const std::lock_guard lock(mutex);
    *stop = context;
  };
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer&) {
    deliveries.add(batch);
    if (deliveries.count() < 10) return;
    const std::lock_guard lock(mutex);
    (*stop)->stop_worker();
  };
  {
    kcl::Worker worker(config(), callbacks.factory());
    EXPECT_TRUE(worker.run().ok());
  }
  EXPECT_EQ(deliveries.count(), 10U);
  // The context outlives the worker, and then does nothing.
  EXPECT_TRUE((*stop)->cancelled());
  EXPECT_TRUE((*stop)->stop_token().stop_requested());
  (*stop)->stop_worker();
}

TEST_F(Worker, DeliversToAnAckProcessorThatAcknowledgesFromThreadsOfItsOwn) {
  class Threaded final : public AckProcessor {
   public:
    explicit Threaded(Deliveries& to) : to_(to) {}
    void process_records(RecordBatch batch, Ack ack) override {
      // The last record first.
      threads_.emplace_back([this, batch, ack] {
        for (std::size_t i = batch.size(); i > 0; --i) ack.done(batch[i - 1]);
        to_.add(batch);
      });
    }

   private:
    Deliveries& to_;
    std::vector<std::jthread> threads_;
  };
  put(0, 100);
  {
    kcl::Worker worker(config(), AckProcessorFactory([&] { return std::make_unique<Threaded>(deliveries); }));
    worker.start();
    EXPECT_TRUE(eventually([&] { return deliveries.count() >= 100; }));
    EXPECT_TRUE(worker.shutdown(kPatience).ok());
  }
  EXPECT_EQ(deliveries.count(), 100U);
  for (const Shard& shard : stream.list()) EXPECT_TRUE(SequenceNumber::parse(stored(shard.id))) << stored(shard.id);
}

TEST_F(Worker, PublishesMetricsAsOftenAsItIsTold) {
  class Count final : public MetricsSink {
   public:
    void publish(const MetricsSnapshot&) override { ++snapshots; }
    std::atomic<int> snapshots = 0;
  };
  const auto often = std::make_shared<Count>();
  const auto rarely = std::make_shared<Count>();
  const auto publishing = [&](const std::shared_ptr<Count>& sink, milliseconds interval) {
    WorkerConfig with = config();
    with.worker_id = std::to_string(interval.count());
    with.metrics = sink;
    with.metrics_interval = interval;
    return with;
  };
  kcl::Worker one(publishing(rarely, milliseconds(3'600'000)), collecting().factory());
  kcl::Worker two(publishing(often, milliseconds(1'000)), collecting().factory());
  one.start();
  two.start();
  EXPECT_TRUE(eventually([&] { return often->snapshots >= 3; }));
  EXPECT_EQ(rarely->snapshots, 0);
}

TEST_F(Worker, PublishesMetrics) {
  class Sink final : public MetricsSink {
   public:
    void publish(const MetricsSnapshot& snapshot) override {
      const std::lock_guard lock(mutex);
      last = snapshot;
    }
    std::mutex mutex;
    MetricsSnapshot last;
  };
  put(0, 100);
  const auto sink = std::make_shared<Sink>();
  WorkerConfig with_metrics = config();
  with_metrics.metrics = sink;
  with_metrics.metrics_interval = milliseconds(1'000);
  {
    kcl::Worker worker(with_metrics, collecting().factory());
    worker.start();
    EXPECT_TRUE(eventually([&] { return deliveries.count() >= 100; }));
    EXPECT_TRUE(eventually([&] {
      const std::lock_guard lock(sink->mutex);
      return std::ranges::any_of(sink->last.metrics,
                                 [](const Metric& m) { return m.name == "kclpp_shard_behind_seconds"; });
    }));
  }
  double reads = 0;
  for (const Metric& metric : sink->last.metrics) {
    EXPECT_FALSE(metric.help.empty()) << metric.name;
    EXPECT_EQ(metric.labels.at(0), std::pair(std::string("application"), std::string("billing")));
    if (metric.name == "kclpp_call_seconds") reads += static_cast<double>(metric.count);
  }
  EXPECT_GT(reads, 0);
}

TEST(Runtime, IsSharedByWorkersAndMayGoBeforeThem) {
  testing::EmbeddedStream pears({.name = "pears", .limits = false});
  testing::EmbeddedStream plums({.name = "plums", .limits = false});
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(pears.put("k", "pear-" + std::to_string(i)));
    ASSERT_TRUE(plums.put("k", "plum-" + std::to_string(i)));
  }
  Deliveries deliveries;
  Callbacks callbacks;
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer&) { deliveries.add(batch); };
  const auto reading = [](const testing::EmbeddedStream& stream) {
    WorkerConfig config;
    config.stream = stream.name();
    config.kinesis = stream.kinesis();
    config.initial_position = InitialPosition::trim_horizon();
    config.log = std::make_shared<LogBook>();
    return config;
  };
  auto runtime = std::make_unique<kcl::Runtime>(kcl::Runtime::Options{.max_callback_threads = 2, .max_io_threads = 2});
  kcl::Worker one(reading(pears), callbacks.factory(), *runtime);
  auto two = std::make_unique<kcl::Worker>(reading(plums), callbacks.factory(), *runtime);
  runtime.reset();
  one.start();
  two->start();
  EXPECT_TRUE(eventually([&] { return deliveries.distinct().size() == 40; }));
  two.reset();
  ASSERT_TRUE(pears.put("k", "pear-20"));
  EXPECT_TRUE(eventually([&] { return deliveries.distinct().size() == 41; }));
}

TEST_F(Worker, ServesWhatItSaysOfItself) {
  put(0, 3);
  auto wanted = config();
  wanted.listen = "127.0.0.1:0";
  wanted.prometheus = {.names = PrometheusNames::vmware_go, .drop_shard_label = true};
  Callbacks callbacks;
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer&) { deliveries.add(batch); };
  kcl::Worker worker(wanted, callbacks.factory());
  worker.start();
  ASSERT_TRUE(eventually([&] { return log->count("listening") == 1 && deliveries.count() == 3; }));
  const std::string url = log->field("listening", "url");
  const auto get = [&](const std::string& path) {
    server::HttpClient client(static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1))));
    client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return client.answer();
  };
  EXPECT_EQ(get("/readyz").status, 200);
  EXPECT_EQ(get("/livez").status, 200);
  const std::string all_held = "kclpp_leases_held{application=\"billing\",stream=\"orders\",worker=\"me\"} 4\n";
  EXPECT_TRUE(eventually([&] { return get("/metrics").body.find(all_held) != std::string::npos; }));
  EXPECT_NE(get("/metrics").body.find("\nbilling_leases_held{kinesisStream=\"orders\",workerID=\"me\"} 4\n"),
            std::string::npos);
  EXPECT_NE(get("/status").body.find("\"shard\":\"" + first_shard), std::string::npos);
  EXPECT_NE(get("/").body.find(first_shard), std::string::npos);

  auto second = config();
  second.listen = url.substr(url.rfind('/') + 1);
  EXPECT_THROW(kcl::Worker(second, callbacks.factory()), ConfigError) << "the port is taken";
  second.listen = "nowhere";
  EXPECT_THROW(kcl::Worker(second, callbacks.factory()), ConfigError);
  EXPECT_TRUE(worker.shutdown(kPatience).ok());
  EXPECT_EQ(get("/readyz").status, 503) << "it is stopped";
  EXPECT_EQ(get("/livez").status, 200);
}

}  // namespace
}  // namespace kcl::test
