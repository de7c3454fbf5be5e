// What a server is sent, and what becomes of metrics that it does not take.
#include "sinks/cloudwatch_sender.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <kcl/credentials.h>

#include "unit/sinks/metric_request.h"
#include "unit/worker/eventually.h"
#include "wire/sigv4.h"

namespace kcl::sinks {
namespace {

using std::chrono::milliseconds;
using test::eventually;
using test::metric_request;
using test::ReceivedRequest;
using test::ScriptedServer;
using test::SentMetric;

const std::string kTaken =
    R"(<PutMetricDataResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><ResponseMetadata>)"
    R"(<RequestId>e16fc4d3</RequestId></ResponseMetadata></PutMetricDataResponse>)";

std::string taken() { return test::answer(200, kTaken, "Content-Type: text/xml\r\n"); }
std::string error(int status, const std::string& code) {
  return test::answer(status,
                      R"(<ErrorResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><Error>)"
                      "<Type>Sender</Type><Code>" +
                          code + "</Code><Message>because</Message></Error></ErrorResponse>",
                      "Content-Type: text/xml\r\n");
}

/// The first answers, then that everything is taken.
ScriptedServer::Script answering_first(std::vector<std::string> answers) {
  const auto next = std::make_shared<std::atomic<std::size_t>>(0);
  return ScriptedServer::answering([answers = std::move(answers), next](const ReceivedRequest&) {
    const std::size_t number = (*next)++;
    return number < answers.size() ? answers[number] : taken();
  });
}

std::vector<SentMetric> sent_to(const ScriptedServer& server) {
  std::vector<SentMetric> all;
  for (const ReceivedRequest& request : server.requests()) {
    const auto data = metric_request(request).data;
    all.insert(all.end(), data.begin(), data.end());
  }
  return all;
}

class CloudWatchSenderTest : public ::testing::Test {
 protected:
  CloudWatchSenderTest() {
    // Whoever runs these tests behind a proxy: they speak to this host.
    for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) ::unsetenv(name);
    options.metric_namespace = "billing";
  }

  void start(const std::string& url) {
    aws::AccessRequest request;
    request.region = "eu-west-1";
    request.credentials = static_credentials({"AKIDEXAMPLE", "top/secret+key", "session=token", {}});
    variables.emplace("HOME", "/nonexistent");
    const auto access = aws::find_access(request, aws::Environment(variables));
    ASSERT_TRUE(access) << access.error();
    auto endpoint = access->endpoint(aws::Service::cloudwatch, url, "the test");
    ASSERT_TRUE(endpoint) << endpoint.error();
    sender = std::make_unique<CloudWatchSender>(*access, *std::move(endpoint), options, CloudWatchSender::Meters(own),
                                                base::EventLog(clock, [this](LogEvent e) {
                                                  const std::lock_guard lock(mutex);
                                                  log.push_back(std::move(e.name));
                                                }));
  }
  void publish(double leases = 1) {
    registry.gauge("kclpp_leases_held", "")->set(leases);
    sender->publish(registry.take_readings(time), time);
  }
  std::uint64_t count(const std::string& what) {
    return own.counter("kclpp_cloudwatch_" + what + "_total", "")->value();
  }
  std::vector<std::string> logged() {
    const std::lock_guard lock(mutex);
    return log;
  }

  const Timestamp time{milliseconds(1'000'000'000'250)};
  CloudWatch options;
  aws::Environment::Variables variables;
  metrics::Registry own;
  metrics::Registry registry{{{"application", "billing"}, {"stream", "orders"}, {"worker", "w"}}};
  base::EventLoop clock;
  std::mutex mutex;
  std::vector<std::string> log;
  std::unique_ptr<CloudWatchSender> sender;
};

TEST_F(CloudWatchSenderTest, SendsAFormCompressedAndSignedForMonitoring) {
  ScriptedServer server(answering_first({}));
  start(server.url());
  publish(2);
  EXPECT_TRUE(eventually([&] { return count("sent") == 1; }));
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 1U);
  const ReceivedRequest& request = requests.front();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/");
  EXPECT_EQ(request.header("content-type"), "application/x-www-form-urlencoded; charset=utf-8");
  EXPECT_EQ(request.header("content-encoding"), "gzip");
  EXPECT_EQ(request.header("x-amz-target"), "");
  EXPECT_EQ(request.header("x-amz-security-token"), "session=token");

