#include "aws/service_client.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/aws/service_client_fixture.h"
#include "wire/sigv4.h"

namespace kcl::aws {
namespace {

using namespace std::chrono_literals;
using test::ReceivedRequest;
using test::RefusingPort;
using test::ScriptedServer;
using test::Wire;
using Kind = CallError::Kind;

constexpr auto kMinute = 60s;
constexpr std::size_t kMaxAttempts = 4;
/// Of a deadline that is to come after the request went out.
constexpr auto kEnoughToSend = 300ms;

// --- what goes out ---

TEST_F(ServiceClientTest, SignsWhatItSends) {
  ScriptedServer server(playing({answering(200, "{}", "Content-Type: application/x-amz-json-1.0\r\n")}));
  connect(server.port(), Service::dynamodb, "/prefix");
  auto answer = call(read());
  ASSERT_TRUE(answer.value) << answer.value.error().message;
  EXPECT_EQ(*answer.value->body, "{}");
  EXPECT_EQ(answer.value->content_type, "application/x-amz-json-1.0");

  const ReceivedRequest sent = server.requests().at(0);
  EXPECT_EQ(sent.method, "POST");
  EXPECT_EQ(sent.target, "/prefix");
  EXPECT_EQ(sent.body, read().body);
  EXPECT_EQ(sent.header("host"), "127.0.0.1:" + std::to_string(server.port()));
  EXPECT_EQ(sent.header("x-amz-target"), read().target);
  EXPECT_EQ(sent.header("content-type"), read().content_type);
  EXPECT_EQ(sent.header("x-amz-security-token"), kTestCredentials.session_token);

  wire::RequestToSign to_sign;
  const std::string host = sent.header("host");
  to_sign.host = host;
  to_sign.path = "/prefix";
  to_sign.body = sent.body;
  to_sign.headers = {{"content-type", sent.header("content-type")}, {"x-amz-target", sent.header("x-amz-target")}};
  wire::Signer signer("eu-west-1", "dynamodb");
  const auto headers = signer.sign(
      to_sign, {kTestCredentials.access_key_id, kTestCredentials.secret_access_key, kTestCredentials.session_token},
      amz_date(sent.header("x-amz-date")));
  bool compared = false;
  for (const auto& [name, value] : headers) {
    if (name != "Authorization") continue;
    EXPECT_EQ(sent.header("authorization"), value);
    compared = true;
  }
  EXPECT_TRUE(compared);
  EXPECT_LT(std::chrono::abs(amz_date(sent.header("x-amz-date")) - base::wall_now()), kMinute);
}

TEST_F(ServiceClientTest, SignsForTheServiceByItsOwnName) {
  for (const auto& [service, name] : {std::pair(Service::kinesis, "kinesis"),
                                      {Service::dynamodb, "dynamodb"},
                                      {Service::cloudwatch, "monitoring"},
                                      {Service::sts, "sts"}}) {
    ScriptedServer server(playing({answering(200, "{}")}));
    connect(server.port(), service);
    EXPECT_TRUE(call(read()).value);
    const std::string scope = std::string("/eu-west-1/") + name + "/aws4_request";
    EXPECT_NE(server.requests().at(0).header("authorization").find(scope), std::string::npos) << name;
  }
}

// --- what is sent again ---

TEST_F(ServiceClientTest, ARepeatableRequestIsSentAgainAfterAnyDoubt) {
  for (const auto& [name, trouble] : doubts()) {
    ScriptedServer server(playing({trouble, answering(200, "{}")}));
    connect(server.port());
    const auto answer = call(read());
    EXPECT_TRUE(answer.value) << name << ": " << answer.value.error().message;
    EXPECT_EQ(server.requests().size(), 2U) << name;
  }
}

TEST_F(ServiceClientTest, AWriteThatMayHaveBeenDoneIsNeverSentAgain) {
  for (const auto& [name, trouble] : doubts()) {
    ScriptedServer server(playing({trouble, answering(200, "{}")}));
    connect(server.port());
    SCOPED_TRACE(name);
    expect(failure(write()), Kind::unavailable, false, "127.0.0.1");
    EXPECT_EQ(server.requests().size(), 1U);
  }
}

/// libcurl repeats by itself what was sent on a connection that it had kept, and that ended before the answer began.
TEST_F(ServiceClientTest, AWriteIsNotSentAgainWhenAKeptConnectionEnds) {
  for (const auto& [name, trouble] : {Trouble{"reset", reset()}, Trouble{"hung up", hang_up()}}) {
    ScriptedServer server(playing({answering(200, "{}"), trouble, error("ThrottlingException")}));
    connect(server.port());
    EXPECT_TRUE(call(write()).value);
    SCOPED_TRACE(name);
    expect(failure(write()), Kind::unavailable, false, "127.0.0.1");
    EXPECT_EQ(server.requests().size(), 2U);
  }
}

TEST_F(ServiceClientTest, AReadGivesUpAfterFourAttempts) {
  ScriptedServer server(playing(std::vector<Turn>(8, error("InternalServerError", 500))));
  connect(server.port());
  expect(failure(read()), Kind::unavailable, false, "InternalServerError: because");
  EXPECT_EQ(server.requests().size(), kMaxAttempts);
}

TEST_F(ServiceClientTest, AThrottledWriteIsSentAgain) {
  ScriptedServer server(playing(
      {error("ProvisionedThroughputExceededException"), error("ThrottlingException", 503), answering(200, "{}")}));
  connect(server.port());
  EXPECT_TRUE(call(write()).value);
  EXPECT_EQ(server.requests().size(), 3U);
}

TEST_F(ServiceClientTest, AWriteThatStaysThrottledIsNotDone) {
  ScriptedServer server(playing(std::vector<Turn>(8, error("RequestLimitExceeded"))));
  connect(server.port());
  const auto told = failure(write());
  expect(told, Kind::throttled, true, "RequestLimitExceeded: because");
  EXPECT_EQ(told.code, "RequestLimitExceeded");
  EXPECT_EQ(server.requests().size(), kMaxAttempts);
}

TEST_F(ServiceClientTest, AThrottledWriteWhoseNextCopyIsNotAnsweredMayHaveBeenDone) {
  ScriptedServer server(
      playing({error("ThrottlingException"), error("InternalServerError", 500), answering(200, "{}")}));
  connect(server.port());
  expect(failure(write()), Kind::unavailable, false);
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(ServiceClientTest, ThrottlingIsLeftToWhoeverWantsToSlowDownByItself) {
  ScriptedServer server(playing({error("ProvisionedThroughputExceededException"), answering(200, "{}")}));
  connect(server.port());
  auto request = read();
  request.retry_when_throttled = false;
  expect(failure(request), Kind::throttled, true);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(ServiceClientTest, AWriteThatCannotBeSentIsTriedAgainAndNotDone) {
  const RefusingPort nobody;
  connect(nobody.port());
  const auto before = loop_.now();
  expect(failure(write()), Kind::unavailable, true, std::to_string(nobody.port()));
  EXPECT_GE(loop_.now() - before, 175ms);  // at least half of each of its three back-offs: 50, 100 and 200 ms
}

TEST_F(ServiceClientTest, AnAnswerThatIsTooLongIsNoAnswer) {
  ScriptedServer server(playing({answering(200, std::string(2'000, 'x'))}));
  connect(server.port());
  auto request = write();
  request.max_answer_bytes = 1'000;
  expect(failure(request), Kind::unavailable, false);
}

// --- whom we do not trust ---

TEST_F(ServiceClientTest, AServerWhoseCertificateIsNotTrustedIsAskedOnce) {
  ScriptedServer server(playing({answering(200, "{}")}), test::make_certificate());
  connect(server.port(), Service::dynamodb, "/", static_credentials(kTestCredentials), "https");
  expect(failure(read(), kMinute), Kind::untrusted, true, "certificate");
  EXPECT_EQ(server.connections(), 1U);
  EXPECT_EQ(server.requests().size(), 0U);
}

// --- what is refused ---

TEST_F(ServiceClientTest, ARefusalIsTheServicesLastWord) {
  for (const auto& request : {read(), write()}) {
    ScriptedServer server(playing({error("ValidationException"), answering(200, "{}")}));
    connect(server.port());
    const auto told = failure(request);
    expect(told, Kind::refused, true, "127.0.0.1:" + std::to_string(server.port()) + ": ValidationException: because");
    EXPECT_EQ(told.code, "ValidationException");
    EXPECT_EQ(server.requests().size(), 1U);
  }
}

TEST_F(ServiceClientTest, ARefusedConditionTellsTheRowIfTheServiceDoes) {
  const std::string with_row =
      R"({"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","Message":"no",)"
      R"("Item":{"leaseKey":{"S":"k"},"n":{"N":"7"}}})";
  ScriptedServer server(playing({answering(400, with_row), error("ConditionalCheckFailedException")}));
  connect(server.port());
  const auto told = failure(write());
  expect(told, Kind::refused, true);
  EXPECT_EQ(told.code, "ConditionalCheckFailedException");
  EXPECT_EQ(told.item, (Item{{"leaseKey", "k"}, {"n", Number::of(7)}}));
  EXPECT_EQ(failure(write()).item, std::nullopt);
}

TEST_F(ServiceClientTest, DeniedIsNotSentAgain) {
  ScriptedServer server(playing({error("AccessDeniedException"), answering(200, "{}")}));
  connect(server.port());
  expect(failure(read()), Kind::denied, true, "AccessDeniedException");
  EXPECT_EQ(server.requests().size(), 1U);
}

// --- deadlines ---

TEST_F(ServiceClientTest, AnswersByItsDeadlineWhileTheServerIsSilent) {
  ScriptedServer server(playing({silence(), silence()}));
  connect(server.port());
  expect(failure(write(), kEnoughToSend), Kind::unavailable, false);
  expect(failure(read(), kEnoughToSend), Kind::unavailable, false);
}

TEST_F(ServiceClientTest, AnswersByItsDeadlineWhileTheProviderIsSilent) {
  const auto provider = std::make_shared<Silent>();
  ScriptedServer server(playing({answering(200, "{}")}));
  connect(server.port(), Service::dynamodb, "/", provider);
  expect(failure(write(), 50ms), Kind::unavailable, true, "provider did not answer in time");
  EXPECT_EQ(server.requests().size(), 0U);
  provider->let_go();
}

TEST_F(ServiceClientTest, ADeadlineThatIsOverSendsNothing) {
  ScriptedServer server(playing({answering(200, "{}")}));
  connect(server.port());
  expect(failure(write(), -1s), Kind::unavailable, true);
  EXPECT_EQ(server.requests().size(), 0U);
}

TEST_F(ServiceClientTest, IsGivenUpWhereverItWaits) {
  ScriptedServer server(playing(std::vector<Turn>(8, error("ThrottlingException"))));
  connect(server.port());
  loop_.run_and_wait([this] {
    scope_->spawn("given up", [](ServiceClient& service, base::BootTime deadline) -> base::Task<void> {
      auto request = write();
      auto answer = co_await service.call(std::move(request), deadline);
      ADD_FAILURE() << "it answered";
    }(*service_, loop_.now() + kPatience));
  });
  abandon();
}

}  // namespace
}  // namespace kcl::aws
