// A worker's metrics at a server that takes them for CloudWatch, and at one that does not answer.
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "integration/worker/workbench.h"
#include "unit/http/scripted_server.h"
#include "unit/sinks/metric_request.h"

namespace kcl::test {
namespace {

class WorkerCloudWatch : public Workbench {
 protected:
  WorkerCloudWatch() {
    // Whoever runs these tests behind a proxy: they speak to this host.
    for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) ::unsetenv(name);
  }

  WorkerConfig telling(const ScriptedServer& server, CloudWatch cloudwatch) const {
    WorkerConfig with = config();
    with.region = "eu-west-1";
    with.credentials = static_credentials({"AKIDEXAMPLE", "secret", "", {}});
    with.cloudwatch_endpoint = server.url();
    with.cloudwatch = std::move(cloudwatch);
    with.metrics_interval = milliseconds(1'000);
    return with;
  }
  Callbacks collecting() {
    Callbacks callbacks;
    callbacks.process_records = [this](const RecordBatch& batch, Checkpointer&) { deliveries.add(batch); };
    return callbacks;
  }
};

TEST_F(WorkerCloudWatch, EverythingThatHappenedHasArrivedByTheEnd) {
  ScriptedServer server(ScriptedServer::answering([](const ReceivedRequest&) { return answer(200, ""); }));
  put(0, 10);
  CloudWatch cloudwatch;
  cloudwatch.names = CloudWatchNames::java_kcl;
  {
    kcl::Worker worker(telling(server, cloudwatch), collecting().factory());
    worker.start();
    EXPECT_TRUE(eventually([&] { return deliveries.count() == 10; }));
    EXPECT_TRUE(worker.shutdown(kPatience).ok());
  }
  std::map<std::string, double> sums;
  std::map<std::string, double> counts;
  for (const ReceivedRequest& request : server.requests()) {
    const MetricRequest sent = metric_request(request);
    EXPECT_EQ(sent.metric_namespace, "billing");
    for (const SentMetric& metric : sent.data) {
      sums[metric.name + ' ' + metric.dimensions] += metric.sum;
      counts[metric.name + ' ' + metric.dimensions] += metric.count;
      EXPECT_LE(metric.least * metric.count, metric.sum) << metric.name;
      EXPECT_GE(metric.most * metric.count, metric.sum) << metric.name;
    }
  }
  const std::string task = " Operation=ProcessTask,ShardId=" + first_shard;
  EXPECT_EQ(sums["RecordsProcessed" + task], 10);
  EXPECT_EQ(sums["DataBytesProcessed" + task], 80);
  EXPECT_GE(counts["RecordProcessor.processRecords.Time" + task], 1);
  EXPECT_GE(counts["KinesisDataFetcher.getRecords.Time" + task], 1);
  EXPECT_EQ(sums["TakenLeases Operation=TakeLeases,WorkerIdentifier=me"], 1);
  EXPECT_EQ(sums["LostLeases Operation=RenewAllLeases,WorkerIdentifier=me"], 0);
}

TEST_F(WorkerCloudWatch, AServerThatNeverAnswersSlowsNoShardAndNoExit) {
  ScriptedServer server([](Wire& wire) {
    wire.read_request();
    wire.wait_for_end();
  });
  put(0, 10);
  CloudWatch cloudwatch;
  cloudwatch.last_send = milliseconds(50);
  {
    kcl::Worker worker(telling(server, cloudwatch), collecting().factory());
    worker.start();
    EXPECT_TRUE(eventually([&] { return server.requests().size() == 1; }));
    put(10, 10);
    EXPECT_TRUE(eventually([&] { return deliveries.count() == 20; }));
    EXPECT_TRUE(worker.shutdown(kPatience).ok());
    EXPECT_EQ(owner(first_shard), "");
  }
  EXPECT_EQ(server.requests().size(), 1U) << "nobody waited for the end of that call";
  EXPECT_EQ(log->count("cloudwatch_failed"), 0U);
}

TEST_F(WorkerCloudWatch, AServerThatIsNotThereIsToldOfOnceAndSlowsNothing) {
  const RefusingPort port;
  ScriptedServer unused(ScriptedServer::answering([](const ReceivedRequest&) { return answer(200, ""); }));
  put(0, 10);
  WorkerConfig with = telling(unused, {});
  with.cloudwatch_endpoint = port.url();
  {
    kcl::Worker worker(with, collecting().factory());
    worker.start();
    EXPECT_TRUE(eventually([&] { return log->count("cloudwatch_failed") == 1; }));
    put(10, 10);
    EXPECT_TRUE(eventually([&] { return deliveries.count() == 20; }));
    EXPECT_TRUE(worker.shutdown(kPatience).ok());
  }
  EXPECT_EQ(log->count("cloudwatch_failed"), 1U);
  EXPECT_NE(log->field("cloudwatch_failed", "error").find("127.0.0.1"), std::string::npos);
}

}  // namespace
}  // namespace kcl::test
