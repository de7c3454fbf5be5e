// In whose name a service client signs, and for what time.
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "unit/aws/service_client_fixture.h"
#include "wire/http_date.h"

namespace kcl::aws {
namespace {

using namespace std::chrono_literals;
using test::ScriptedServer;
using Kind = CallError::Kind;

constexpr auto kMinute = 60s;

// --- credentials ---

TEST_F(ServiceClientTest, ExpiredCredentialsAreRenewedOnceEvenForAWrite) {
  const auto provider = std::make_shared<Queue>(std::deque<CredentialsResult>{keys("OLD"), keys("NEW")});
  ScriptedServer server(playing({error("ExpiredTokenException"), answering(200, "{}")}));
  connect(server.port(), Service::dynamodb, "/", provider);
  EXPECT_TRUE(call(write()).value);
  const auto seen = server.requests();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(access_key_of(seen[0]), "OLD");
  EXPECT_EQ(access_key_of(seen[1]), "NEW");
  EXPECT_EQ(provider->refused(), std::vector<std::string>{"OLD"});
}

TEST_F(ServiceClientTest, CredentialsThatAreExpiredAgainAreDenied) {
  const auto provider = std::make_shared<Queue>(std::deque<CredentialsResult>{keys("OLD"), keys("NEW")});
  ScriptedServer server(
      playing({error("ExpiredTokenException"), error("ExpiredTokenException"), answering(200, "{}")}));
  connect(server.port(), Service::dynamodb, "/", provider);
  expect(failure(read()), Kind::denied, true, "ExpiredTokenException");
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(ServiceClientTest, WithoutCredentialsNothingIsSent) {
  CredentialsError none;
  none.message = "no AWS credentials: look there";
  const auto provider = std::make_shared<Queue>(std::deque<CredentialsResult>{Failure{none}});
  ScriptedServer server(playing({}));
  connect(server.port(), Service::dynamodb, "/", provider);
  expect(failure(write()), Kind::denied, true, "no AWS credentials: look there");
  EXPECT_EQ(server.requests().size(), 0U);
}

TEST_F(ServiceClientTest, CredentialsThatMayComeAreWaitedFor) {
  CredentialsError later;
  later.retryable = true;
  later.message = "the metadata service is busy";
  const auto provider = std::make_shared<Queue>(std::deque<CredentialsResult>{Failure{later}, keys("NEW")});
  ScriptedServer server(playing({answering(200, "{}")}));
  connect(server.port(), Service::dynamodb, "/", provider);
  EXPECT_TRUE(call(write()).value);
}

TEST_F(ServiceClientTest, NoMessageHoldsASecret) {
  const std::string echo = R"({"__type":"InvalidSignatureException","message":"The request signature we calculated )"
                           R"(does not match. The Canonical String for this request should have been )"
                           R"(x-amz-security-token:session=token"})";
  std::vector<Turn> troubles{answering(403, echo), error("ExpiredTokenException"), error("ExpiredTokenException"),
                             error("AccessDeniedException")};
  const std::size_t calls = 3;
  ScriptedServer server(playing(troubles));
  connect(server.port());
  for (std::size_t i = 0; i < calls; ++i) {
    const auto told = failure(write());
    for (const auto& secret : {kTestCredentials.secret_access_key, kTestCredentials.session_token}) {
      EXPECT_EQ(told.message.find(secret), std::string::npos) << told.message;
    }
  }
  for (const auto& [name, trouble] : doubts()) {
    ScriptedServer another(playing({trouble}));
    connect(another.port());
    const auto told = failure(write());
    for (const auto& secret : {kTestCredentials.secret_access_key, kTestCredentials.session_token}) {
      EXPECT_EQ(told.message.find(secret), std::string::npos) << told.message;
    }
  }
}

// --- clocks ---

