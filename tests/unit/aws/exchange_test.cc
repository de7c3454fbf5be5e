#include "aws/exchange.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "unit/aws/home.h"
#include "unit/http/scripted_server.h"

namespace kcl::aws {
namespace {

using test::ScriptedServer;

class ExchangeTest : public ::testing::Test {
 protected:
  ExchangeTest() {
    for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) ::unsetenv(name);
    home_.write("authority.pem", certificate_.certificate);
  }
  Result<http::Response, http::Error> ask(Environment::Variables variables, const std::string& profile = "") {
    http::Request request;
    request.method = "GET";
    request.url = server_.url();
    return over_network(home_.environment(std::move(variables)), profile)(std::move(request), Call{});
  }

  Home home_;
  test::Certificate certificate_ = test::make_certificate();
  ScriptedServer server_{
      ScriptedServer::answering([](const test::ReceivedRequest&) { return test::answer(200, "ok"); }), certificate_};
};

TEST_F(ExchangeTest, TrustsWhomTheEnvironmentOrTheProfileNames) {
  const std::string authority = home_.path() + "/authority.pem";
  auto answer = ask({});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, http::Error::Kind::untrusted);
  answer = ask({{"AWS_CA_BUNDLE", authority}});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(*answer->body, "ok");
  EXPECT_TRUE(server_.requests().at(0).header("user-agent").starts_with("kclpp/"));
  home_.config("[profile x]\nca_bundle = " + authority + "\n");
  EXPECT_TRUE(ask({}, "x"));
  EXPECT_TRUE(ask({{"AWS_PROFILE", "x"}}));
  EXPECT_FALSE(ask({}));
}

TEST(AtMost, ShortensACallOnly) {
  using std::chrono::milliseconds;
  EXPECT_EQ(at_most({.timeout = milliseconds(10), .stop = {}}, milliseconds(20)).timeout, milliseconds(10));
  EXPECT_EQ(at_most({.timeout = milliseconds(30), .stop = {}}, milliseconds(20)).timeout, milliseconds(20));
}

}  // namespace
}  // namespace kcl::aws
