// What a worker says of itself over HTTP, and that it says so when the worker does not answer.
#include "worker/monitor.h"

#include <gtest/gtest.h>

#include <functional>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "unit/server/http_client.h"

namespace kcl::worker {
namespace {

using server::HttpClient;

class MonitorTest : public ::testing::Test {
 protected:
  MonitorTest() {
    seen_.status.state = WorkerState::running;
    seen_.status.worker_id = "worker-1";
    seen_.status.workers = 2;
    seen_.status.leases = 3;
    ShardStatus shard;
    shard.shard_id = "shardId-000000000000";
    shard.state = ShardState::retrying;
    shard.waiting_for = "the next delivery";
    shard.last_error = "<b>\"bad\" & \xff";
    shard.behind = std::chrono::milliseconds(1'500);
    seen_.status.shards.push_back(shard);
    Metric metric;
    metric.name = "kclpp_leases_held";
    metric.help = "Shards.";
    metric.value = 1;
    metric.kind = Metric::Kind::gauge;
    seen_.metrics.push_back({.metric = metric});
    metric.name = "kclpp_records_processed_total";
    metric.labels = {{"stream", "orders"}, {"worker", "worker-1"}, {"shard", "1"}};
    seen_.metrics.push_back({.metric = metric});
  }

  void start(Monitor::Ask ask) {
    monitor_.emplace(server::ListenAddress{.address = "127.0.0.1", .port = 0},
                     Identity{.application = "billing", .stream = "orders"}, prometheus_, std::move(ask));
    const std::string url = monitor_->url();
    port_ = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
  }
  void start() {
    start([this](const std::function<void(Monitor::Seen)>& tell) {
      const std::lock_guard lock(mutex_);
      tell(seen_);
    });
  }
  HttpClient::Answer get(const std::string& path, const std::string& method = "GET") const {
    HttpClient client(port_);
    client.send(method + ' ' + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    return client.answer();
  }

  /// The monitor's strand reads it.
  std::mutex mutex_;
  Monitor::Seen seen_;
  Prometheus prometheus_;
  std::optional<Monitor> monitor_;
  std::uint16_t port_ = 0;
};

TEST_F(MonitorTest, MetricsAreForPrometheus) {
  start();
  const auto answer = get("/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.head.find("Content-Type: text/plain; version=0.0.4"), std::string::npos) << answer.head;
  EXPECT_NE(answer.body.find("\nkclpp_leases_held 1\n"), std::string::npos) << answer.body;
}

TEST_F(MonitorTest, MetricsAreUnderTheNamesThatWereAskedFor) {
  prometheus_ = {.names = PrometheusNames::vmware_go, .drop_shard_label = true};
  start();
  const std::string text = get("/metrics").body;
  EXPECT_NE(text.find("\nbilling_leases_held{kinesisStream=\"orders\",workerID=\"worker-1\"} 1\n"), std::string::npos)
      << text;
}

TEST_F(MonitorTest, StatusIsJsonWhateverAProgramThrew) {
  start();
  const auto answer = get("/status?pretty=1");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find(R"("state":"running","worker":"worker-1","application":"billing","stream":"orders")"),
            std::string::npos)
      << answer.body;
  EXPECT_NE(answer.body.find(R"("behind_ms":1500)"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find(R"("last_error":"<b>\"bad\" & ?")"), std::string::npos) << answer.body;
}

TEST_F(MonitorTest, ThePageShowsWordsAndNoMarkup) {
  start();
  const auto answer = get("/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find("shardId-000000000000"), std::string::npos);
  EXPECT_EQ(answer.body.find("<b>\"bad"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("&lt;b&gt;&quot;bad&quot; &amp; ?"), std::string::npos) << answer.body;
}

TEST_F(MonitorTest, ReadyIsWhoRuns) {
  start();
  EXPECT_EQ(get("/readyz").status, 200);
  {
    const std::lock_guard lock(mutex_);
    seen_.status.state = WorkerState::starting;
    seen_.status.message = "waits for the lease table";
  }
  const auto answer = get("/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, "starting: waits for the lease table\n");
  EXPECT_EQ(get("/livez").status, 200) << "it is alive all the same";
}

TEST_F(MonitorTest, AWorkerThatDoesNotAnswerIsNotAlive) {
  start([](const std::function<void(Monitor::Seen)>&) {});
  const auto answer = get("/livez");
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.body.find("has not answered"), std::string::npos);
}

TEST_F(MonitorTest, AnAnswerAfterItsEndIsDropped) {
  std::mutex mutex;
  std::vector<std::function<void(Monitor::Seen)>> told;
  start([&](std::function<void(Monitor::Seen)> tell) {
    const std::lock_guard lock(mutex);
    told.push_back(std::move(tell));
  });
  HttpClient client(port_);
  client.send("GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n");
  for (bool asked = false; !asked; std::this_thread::yield()) {
    const std::lock_guard lock(mutex);
    asked = !told.empty();
  }
  monitor_.reset();
  told.front()(seen_);
  EXPECT_EQ(client.answer().status, 0) << "the connection is gone";
}

TEST_F(MonitorTest, OtherPagesAndOtherMethodsAreRefused) {
  start();
  EXPECT_EQ(get("/admin").status, 404);
  EXPECT_EQ(get("/status", "DELETE").status, 405);
  EXPECT_EQ(get("/livez", "HEAD").status, 200);
}

TEST_F(MonitorTest, APortThatIsTakenIsAnError) {
  start();
  const auto taken = [&] {
    const Monitor other(server::ListenAddress{.address = "127.0.0.1", .port = port_}, {}, {}, [](const auto&) {});
  };
  EXPECT_THROW(taken(), std::system_error);
}

}  // namespace
}  // namespace kcl::worker
