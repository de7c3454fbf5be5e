// IAM Identity Center.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/sha1.h"
#include "base/sha256.h"
#include "unit/aws/provider_test.h"

namespace kcl::aws {
namespace {

constexpr const char* kUrl = "https://d-example.awsapps.com/start";

class Sso : public ProviderTest {
 protected:
  Sso() {
    std::filesystem::create_directories(home_.path() + "/.aws/sso/cache");
    home_.config(
        std::string("[profile dev]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Reader\n") +
        "[sso-session corp]\nsso_region = us-east-2\nsso_start_url = " + kUrl + "\n" +
        "[profile old]\nsso_account_id = 123456789012\nsso_role_name = Reader\nsso_region = us-west-2\n" +
        "sso_start_url = " + kUrl + "\n");
    serve([this](const Request& request) { return reply(request); });
  }

  std::string reply(const Request& request) {
    if (request.target == "/token") return renewal_;
    return role_;
  }
  std::string token_path(const std::string& name) const {
    return ".aws/sso/cache/" + base::hex(base::sha1(name)) + ".json";
  }
  void log_in(const std::string& name, const std::string& expires_at, const std::string& more = "") {
    home_.write(token_path(name),
                R"({"startUrl":"x","accessToken":"SSO-TOKEN","expiresAt":")" + expires_at + "\"" + more + "}");
  }
  std::string left(const std::string& name) const {
    std::ifstream file(home_.path() + "/" + token_path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  CredentialsResult ask(const std::string& profile, Environment::Variables variables = {}, const Call& call = {}) {
    return of(profile_place(profile, context(std::move(variables)))->ask(call));
  }

  static constexpr const char* kRenewable =
      R"(,"refreshToken":"OLD-REFRESH","clientId":"id","clientSecret":"CLIENT-SECRET",)"
      R"("registrationExpiresAt":"2027-01-01T00:00:00Z")";
  // 2026-11-23T08:00:00Z
  std::string role_ = test::answer(
      200, R"({"roleCredentials":{"accessKeyId":"SSO-KEY","secretAccessKey":"SECRET","sessionToken":"TOKEN",)"
           R"("expiration":1795420800000}})");
  std::string renewal_ = test::answer(
      200, R"({"accessToken":"NEW-TOKEN","expiresIn":28800,"refreshToken":"NEW-REFRESH","tokenType":"Bearer"})");
};

TEST_F(Sso, TradesTheTokenOfTheLoginForTheCredentialsOfTheRole) {
  log_in("corp", "2026-11-23T09:00:00Z");
  const auto found = ask("dev");
  ASSERT_TRUE(found) << error(found);
  EXPECT_EQ(found->access_key_id, "SSO-KEY");
  EXPECT_EQ(found->secret_access_key, "SECRET");
  EXPECT_EQ(found->session_token, "TOKEN");
  EXPECT_EQ(found->expiration, parse_iso8601("2026-11-23T08:00:00Z"));
  EXPECT_EQ(found->source, "profile 'dev' (IAM Identity Center, Reader in account 123456789012)");
  const auto request = server_->requests().at(0);
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.target, "/federation/credentials?role_name=Reader&account_id=123456789012");
  EXPECT_EQ(request.header("x-amz-sso_bearer_token"), "SSO-TOKEN");
  EXPECT_EQ(request.header("authorization"), "");
  EXPECT_EQ(asked().at(0), "https://portal.sso.us-east-2.amazonaws.com");
}

TEST_F(Sso, KnowsProfilesWithoutASession) {
  log_in(kUrl, "2026-11-23T09:00:00UTC");
  ASSERT_TRUE(ask("old")) << error(ask("old"));
  EXPECT_EQ(asked().at(0), "https://portal.sso.us-west-2.amazonaws.com");
}

TEST_F(Sso, FindsTheTokenWhereTheAwsCliLeavesIt) {
  EXPECT_EQ(token_path("corp"), ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json");
  EXPECT_EQ(token_path(kUrl), ".aws/sso/cache/0861e43e62f13451ae8226fbcd2cc4bb2f95e548.json");
}

TEST_F(Sso, SaysHowToLogIn) {
  EXPECT_EQ(error(ask("dev")), "nobody is logged in for profile 'dev' (" + home_.credentials_path() + ", " +
                                   home_.config_path() + "): run `aws sso login --profile dev`");
  log_in("corp", "2026-11-23T03:59:59Z");
  const auto expired = ask("dev");
  ASSERT_FALSE(expired);
  EXPECT_FALSE(expired.error().retryable);
  EXPECT_EQ(error(expired),
            "the login for profile 'dev' expired at 2026-11-23T03:59:59.000Z: run `aws sso login --profile dev`");
  log_in("corp", "2026-11-23T09:00:00Z");
  role_ = test::answer(401, R"({"message":"Session token not found or invalid"})",
                       "x-amzn-ErrorType: UnauthorizedException\r\n");
  EXPECT_EQ(error(ask("dev")),
            "portal.sso.us-east-2.amazonaws.com: UnauthorizedException: Session token not found or invalid; the login "
            "has ended: run `aws sso login --profile dev`");
  home_.write(token_path("corp"), R"({"accessToken":"SSO-TOKEN"})");
  EXPECT_TRUE(mentions(ask("dev"), "\"expiresAt\" is no time"));
  home_.write(token_path("corp"), "SSO-TOKEN");
  EXPECT_TRUE(mentions(ask("dev"), "not a JSON object; run `aws sso login --profile dev`"));
  EXPECT_FALSE(mentions(ask("dev"), "SSO-TOKEN"));
}

TEST_F(Sso, RenewsATokenThatIsAboutToExpireAndKeepsIt) {
  log_in("corp", "2026-11-23T04:14:59Z", std::string(kRenewable) + R"(,"region":"us-east-2")");
  const auto found = ask("dev");
  ASSERT_TRUE(found) << error(found);
  ASSERT_EQ(server_->requests().size(), 2U);
  const auto request = server_->requests().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/token");
  EXPECT_EQ(request.header("content-type"), "application/json");
  EXPECT_EQ(
      request.body,
      R"({"clientId":"id","clientSecret":"CLIENT-SECRET","grantType":"refresh_token","refreshToken":"OLD-REFRESH"})");
  EXPECT_EQ(asked().at(0), "https://oidc.us-east-2.amazonaws.com");
  EXPECT_EQ(server_->requests().at(1).header("x-amz-sso_bearer_token"), "NEW-TOKEN");
  EXPECT_EQ(
      left("corp"),
      R"({"startUrl":"x","accessToken":"NEW-TOKEN","expiresAt":"2026-11-23T12:00:00Z","refreshToken":"NEW-REFRESH",)"
      R"("clientId":"id","clientSecret":"CLIENT-SECRET","registrationExpiresAt":"2027-01-01T00:00:00Z",)"
      R"("region":"us-east-2"})");
  const auto mode = std::filesystem::status(home_.path() + "/" + token_path("corp")).permissions();
  EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  // The next one finds what was kept.
  ASSERT_TRUE(ask("dev"));
  EXPECT_EQ(server_->requests().size(), 3U);
}

TEST_F(Sso, LeavesATokenAloneThatLastsOrCannotBeRenewed) {
  const std::string soon = "2026-11-23T04:10:00Z";
  const std::string registration_over =
      R"(,"refreshToken":"r","clientId":"id","clientSecret":"s","registrationExpiresAt":"2026-11-01T00:00:00Z")";
  for (const auto& [expires_at, more] : {std::pair<std::string, std::string>{"2026-11-23T04:15:00Z", kRenewable},
                                         {soon, ""},
                                         {soon, registration_over}}) {
    log_in("corp", expires_at, more);
    ASSERT_TRUE(ask("dev"));
    EXPECT_EQ(server_->requests().back().header("x-amz-sso_bearer_token"), "SSO-TOKEN");
  }
  log_in(kUrl, soon, kRenewable);
  ASSERT_TRUE(ask("old")) << "without a session there is nothing to renew it by";
  EXPECT_EQ(server_->requests().size(), 4U);
}

TEST_F(Sso, UsesTheTokenToItsEndWhenItIsNotRenewed) {
  renewal_ = test::answer(400, R"({"error":"invalid_grant","error_description":"Invalid refresh token provided"})",
                          "x-amzn-ErrorType: InvalidGrantException\r\n");
  log_in("corp", "2026-11-23T04:10:00Z", kRenewable);
  ASSERT_TRUE(ask("dev"));
  log_in("corp", "2026-11-23T03:00:00Z", kRenewable);
  auto found = ask("dev");
  ASSERT_FALSE(found);
  EXPECT_FALSE(found.error().retryable);
  EXPECT_TRUE(mentions(found, "InvalidGrantException")) << error(found);
  EXPECT_TRUE(mentions(found, "run `aws sso login --profile dev`")) << error(found);
  for (const char* secret : {"OLD-REFRESH", "CLIENT-SECRET", "SSO-TOKEN"}) EXPECT_FALSE(mentions(found, secret));
  for (const std::string& answer :
       {test::answer(500, ""), test::answer(200, "{}"), test::answer(200, R"({"accessToken":"x","expiresIn":-1})")}) {
    renewal_ = answer;
    found = ask("dev");
    ASSERT_FALSE(found);
    EXPECT_TRUE(found.error().retryable) << error(found);
  }
}

TEST_F(Sso, SaysWhatIsMissingInTheProfile) {
  const std::string shared = "[sso-session corp]\nsso_region = us-east-2\nsso_start_url = https://x\n";
  const struct {
    std::string config;
    std::string message;
  } cases[] = {
      {"sso_session = corp\nsso_account_id = 1\n" + shared, "sso_role_name is missing in profile 'x'"},
      {"sso_account_id = 1\nsso_role_name = r\nsso_start_url = https://x\n", "sso_region is missing in profile 'x'"},
      {"sso_session = other\nsso_account_id = 1\nsso_role_name = r\n" + shared,
       home_.config_path() + ":2: there is no section [sso-session other]"},
      {"sso_session = corp\nsso_account_id = 1\nsso_role_name = r\nsso_region = us-west-1\n" + shared,
       home_.config_path() + ":5: sso_region is another one at " + home_.config_path() + ":7"},
      {"sso_account_id = 1\nsso_role_name = r\nsso_start_url = https://x\nsso_region = a/b\n",
       "sso_region 'a/b' of profile 'x'"},
      {"sso_session = corp\n" + shared, ":2: sso_session has no sso_account_id and no sso_role_name beside it"},
  };
  for (const auto& c : cases) {
    home_.config("[profile x]\n" + c.config);
    EXPECT_TRUE(mentions(ask("x"), c.message)) << error(ask("x"));
  }
  EXPECT_TRUE(server_->requests().empty());
}

TEST_F(Sso, TellsARefusalAndWhetherItMayPass) {
  log_in("corp", "2026-11-23T09:00:00Z");
  for (const int status : {400, 403, 404, 429, 500}) {
    role_ = test::answer(status, R"({"message":"no"})", "x-amzn-ErrorType: SomethingException\r\n");
    const auto found = ask("dev");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().retryable, status == 429 || status == 500) << status;
    EXPECT_EQ(error(found), "portal.sso.us-east-2.amazonaws.com: SomethingException: no");
  }
  for (const char* body :
       {"", "{}", R"({"roleCredentials":7})", R"({"roleCredentials":{"accessKeyId":"A"}})",
        R"({"roleCredentials":{"accessKeyId":"A","secretAccessKey":"SECRET","sessionToken":"T"}})"}) {
    role_ = test::answer(200, body);
    const auto found = ask("dev");
    ASSERT_FALSE(found) << body;
    EXPECT_TRUE(found.error().retryable);
    EXPECT_FALSE(mentions(found, "SECRET"));
  }
  serve_silence();
  EXPECT_FALSE(ask("dev", {}, hasty()));
}

}  // namespace
}  // namespace kcl::aws