  const auto sent = metric_request(request);
  EXPECT_EQ(sent.metric_namespace, "billing");
  ASSERT_EQ(sent.data.size(), 1U);
  EXPECT_EQ(sent.data[0].name, "kclpp_leases_held");
  EXPECT_EQ(sent.data[0].dimensions, "application=billing,stream=orders,worker=w");
  EXPECT_EQ(sent.data[0].time, "2001-09-09T01:46:40.250Z");
  EXPECT_EQ(sent.data[0].sum, 2);

  // What was signed is what came, body and encoding included.
  const std::string authorization = request.header("authorization");
  EXPECT_NE(authorization.find("/eu-west-1/monitoring/aws4_request"), std::string::npos) << authorization;
  wire::RequestToSign to_sign;
  const std::string host = request.header("host");
  to_sign.host = host;
  to_sign.body = request.body;
  to_sign.headers = {{"Content-Type", request.header("content-type")}, {"Content-Encoding", "gzip"}};
  const std::string date = request.header("x-amz-date");  // 20260102T030405Z
  const auto at = parse_iso8601(date.substr(0, 4) + '-' + date.substr(4, 2) + '-' + date.substr(6, 5) + ':' +
                                date.substr(11, 2) + ':' + date.substr(13));
  ASSERT_TRUE(at) << date;
  wire::Signer signer("eu-west-1", "monitoring");
  const auto headers = signer.sign(to_sign, {"AKIDEXAMPLE", "top/secret+key", "session=token"}, *at);
  const auto signature = std::ranges::find(headers, "Authorization", [](const auto& header) { return header.name; });
  ASSERT_NE(signature, headers.end());
  EXPECT_EQ(signature->value, authorization);
}

