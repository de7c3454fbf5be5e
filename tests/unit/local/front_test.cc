// The whole server, over its socket.
#include "local/front.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "base/poll_loop.h"
#include "base/run_on.h"
#include "server/server.h"
#include "unit/server/http_client.h"
#include "wire/http_date.h"

namespace kcl::local {
namespace {

using server::HttpClient;

class FrontTest : public ::testing::Test {
 protected:
  ~FrontTest() override {
    base::run_on(loop_, [&] {
      server_.reset();
      front_.reset();
    });
  }

  void serve(FrontOptions options = {}) {
    base::run_on(loop_, [&] {
      front_.emplace(loop_, std::move(options), base::Random(1));
      EXPECT_FALSE(front_->create_stream("orders", 1).has_value());
      server_.emplace(loop_, server::ServerOptions{}, *front_);
    });
    client_.emplace(server_->port());
  }

  HttpClient::Answer call(const std::string& operation, const std::string& body) {
    client_->post("Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: Kinesis_20131202." + operation + "\r\n",
                  body);
    return client_->answer();
  }
  void faults(const std::string& plan) {
    HttpClient admin(server_->port());
    admin.send("PUT /_kclpp/faults HTTP/1.1\r\nContent-Length: " + std::to_string(plan.size()) + "\r\n\r\n" + plan);
    EXPECT_EQ(admin.answer().status, 200);
  }

  base::PollLoop loop_;
  std::optional<Front> front_;
  std::optional<server::Server> server_;
  std::optional<HttpClient> client_;
};

TEST_F(FrontTest, AnswersInTheProtocolItIsAskedIn) {
  serve();
  const auto answer = call("ListStreams", "{}");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.head.find("Content-Type: application/x-amz-json-1.1\r\n"), std::string::npos);
  EXPECT_NE(answer.head.find("x-amzn-RequestId: "), std::string::npos);
  EXPECT_TRUE(answer.body.starts_with(R"({"StreamNames":["orders"])")) << answer.body;
  client_->post("Content-Type: application/x-amz-cbor-1.1\r\nX-Amz-Target: Kinesis_20131202.ListStreams\r\n", "\xA0");
  const auto cbor = client_->answer();
  EXPECT_NE(cbor.head.find("Content-Type: application/x-amz-cbor-1.1\r\n"), std::string::npos);
  EXPECT_TRUE(cbor.body.starts_with("\xBF\x6BStreamNames\x9F\x66orders\xFF"));
}

TEST_F(FrontTest, RefusesAsAwsDoes) {
  serve();
  const auto unknown = call("GetRecord", "{}");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(unknown.body, R"({"__type":"UnknownOperationException","message":""})");
  EXPECT_TRUE(call("GetRecords", "{").body.starts_with(R"({"__type":"SerializationException")"));
  client_->post("Content-Type: text/plain\r\nX-Amz-Target: Kinesis_20131202.ListStreams\r\n", "{}");
  EXPECT_EQ(client_->answer().status, 404);
  client_->send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client_->answer().status, 404);
}

TEST_F(FrontTest, ServesOnlyWhoSignsWhenCredentialsAreGiven) {
  serve({.credentials = KnownCredentials{.access_key_id = "id", .secret_access_key = "secret"}});
  EXPECT_NE(call("ListStreams", "{}").body.find("MissingAuthenticationTokenException"), std::string::npos);
}

TEST_F(FrontTest, RefusesByAFaultWithoutCarryingItOut) {
  serve();
  faults(R"({"rules":[{"fault":"kms_throttling","operation":"PutRecord"},)"
         R"({"fault":"internal_failure","operation":"ListShards"}]})");
  const std::string put = R"({"StreamName":"orders","PartitionKey":"k","Data":"YQ=="})";
  EXPECT_TRUE(call("PutRecord", put).body.starts_with(R"({"__type":"KMSThrottlingException")"));
  EXPECT_EQ(call("ListShards", R"({"StreamName":"orders"})").status, 500);
  HttpClient admin(server_->port());
  admin.send("GET /_kclpp/faults HTTP/1.1\r\n\r\n");
  EXPECT_NE(admin.answer().body.find(R"("hits":1)"), std::string::npos);
  admin.send("DELETE /_kclpp/faults HTTP/1.1\r\n\r\n");
  EXPECT_EQ(admin.answer().status, 200);
  EXPECT_EQ(call("PutRecord", put).status, 200);
}

TEST_F(FrontTest, SpeaksJsonAloneByAFault) {
  serve();
  faults(R"({"rules":[{"fault":"no_cbor"}]})");
  EXPECT_EQ(call("ListStreams", "{}").status, 200);
  client_->post("Content-Type: application/x-amz-cbor-1.1\r\nX-Amz-Target: Kinesis_20131202.ListStreams\r\n", "\xA0");
  const auto refused = client_->answer();
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("UnknownOperationException"), std::string::npos);
}

TEST_F(FrontTest, LosesAnswersBeforeAndAfterItCarriesOut) {
  serve();
  const std::string create = R"({"StreamName":"more","ShardCount":1})";
  faults(R"({"rules":[{"fault":"reset_before","operation":"CreateStream"}]})");
  EXPECT_EQ(call("CreateStream", create).status, 0);
  client_.emplace(server_->port());
  EXPECT_EQ(call("ListStreams", "{}").body.find("more"), std::string::npos);
  faults(R"({"rules":[{"fault":"reset_after","operation":"CreateStream"}]})");
  EXPECT_EQ(call("CreateStream", create).status, 0);
  EXPECT_TRUE(client_->was_reset());
  client_.emplace(server_->port());
  EXPECT_NE(call("ListStreams", "{}").body.find("more"), std::string::npos);
}

TEST_F(FrontTest, TruncatesDelaysAndSkews) {
  serve();
  faults(R"({"rules":[{"fault":"truncate"}]})");
  const auto cut = call("ListStreams", "{}");
  EXPECT_EQ(cut.status, 200);
  EXPECT_FALSE(cut.body.ends_with("}"));
  client_.emplace(server_->port());
  faults(R"({"rules":[{"fault":"clock_skew","skew_ms":-7200000},{"fault":"slow","delay_ms":20}]})");
  const auto late = call("ListStreams", "{}");
  EXPECT_TRUE(late.body.ends_with("}"));
  const std::size_t date = late.head.find("Date: ") + 6;
  const auto said = wire::parse_http_date(late.head.substr(date, late.head.find('\r', date) - date));
  ASSERT_TRUE(said.has_value());
  EXPECT_LT(*said, loop_.wall() - std::chrono::minutes(119));
}

TEST_F(FrontTest, SaysWhatIsWrongWithAPlan) {
  serve();
  client_->send("PUT /_kclpp/faults HTTP/1.1\r\nContent-Length: 13\r\n\r\n{\"rules\":[{}]");
  const auto answer = client_->answer();
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("not JSON"), std::string::npos);
  client_->send("GET /_kclpp/health HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client_->answer().status, 200);
}

}  // namespace
}  // namespace kcl::local
