#include <gtest/gtest.h>

#include <string>

#include "unit/aws/provider_test.h"

namespace kcl::aws {
namespace {

constexpr const char* kRole = "arn:aws:iam::123456789012:role/FederatedWebIdentityRole";

class WebIdentity : public ProviderTest {
 protected:
  WebIdentity() { home_.write("token", "header.payload.signature\n"); }

  Environment::Variables variables(Environment::Variables more = {}) {
    more.emplace("AWS_WEB_IDENTITY_TOKEN_FILE", home_.path() + "/token");
    more.emplace("AWS_ROLE_ARN", kRole);
    return more;
  }
  CredentialsResult ask(Environment::Variables variables, const Call& call = {}) {
    return of(web_identity_place(context(std::move(variables)), "")->ask(call));
  }
};

TEST_F(WebIdentity, TradesTheTokenForCredentialsUnsigned) {
  serve([](const Request&) { return xml("AssumeRoleWithWebIdentity", "AKIAIOSFODNN7EXAMPLE"); });
  const auto found = ask(variables({{"AWS_ROLE_SESSION_NAME", "app1"}}));
  ASSERT_TRUE(found) << error(found);
  EXPECT_EQ(found->access_key_id, "AKIAIOSFODNN7EXAMPLE");
  EXPECT_EQ(found->secret_access_key, "SECRET");
  EXPECT_EQ(found->session_token, "TOKEN/of+AKIAIOSFODNN7EXAMPLE==");
  EXPECT_EQ(found->expiration, parse_iso8601("2026-11-23T05:00:00Z"));
  EXPECT_EQ(found->source, "a web identity (AWS_WEB_IDENTITY_TOKEN_FILE, role " + std::string(kRole) + ")");
  const auto request = server_->requests().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/");
  EXPECT_EQ(request.header("host"), "sts.eu-west-1.amazonaws.com");
  EXPECT_EQ(request.header("authorization"), "");
  EXPECT_EQ(request.header("content-type"), "application/x-www-form-urlencoded; charset=utf-8");
  EXPECT_EQ(request.body,
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2F"
            "FederatedWebIdentityRole&RoleSessionName=app1&WebIdentityToken=header.payload.signature");
  EXPECT_EQ(asked().at(0), "https://sts.eu-west-1.amazonaws.com");
}

TEST_F(WebIdentity, NamesTheSessionAndReadsTheTokenAnew) {
  serve([](const Request&) { return xml("AssumeRoleWithWebIdentity", "A"); });
  const auto place = web_identity_place(context(variables()), "");
  ASSERT_TRUE(of(place->ask({})));
  home_.write("token", "second");
  ASSERT_TRUE(of(place->ask({})));
  EXPECT_NE(server_->requests().at(0).body.find("RoleSessionName=kclpp-1795406400000&"), std::string::npos)
      << server_->requests().at(0).body;
  EXPECT_TRUE(server_->requests().at(1).body.ends_with("WebIdentityToken=second"));
}

TEST_F(WebIdentity, AsksWhereTheEnvironmentWants) {
  serve([](const Request&) { return xml("AssumeRoleWithWebIdentity", "A"); });
  ASSERT_TRUE(ask(variables({{"AWS_STS_REGIONAL_ENDPOINTS", "legacy"}})));
  ASSERT_TRUE(ask(variables({{"AWS_USE_FIPS_ENDPOINT", "true"}})));
  ASSERT_TRUE(ask(variables({{"AWS_ENDPOINT_URL_STS", "http://localhost:4566"}})));
  auto nowhere = context(variables());
  nowhere.region.clear();
  ASSERT_TRUE(of(web_identity_place(nowhere, "")->ask({})));
  const std::vector<std::string> hosts = {"https://sts.amazonaws.com", "https://sts-fips.eu-west-1.amazonaws.com",
                                          "http://localhost:4566", "https://sts.amazonaws.com"};
  EXPECT_EQ(asked(), hosts);
}

TEST_F(WebIdentity, IsNotSetUpWithoutATokenFile) {
  EXPECT_EQ(error(ask({{"AWS_ROLE_ARN", kRole}})), "nothing: AWS_WEB_IDENTITY_TOKEN_FILE not set");
}

TEST_F(WebIdentity, SaysWhatIsMissing) {
  const std::string token = home_.path() + "/token (AWS_WEB_IDENTITY_TOKEN_FILE)";
  EXPECT_EQ(error(ask({{"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"}})),
            "AWS_WEB_IDENTITY_TOKEN_FILE is set but AWS_ROLE_ARN is not: set both or none");
  home_.write("token", "\n");
  EXPECT_EQ(error(ask(variables())), token + " is empty");
  EXPECT_TRUE(mentions(ask({{"AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token"}, {"AWS_ROLE_ARN", kRole}}),
                       "/nowhere/token (AWS_WEB_IDENTITY_TOKEN_FILE) cannot be read: No such file"));
}

TEST_F(WebIdentity, TellsARefusalAndWhetherItMayPass) {
  const struct {
    int status;
    const char* code;
    bool retryable;
  } cases[] = {{403, "AccessDenied", false},           {400, "InvalidIdentityToken", false},
               {400, "IDPCommunicationError", true},   {400, "ExpiredTokenException", true},
               {500, "InternalFailure", true},         {400, "Throttling", true},
               {403, "RegionDisabledException", false}};
  for (const auto& c : cases) {
    serve([&c](const Request&) { return sts_error(c.status, c.code); });
    const auto found = ask(variables());
    ASSERT_FALSE(found) << c.code;
    EXPECT_EQ(found.error().retryable, c.retryable) << c.code;
    EXPECT_TRUE(mentions(found, std::string("sts.eu-west-1.amazonaws.com: ") + c.code + ": because & so"))
        << error(found);
    EXPECT_TRUE(mentions(found, std::string("role ") + kRole + " by the token of")) << error(found);
    EXPECT_FALSE(mentions(found, "payload"));
  }
}

TEST_F(WebIdentity, RefusesAnAnswerThatIsNoneOfSts) {
  for (const char* body : {"", "{}", "<AssumeRoleWithWebIdentityResponse>", "<AssumeRoleResponse/>",
                           "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
                           "<AccessKeyId>A</AccessKeyId><SecretAccessKey>SECRET</SecretAccessKey></Credentials>"
                           "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"}) {
    serve([body](const Request&) { return test::answer(200, body); });
    const auto found = ask(variables());
    ASSERT_FALSE(found) << body;
    EXPECT_TRUE(found.error().retryable);
    EXPECT_TRUE(mentions(found, "is none of STS")) << error(found);
    EXPECT_FALSE(mentions(found, "SECRET"));
  }
}

TEST_F(WebIdentity, DoesNotWaitForEver) {
  serve_silence();
  const auto found = ask(variables(), hasty());
  ASSERT_FALSE(found);
  EXPECT_TRUE(found.error().retryable);
}

TEST_F(WebIdentity, MayBeOfAProfile) {
  home_.config("[profile eks]\nrole_arn = " + std::string(kRole) + "\nweb_identity_token_file = " + home_.path() +
               "/token\nrole_session_name = me\naws_access_key_id = not-this\n");
  serve([](const Request&) { return xml("AssumeRoleWithWebIdentity", "A"); });
  const auto found = of(profile_place("eks", context())->ask({}));
  ASSERT_TRUE(found) << error(found);
  EXPECT_EQ(found->source, "profile 'eks' (web identity, role " + std::string(kRole) + ")");
  EXPECT_NE(server_->requests().at(0).body.find("RoleSessionName=me&"), std::string::npos);
  home_.config("[profile eks]\nweb_identity_token_file = /token\n");
  EXPECT_EQ(error(of(profile_place("eks", context())->ask({}))),
            home_.config_path() + ":2: web_identity_token_file has no role_arn beside it");
}

}  // namespace
}  // namespace kcl::aws
