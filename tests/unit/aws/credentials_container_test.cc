#include <gtest/gtest.h>

#include <string>

#include "unit/aws/provider_test.h"

namespace kcl::aws {
namespace {

constexpr const char* kRelative = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
constexpr const char* kFull = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
constexpr const char* kTokenFile = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
constexpr const char* kToken = "AWS_CONTAINER_AUTHORIZATION_TOKEN";

class Container : public ProviderTest {
 protected:
  CredentialsResult ask(Environment::Variables variables, const Call& call = {}) {
    return of(container_place(context(std::move(variables)))->ask(call));
  }
  void serve_keys() {
    serve([](const Request&) { return local_keys("FROM-CONTAINER", "2026-11-23T10:00:00Z"); });
  }
};

TEST_F(Container, AsksTheAddressOfEcs) {
  serve_keys();
  const auto found = ask({{kRelative, "/v2/credentials/uuid?a=b"}});
  ASSERT_TRUE(found) << error(found);
  EXPECT_EQ(found->access_key_id, "FROM-CONTAINER");
  EXPECT_EQ(found->session_token, "TOKEN");
  EXPECT_EQ(found->expiration, parse_iso8601("2026-11-23T10:00:00Z"));
  EXPECT_EQ(found->source, "the container's service (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI)");
  const auto request = server_->requests().at(0);
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.target, "/v2/credentials/uuid?a=b");
  EXPECT_EQ(request.header("accept"), "application/json");
  EXPECT_EQ(request.header("authorization"), "");
  EXPECT_EQ(asked().at(0), "http://169.254.170.2");
  EXPECT_FALSE(proxied_.at(0)) << "only this host can reach it";
}

TEST_F(Container, AsksThePodIdentityAgentWithTheTokenOfAFileThatIsReplaced) {
  serve_keys();
  home_.write("token", "first");
  const auto place = container_place(context(
      {{kFull, "http://169.254.170.23/v1/credentials"}, {kTokenFile, home_.path() + "/token"}, {kToken, "not-this"}}));
  ASSERT_TRUE(of(place->ask({})));
  home_.write("token", "second");
  ASSERT_TRUE(of(place->ask({})));
  EXPECT_EQ(server_->requests().at(0).target, "/v1/credentials");
  EXPECT_EQ(server_->requests().at(0).header("authorization"), "first");
  EXPECT_EQ(server_->requests().at(1).header("authorization"), "second");
  EXPECT_EQ(asked().at(0), "http://169.254.170.23");
}

TEST_F(Container, TakesTheTokenOfTheEnvironment) {
  serve_keys();
  ASSERT_TRUE(ask({{kFull, "http://localhost/x"}, {kToken, "Basic abc"}}));
  EXPECT_EQ(server_->requests().at(0).header("authorization"), "Basic abc");
}

TEST_F(Container, PrefersTheRelativeUri) {
  serve_keys();
  ASSERT_TRUE(ask({{kRelative, "/own"}, {kFull, "http://localhost/other"}}));
  EXPECT_EQ(server_->requests().at(0).target, "/own");
}

TEST_F(Container, AsksOnlyHostsThatMayBeAskedInTheClear) {
  serve_keys();
  for (const char* url : {"http://127.0.0.1/c", "http://127.8.9.10:81/c", "http://localhost:1234/c", "http://[::1]/c",
                          "http://169.254.170.2/c", "http://169.254.170.23/c", "http://[fd00:ec2::23]/c",
                          "http://[FD00:EC2::23]:80/c", "https://example.com/c", "HTTPS://8.8.8.8/c"}) {
    const auto found = ask({{kFull, url}});
    EXPECT_TRUE(found) << url << ": " << error(found);
  }
  const std::size_t fine = server_->requests().size();
  for (const char* url :
       {"http://example.com/c", "http://169.254.169.254/c", "http://169.254.170.24/c", "http://128.0.0.1/c",
        "http://localhost.example.com/c", "http://127.0.0.1.example.com/c", "http://127.0.0.1@example.com/c",
        "http://example.com\\@127.0.0.1/c", "http://[fd00:ec2::24]/c", "http://[::1]example.com/c", "http:///c",
        "http://", "ftp://127.0.0.1/c", "/v2/credentials", "169.254.170.2", "http://0.0.0.0/c", "http://[::]/c"}) {
    const auto found = ask({{kFull, url}});
    ASSERT_FALSE(found) << url;
    EXPECT_FALSE(found.error().retryable) << url;
    EXPECT_TRUE(mentions(found, "AWS_CONTAINER_CREDENTIALS_FULL_URI: ")) << error(found);
  }
  EXPECT_EQ(server_->requests().size(), fine) << "nobody was asked";
  EXPECT_TRUE(mentions(ask({{kRelative, "@example.com/"}}), "it begins with no '/'"));
}

TEST_F(Container, AProxyIsOnlyForWhatIsEncrypted) {
  serve_keys();
  ASSERT_TRUE(ask({{kFull, "http://127.0.0.1/c"}}));
  ASSERT_TRUE(ask({{kFull, "https://example.com/c"}}));
  EXPECT_EQ(proxied_, (std::vector<bool>{false, true}));
}

TEST_F(Container, IsNotSetUpWithoutAUri) {
  EXPECT_EQ(error(ask({})),
            "nothing: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and "
            "AWS_CONTAINER_CREDENTIALS_FULL_URI not set");
}

TEST_F(Container, SaysWhatIsWrongWithTheToken) {
  serve_keys();
  const std::string file = home_.path() + "/token";
  const Environment::Variables with_file = {{kFull, "http://localhost/"}, {kTokenFile, file}};
  EXPECT_TRUE(mentions(ask(with_file), file + " (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE) cannot be read"));
  home_.write("token", "");
  EXPECT_TRUE(mentions(ask(with_file), "is empty"));
  home_.write("token", "TOKEN\r\nHost: example.com");
  EXPECT_TRUE(mentions(ask(with_file), "holds a line end"));
  EXPECT_FALSE(mentions(ask(with_file), "example.com"));
  EXPECT_TRUE(
      mentions(ask({{kFull, "http://localhost/"}, {kToken, "a\nb"}}), "AWS_CONTAINER_AUTHORIZATION_TOKEN holds"));
  EXPECT_TRUE(server_->requests().empty());
}

TEST_F(Container, TellsARefusalAndWhetherItMayPass) {
  for (const int status : {400, 403, 404, 429, 500, 503}) {
    serve([status](const Request&) {
      return test::answer(status, R"({"code":"AccessDenied","message":"no association"})");
    });
    const auto found = ask({{kRelative, "/c"}});
    ASSERT_FALSE(found) << status;
    EXPECT_EQ(found.error().retryable, status == 429 || status >= 500) << status;
    EXPECT_EQ(error(found),
              "the container's credentials (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI): AccessDenied: no association");
  }
}

TEST_F(Container, RefusesAnAnswerThatHoldsNoCredentials) {
  for (const char* body : {"", "[]", "{}", R"({"AccessKeyId":"A"})", R"({"AccessKeyId":"A","SecretAccessKey":7})",
                           "<html>", R"({"AccessKeyId":"A","SecretAccessKey":"SECRET","Expiration":"soon"})",
                           R"({"Code":"Failed","Message":"no role","AccessKeyId":"A","SecretAccessKey":"SECRET"})"}) {
    serve([body](const Request&) { return test::answer(200, body); });
    const auto found = ask({{kRelative, "/c"}});
    ASSERT_FALSE(found) << body;
    EXPECT_TRUE(found.error().retryable) << body;
    EXPECT_FALSE(mentions(found, "SECRET"));
  }
}

TEST_F(Container, DoesNotWaitForEver) {
  serve_silence();
  const auto found = ask({{kRelative, "/c"}}, hasty());
  ASSERT_FALSE(found);
  EXPECT_TRUE(found.error().retryable);
}

}  // namespace
}  // namespace kcl::aws