TEST_F(CloudWatchSenderTest, ManyMetricsAreSeveralRequests) {
  ScriptedServer server(answering_first({}));
  options.names = CloudWatchNames::java_kcl;
  start(server.url());
  constexpr std::size_t kShards = 2'500;
  std::set<std::string> expected;
  for (std::size_t i = 0; i < kShards; ++i) {
    const std::string shard = "shardId-" + std::to_string(i);
    registry.counter("kclpp_records_processed_total", "", {{"shard", shard}})->add(i);
    expected.insert("Operation=ProcessTask,ShardId=" + shard);
  }
  sender->publish(registry.take_readings(time), time);
  EXPECT_TRUE(eventually([&] { return count("sent") == kShards; }));
  std::set<std::string> dimensions;
  const auto requests = server.requests();
  EXPECT_EQ(requests.size(), 3U);
  for (const ReceivedRequest& request : requests) {
    EXPECT_LT(request.body.size(), 40'000U) << "a few bytes a metric";
    const auto data = metric_request(request).data;
    EXPECT_LE(data.size(), 1'000U);
    for (const SentMetric& metric : data) EXPECT_TRUE(dimensions.insert(metric.dimensions).second);
  }
  EXPECT_EQ(dimensions, expected);
}

TEST_F(CloudWatchSenderTest, WhatIsThrottledOrBreaksTheServiceIsSentAgain) {
  ScriptedServer server(answering_first({error(400, "Throttling"), error(503, "ServiceUnavailable"),
                                         error(500, "InternalServiceFault"), error(400, "Throttling")}));
  start(server.url());
  publish();
  EXPECT_TRUE(eventually([&] { return count("sent") == 1; }));
  const auto requests = server.requests();
  EXPECT_EQ(requests.size(), 5U);
  for (const ReceivedRequest& request : requests) EXPECT_EQ(request.body, requests.front().body);
  EXPECT_EQ(count("dropped"), 0U);
  const std::vector<std::string> told{"credentials", "cloudwatch_failed", "cloudwatch_reached"};
  EXPECT_EQ(logged(), told) << "not for each try";
}

TEST_F(CloudWatchSenderTest, WhatIsRefusedIsDroppedAndTheNextIsSent) {
  ScriptedServer server(answering_first({error(400, "InvalidParameterValue")}));
  start(server.url());
  publish(1);
  EXPECT_TRUE(eventually([&] { return count("dropped") == 1; }));
  publish(2);
  EXPECT_TRUE(eventually([&] { return count("sent") == 1; }));
  const auto sent = sent_to(server);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[1].sum, 2);
}

TEST_F(CloudWatchSenderTest, WhatIsNotPermittedWaitsForThePermission) {
  ScriptedServer server(answering_first({error(403, "AccessDenied")}));
  start(server.url());
  publish();
  EXPECT_TRUE(eventually([&] { return count("sent") == 1; }));
  EXPECT_EQ(count("dropped"), 0U);
}

TEST_F(CloudWatchSenderTest, WhatIsNeverAnsweredIsSentThreeTimesAndDropped) {
  ScriptedServer server([](test::Wire& wire) { wire.read_request(); });
  start(server.url());
  publish();
  EXPECT_TRUE(eventually([&] { return count("dropped") == 1; }));
  EXPECT_EQ(server.requests().size(), 3U) << "each may have been carried out";
  EXPECT_EQ(count("failures"), 3U);
}

TEST_F(CloudWatchSenderTest, OfTooManyTheOldestAreDroppedAndCounted) {
  std::latch go_on{1};
  const auto first = std::make_shared<std::atomic<bool>>(true);
  ScriptedServer server(ScriptedServer::answering([&go_on, first](const ReceivedRequest&) {
    if (!first->exchange(false)) return taken();
    go_on.wait();
    return error(503, "ServiceUnavailable");
  }));
  options.max_backlog = 3;
  start(server.url());
  publish(1);
  EXPECT_TRUE(eventually([&] { return server.requests().size() == 1; }));
  for (int i = 2; i <= 10; ++i) publish(i);
  EXPECT_TRUE(eventually([&] { return count("dropped") == 7; }));
  go_on.count_down();
  EXPECT_TRUE(eventually([&] { return count("sent") == 3; }));
  std::vector<double> values;
  for (const SentMetric& metric : sent_to(server)) values.push_back(metric.sum);
  EXPECT_EQ(values, (std::vector<double>{1, 1, 9, 10})) << "what was under way came through at its second try";
  EXPECT_EQ(count("dropped"), 7U);
}

TEST_F(CloudWatchSenderTest, WhileNobodyIsThereTheLastMeasurementIsKeptWhole) {
  const test::RefusingPort port;
  options.names = CloudWatchNames::java_kcl;
  options.max_backlog = 3;
  start(port.url());
  for (int i = 0; i < 5; ++i) {
    registry.counter("kclpp_records_processed_total", "", {{"shard", std::to_string(i)}})->add();
  }
  for (int i = 0; i < 4; ++i) sender->publish(registry.take_readings(time), time);
  EXPECT_TRUE(eventually([&] { return count("dropped") == 15; }));
  EXPECT_EQ(count("sent"), 0U);
}

TEST_F(CloudWatchSenderTest, TheLastIsSentAtTheEnd) {
  ScriptedServer server(answering_first({}));
  start(server.url());
  publish(1);
  publish(2);
  sender.reset();
  const auto sent = sent_to(server);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[1].sum, 2);
  EXPECT_EQ(count("sent"), 2U);
  EXPECT_EQ(count("dropped"), 0U);
}

TEST_F(CloudWatchSenderTest, AServerThatNeverAnswersDoesNotHoldUpTheEnd) {
  ScriptedServer server([](test::Wire& wire) {
    wire.read_request();
    wire.wait_for_end();
  });
  options.last_send = milliseconds(50);
  start(server.url());
  publish(1);
  EXPECT_TRUE(eventually([&] { return server.requests().size() == 1; }));
  for (int i = 0; i < 100; ++i) publish(i);
  sender.reset();
  EXPECT_EQ(count("failures"), 0U) << "the call itself has more time";
  EXPECT_EQ(count("dropped"), 101U);
}

TEST_F(CloudWatchSenderTest, ServersThatTakeNoGzipGetNone) {
  ScriptedServer server(answering_first({}));
  variables.emplace("AWS_DISABLE_REQUEST_COMPRESSION", "true");
  start(server.url());
  publish();
  EXPECT_TRUE(eventually([&] { return count("sent") == 1; }));
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(server.requests()[0].header("content-encoding"), "");
  EXPECT_EQ(sent_to(server).size(), 1U);
}

TEST_F(CloudWatchSenderTest, WithoutMetricsNothingIsSent) {
  ScriptedServer server(answering_first({}));
  start(server.url());
  sender->publish({}, time);
  sender.reset();
  EXPECT_TRUE(server.requests().empty());
}

}  // namespace
}  // namespace kcl::sinks
