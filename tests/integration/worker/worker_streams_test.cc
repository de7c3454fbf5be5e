// A worker of several streams, as its program sees it.
#include <map>
#include <set>

#include "integration/worker/workbench.h"

namespace kcl::test {
namespace {

/// Each stream by its own seam.
class SeveralStreams final : public Kinesis {
 public:
  void add(const testing::EmbeddedStream& stream) { streams_[stream.name()] = stream.kinesis(); }

  KinesisResult<StreamDescription> describe_stream(const std::string& stream, const Call& call) override {
    const auto found = streams_.find(stream);
    if (found == streams_.end()) {
      KinesisError error;
      error.kind = KinesisError::Kind::not_found;
      error.message = stream + " is none";
      return Failure{error};
    }
    return found->second->describe_stream(stream, call);
  }
  KinesisResult<ShardPage> list_shards(const ListShards& request, const Call& call) override {
    return streams_.at(request.stream)->list_shards(request, call);
  }
  KinesisResult<ShardIterator> get_shard_iterator(const GetShardIterator& request, const Call& call) override {
    return streams_.at(request.stream)->get_shard_iterator(request, call);
  }
  KinesisResult<RecordsPage> get_records(const GetRecords& request, const Call& call) override {
    return streams_.at(request.stream)->get_records(request, call);
  }

 private:
  std::map<std::string, std::shared_ptr<Kinesis>> streams_;
};

class WorkerStreams : public Workbench {
 protected:
  WorkerStreams() : Workbench(2), refunds({.name = "refunds", .shards = 1, .limits = false}) {
    kinesis->add(stream);
    kinesis->add(refunds);
  }

  WorkerConfig several() const {
    WorkerConfig both = config();
    both.stream.clear();
    both.streams = {{.stream = "orders"}, {.stream = "refunds"}};
    both.kinesis = kinesis;
    return both;
  }
  static std::string key(const testing::EmbeddedStream& of, const std::string& shard) {
    const auto created = std::chrono::floor<std::chrono::seconds>(of.describe().created).time_since_epoch().count();
    return "000000000000:" + of.name() + ':' + std::to_string(created) + ':' + shard;
  }

  testing::EmbeddedStream refunds;
  std::shared_ptr<SeveralStreams> kinesis = std::make_shared<SeveralStreams>();
};

TEST_F(WorkerStreams, AProgramIsToldWhichOneAShardIsOf) {
  put(0, 40);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(refunds.put("key", "refund-" + std::to_string(i)));
  std::mutex mutex;
  std::set<std::string> told;
  Callbacks callbacks;
  callbacks.initialize = [&](const ShardContext& context) {
    const std::lock_guard lock(mutex);
    told.insert(context.stream() + ' ' + context.shard_id());
  };
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer&) {
    EXPECT_TRUE(batch.shard_id().starts_with("shardId-")) << batch.shard_id();
    deliveries.add(batch);
  };
  kcl::Worker worker(several(), callbacks.factory());
  worker.start();
  EXPECT_TRUE(eventually([&] { return deliveries.distinct().size() == 60; }));
  const std::set<std::string> shards{"orders shardId-000000000000", "orders shardId-000000000001",
                                     "refunds shardId-000000000000"};
  EXPECT_EQ(told, shards);
  std::set<std::string> held;
  for (const ShardStatus& shard : worker.status().shards) held.insert(shard.stream + ' ' + shard.shard_id);
  EXPECT_EQ(held, shards);
  EXPECT_TRUE(worker.shutdown(kPatience).ok());
  EXPECT_TRUE(SequenceNumber::parse(stored(key(refunds, first_shard)))) << stored(key(refunds, first_shard));
  EXPECT_EQ(lease(key(stream, first_shard), "shardId"), first_shard);
  EXPECT_EQ(stored(first_shard), "") << "no row of one stream alone";
  // Every line about a shard tells whose it is.
  for (const LogEvent& event : log->events()) {
    const auto has = [&event](std::string_view name) {
      return std::ranges::count(event.fields, name, [](const auto& field) { return std::string_view(field.first); });
    };
    if (has("shard") == 0) continue;
    EXPECT_EQ(has("stream"), 1) << event.name;
  }
}

TEST_F(WorkerStreams, MetricsOfShardsAreToldApart) {
  class Sink final : public MetricsSink {
   public:
    void publish(const MetricsSnapshot& snapshot) override {
      const std::lock_guard lock(mutex);
      for (const Metric& metric : snapshot.metrics) {
        if (metric.name != "kclpp_records_processed_total") continue;
        std::map<std::string, std::string> labels(metric.labels.begin(), metric.labels.end());
        processed[labels["stream"] + ' ' + labels["shard"]] = metric.value;
        EXPECT_TRUE(labels["stream_id"].find(':' + labels["stream"] + ':') != std::string::npos) << labels["stream_id"];
      }
    }
    std::mutex mutex;
    std::map<std::string, double> processed;
  };
  ASSERT_TRUE(stream.put("a", "an order"));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(refunds.put("key", "a refund"));
  const auto sink = std::make_shared<Sink>();
  WorkerConfig with_metrics = several();
  with_metrics.metrics = sink;
  with_metrics.metrics_interval = milliseconds(1'000);
  {
    Callbacks callbacks;
    callbacks.process_records = [&](const RecordBatch& batch, Checkpointer&) { deliveries.add(batch); };
    kcl::Worker worker(with_metrics, callbacks.factory());
    worker.start();
    EXPECT_TRUE(eventually([&] { return deliveries.count() >= 4; }));
    EXPECT_TRUE(worker.shutdown(kPatience).ok());
  }
  EXPECT_EQ(sink->processed["refunds " + first_shard], 3);
  EXPECT_EQ(sink->processed["orders " + first_shard] + sink->processed["orders shardId-000000000001"], 1);
}

TEST_F(WorkerStreams, OneThatIsNotThereIsNamedAndEndsTheStart) {
  WorkerConfig wrong = several();
  wrong.streams.push_back({.stream = "returns"});
  kcl::Worker worker(wrong, Callbacks{}.factory());
  const ShutdownReport report = worker.run();
  EXPECT_NE(report.failure.find("returns"), std::string::npos) << report.failure;
}

TEST_F(WorkerStreams, AreNotBegunInATableOfOneStream) {
  WorkerConfig alone = config();
  alone.stop_when_caught_up = true;
  EXPECT_TRUE(kcl::Worker(alone, Callbacks{}.factory()).run().ok());
  const ShutdownReport report = kcl::Worker(several(), Callbacks{}.factory()).run();
  EXPECT_NE(report.failure.find("one stream alone"), std::string::npos) << report.failure;
}

}  // namespace
}  // namespace kcl::test