TEST_F(ServiceClientTest, AClockThatIsWrongIsCorrectedAndStaysSo) {
  for (const char* code : {"InvalidSignatureException", "RequestTimeTooSkewed", "RequestExpired"}) {
    for (const auto off : {+3600s, -3600s}) {
      ScriptedServer server(
          playing({error(code, 403, date_header(off)), answering(200, "{}"), answering(200, "{}", date_header(off))}));
      connect(server.port());
      EXPECT_TRUE(call(write()).value) << code;
      EXPECT_TRUE(call(write()).value) << code;
      const auto seen = server.requests();
      ASSERT_EQ(seen.size(), 3U) << code;
      EXPECT_LT(std::chrono::abs(amz_date(seen[0].header("x-amz-date")) - base::wall_now()), kMinute);
      for (const std::size_t later : {1U, 2U}) {
        const auto signed_at = amz_date(seen[later].header("x-amz-date"));
        EXPECT_LT(std::chrono::abs(signed_at - (base::wall_now() + off)), kMinute) << code;
      }
    }
  }
}

TEST_F(ServiceClientTest, AWrongSignatureUnderARightClockIsDeniedAtOnce) {
  ScriptedServer server(playing({error("InvalidSignatureException", 403, date_header(0s)), answering(200, "{}")}));
  connect(server.port());
  expect(failure(read()), Kind::denied, true, "InvalidSignatureException");
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(ServiceClientTest, AClockIsCorrectedOncePerCall) {
  ScriptedServer server(playing({error("RequestTimeTooSkewed", 403, date_header(3600s)),
                                 error("RequestTimeTooSkewed", 403, date_header(-3600s)), answering(200, "{}")}));
  connect(server.port());
  expect(failure(read()), Kind::denied, true);
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(ServiceClientTest, AWrongDateWithoutARefusedSignatureChangesNothing) {
  ScriptedServer server(playing({answering(200, "{}", date_header(3600s)),
                                 error("ValidationException", 400, date_header(3600s)), answering(200, "{}")}));
  connect(server.port());
  EXPECT_TRUE(call(read()).value);
  expect(failure(read()), Kind::refused, true);
  EXPECT_TRUE(call(read()).value);
  for (const auto& request : server.requests()) {
    EXPECT_LT(std::chrono::abs(amz_date(request.header("x-amz-date")) - base::wall_now()), kMinute);
  }
}

TEST_F(ServiceClientTest, ARefusalWithoutADateUnlearnsNothing) {
  ScriptedServer server(playing({error("RequestTimeTooSkewed", 403, date_header(3600s)), answering(200, "{}"),
                                 error("InvalidSignatureException", 403), answering(200, "{}")}));
  connect(server.port());
  EXPECT_TRUE(call(read()).value);
  expect(failure(read()), Kind::denied, true);
  EXPECT_TRUE(call(read()).value);
  EXPECT_LT(std::chrono::abs(amz_date(server.requests().back().header("x-amz-date")) - (base::wall_now() + 3600s)),
            kMinute);
}

TEST_F(ServiceClientTest, TheServersTimeIsItsDate) {
  const auto told = wire::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
  const std::string header = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
  ScriptedServer server(playing({answering(200, "{}", header), error("ValidationException", 400, header)}));
  connect(server.port());
  for (int i = 0; i < 2; ++i) {
    const auto answer = call(read());
    EXPECT_EQ(answer.timing.server_time, told);
    EXPECT_LT(answer.timing.sent, answer.timing.received);
  }
}

TEST_F(ServiceClientTest, WithoutADateTheHostsClockCounts) {
  ScriptedServer server(playing({answering(200, "{}"), answering(200, "{}", "Date: yesterday\r\n")}));
  connect(server.port());
  for (int i = 0; i < 2; ++i) {
    const auto answer = call(read());
    ASSERT_TRUE(answer.timing.server_time);
    EXPECT_LT(std::chrono::abs(*answer.timing.server_time - base::wall_now()), kMinute);
  }
}

TEST_F(ServiceClientTest, WithoutAnAnswerNobodyKnowsTheServersTime) {
  ScriptedServer server(playing({reset()}));
  connect(server.port());
  EXPECT_FALSE(call(write()).timing.server_time);
}

TEST_F(ServiceClientTest, TheTimingIsOfTheLastAttempt) {
  ScriptedServer server(playing({error("ThrottlingException"), answering(200, "{}")}));
  connect(server.port());
  const auto before = loop_.now();
  const auto answer = call(write());
  EXPECT_TRUE(answer.value);
  EXPECT_GT(answer.timing.sent - before, 20ms);  // half of the first back-off lies between
}

}  // namespace
}  // namespace kcl::aws
