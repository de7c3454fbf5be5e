// Profiles whose role is assumed.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "unit/aws/provider_test.h"
#include "unit/aws/service_test.h"

namespace kcl::aws {
namespace {

const std::string kKeys = "aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = SECRET\n";

class Role : public ProviderTest {
 protected:
  Role() {
    serve([](const Request&) { return xml("AssumeRole", "ASSUMED"); });
  }
  CredentialsResult ask(const std::string& profile, Environment::Variables variables = {}, const Call& call = {}) {
    return of(profile_place(profile, context(std::move(variables)))->ask(call));
  }
  std::string body(std::size_t number = 0) const { return server_->requests().at(number).body; }
  std::string config() const { return home_.config_path(); }
};

// The request of the API Reference's example, as AWS documents its parameters.
TEST_F(Role, IsAssumedWithTheKeysOfItsSourceProfile) {
  home_.config(
      "[profile demo]\nrole_arn = arn:aws:iam::123456789012:role/demo\nsource_profile = base\n"
      "role_session_name = testAR\nexternal_id = 123ABC\nduration_seconds = 3600\n[profile base]\n" +
      kKeys);
  const auto found = ask("demo");
  ASSERT_TRUE(found) << error(found);
  EXPECT_EQ(found->access_key_id, "ASSUMED");
  EXPECT_EQ(found->expiration, parse_iso8601("2026-11-23T05:00:00Z"));
  EXPECT_EQ(found->source, "profile 'demo' (role arn:aws:iam::123456789012:role/demo, assumed by profile 'base' (" +
                               config() + ":8))");
  EXPECT_EQ(body(),
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fdemo&"
            "RoleSessionName=testAR&DurationSeconds=3600&ExternalId=123ABC");
  const auto request = server_->requests().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.header("host"), "sts.eu-west-1.amazonaws.com");
  EXPECT_EQ(request.header("x-amz-date"), "20261123T040000Z");
  EXPECT_TRUE(request.header("authorization")
                  .starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261123/eu-west-1/sts/aws4_request, "
                               "SignedHeaders=content-type;host;x-amz-date, Signature="))
      << request.header("authorization");
  EXPECT_EQ(request.header("x-amz-security-token"), "");
}

TEST_F(Role, MayBeAssumedByAnotherRole) {
  home_.config(
      "[profile top]\nrole_arn = arn:top\nsource_profile = middle\n"
      "[profile middle]\nrole_arn = arn:middle\nsource_profile = base\n[profile base]\n" +
      kKeys);
  const auto found = ask("top");
  ASSERT_TRUE(found) << error(found);
  ASSERT_EQ(server_->requests().size(), 2U);
  EXPECT_NE(body(0).find("RoleArn=arn%3Amiddle&RoleSessionName=kclpp-"), std::string::npos) << body(0);
  EXPECT_NE(body(1).find("RoleArn=arn%3Atop&"), std::string::npos) << body(1);
  // The second request is signed with what the first one gave.
  EXPECT_NE(server_->requests().at(1).header("authorization").find("Credential=ASSUMED/"), std::string::npos);
  EXPECT_EQ(server_->requests().at(1).header("x-amz-security-token"), "TOKEN/of+ASSUMED==");
}

TEST_F(Role, IsAssumedWithTheKeysOfASourceThatHasARoleToo) {
  home_.config("[profile top]\nrole_arn = arn:top\nsource_profile = both\n[profile both]\nrole_arn = arn:both\n" +
               kKeys);
  ASSERT_TRUE(ask("top"));
  EXPECT_EQ(server_->requests().size(), 1U);
}

TEST_F(Role, MayBeAssumedWithTheKeysBesideIt) {
  home_.config("[profile self]\nrole_arn = arn:self\nsource_profile = self\n" + kKeys);
  ASSERT_TRUE(ask("self"));
  EXPECT_EQ(server_->requests().size(), 1U);
}

TEST_F(Role, ThatLeadsBackToItselfIsRefused) {
  home_.config(
      "[profile a]\nrole_arn = arn:a\nsource_profile = b\n[profile b]\nrole_arn = arn:b\nsource_profile = a\n"
      "[profile self]\nrole_arn = arn:self\nsource_profile = self\n");
  EXPECT_EQ(error(ask("a")), config() + ":6: source_profile leads back to where it began: a -> b -> a");
  EXPECT_EQ(error(ask("self")), config() + ":9: source_profile leads back to where it began: self -> self");
  EXPECT_TRUE(server_->requests().empty());
}

TEST_F(Role, MayBeAssumedByTheEnvironment) {
  home_.config("[profile x]\nrole_arn = arn:x\ncredential_source = Environment\n");
  const auto found = ask("x", {{"AWS_ACCESS_KEY_ID", "FROM-ENV"}, {"AWS_SECRET_ACCESS_KEY", "SECRET"}});
  ASSERT_TRUE(found) << error(found);
  EXPECT_NE(server_->requests().at(0).header("authorization").find("Credential=FROM-ENV/"), std::string::npos);
  EXPECT_EQ(error(ask("x")), config() +
                                 ":3: credential_source Environment has none: AWS_ACCESS_KEY_ID and "
                                 "AWS_SECRET_ACCESS_KEY not set");
}

TEST_F(Role, MayBeAssumedByTheContainerOrTheInstance) {
  serve([](const Request& request) {
    if (request.target == "/c") return local_keys("CONTAINER", "2026-11-23T10:00:00Z");
    if (request.target == "/latest/api/token") return test::answer(200, "t");
    if (request.target.ends_with("/security-credentials/")) return test::answer(200, "role");
    if (request.target.ends_with("/security-credentials/role")) return local_keys("INSTANCE", "2026-11-23T10:00:00Z");
    return xml("AssumeRole", "ASSUMED");
  });
  home_.config(
      "[profile c]\nrole_arn = arn:c\ncredential_source = EcsContainer\n"
      "[profile i]\nrole_arn = arn:i\ncredential_source = Ec2InstanceMetadata\n"
      "[profile w]\nrole_arn = arn:w\ncredential_source = Somewhere\n");
  ASSERT_TRUE(ask("c", {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c"}}));
  EXPECT_NE(server_->requests().back().header("authorization").find("Credential=CONTAINER/"), std::string::npos);
  ASSERT_TRUE(ask("i", {{"AWS_EC2_METADATA_DISABLED", "false"}}));
  EXPECT_NE(server_->requests().back().header("authorization").find("Credential=INSTANCE/"), std::string::npos);
  EXPECT_EQ(error(ask("w")), config() + ":9: credential_source is Environment, Ec2InstanceMetadata or EcsContainer");
}

TEST_F(Role, SaysWhatIsWrongWithTheProfile) {
  const struct {
    std::string keys;
    std::string message;
  } cases[] = {
      {"mfa_serial = arn:mfa\nsource_profile = base\n", ":3: mfa_serial asks for a code that a person types"},
      {"source_profile = base\ncredential_source = Environment\n", ":4: credential_source and source_profile exclude"},
      {"", ":2: role_arn needs a source_profile, a credential_source or a web_identity_token_file beside it"},
      {"duration_seconds = 899\nsource_profile = base\n", ":3: duration_seconds is a number from 900 to 43200"},
      {"duration_seconds = 1h\nsource_profile = base\n", ":3: duration_seconds is a number from 900 to 43200"},
      {"source_profile = nobody\n", ":3: source_profile: profile 'nobody' (from the configuration) is in no file"},
      {"source_profile = empty\n", ":3: source_profile has no credentials: there are no keys"},
  };
  for (const auto& c : cases) {
    home_.config("[profile x]\nrole_arn = arn:x\n" + c.keys + "[profile empty]\nregion = x\n[profile base]\n" + kKeys);
    const auto found = ask("x");
    EXPECT_TRUE(mentions(found, config() + c.message)) << error(found);
    EXPECT_FALSE(!found && found.error().retryable) << error(found);
  }
  EXPECT_TRUE(server_->requests().empty());
}

TEST_F(Role, TellsARefusalAndWhetherItMayPass) {
  home_.config("[profile x]\nrole_arn = arn:x\nsource_profile = base\n[profile base]\n" + kKeys);
  serve([](const Request&) { return sts_error(403, "AccessDenied"); });
  auto found = ask("x");
  ASSERT_FALSE(found);
  EXPECT_FALSE(found.error().retryable);
  EXPECT_EQ(error(found), "role arn:x of profile 'x': sts.eu-west-1.amazonaws.com: AccessDenied: because & so");
  serve([](const Request&) { return sts_error(503, "ServiceUnavailable"); });
  found = ask("x");
  ASSERT_FALSE(found);
  EXPECT_TRUE(found.error().retryable);
  serve([](const Request&) { return test::answer(200, "<html>hello</html>"); });
  found = ask("x");
  ASSERT_FALSE(found);
  EXPECT_TRUE(found.error().retryable);
  serve_silence();
  found = ask("x", {}, hasty());
  ASSERT_FALSE(found);
  EXPECT_TRUE(found.error().retryable);
  EXPECT_FALSE(mentions(found, "SECRET"));
}

TEST_F(Role, IsAskedForAgainByTheServicesClock) {
  home_.config("[profile x]\nrole_arn = arn:x\nsource_profile = base\n[profile base]\n" + kKeys);
  const std::string date = "Date: " + http_date(now_ + std::chrono::hours(2)) + "\r\n";
  serve([&](const Request& request) {
    if (request.header("x-amz-date") == "20261123T060000Z") return xml("AssumeRole", "ASSUMED");
    return sts_error(403, "SignatureDoesNotMatch", date);
  });
  EXPECT_TRUE(ask("x"));
  EXPECT_EQ(server_->requests().size(), 2U);
  // Where the clock explains nothing there is no second try.
  serve([](const Request&) { return sts_error(403, "SignatureDoesNotMatch"); });
  EXPECT_TRUE(mentions(ask("x"), "check the secret access key"));
  EXPECT_EQ(server_->requests().size(), 1U);
}

TEST_F(Role, ThatTheProgramNamesIsAssumedWhereItSays) {
  const Environment::Variables keys = {{"AWS_ACCESS_KEY_ID", "FROM-ENV"}, {"AWS_SECRET_ACCESS_KEY", "SECRET"}};
  const auto place = [&](const NamedRole& role) {
    auto here = context(keys);
    std::vector<std::unique_ptr<CredentialsPlace>> places;
    places.push_back(environment_place(here.environment));
    return named_role_place(role, chain(std::move(places)), std::move(here), "");
  };
  auto found =
      of(place({.arn = "arn:x", .session_name = "me", .external_id = "id", .endpoint = {}, .region = {}})->ask({}));
  ASSERT_TRUE(found) << error(found);
  EXPECT_EQ(found->source, "role arn:x, assumed by the environment (AWS_ACCESS_KEY_ID)");
  EXPECT_EQ(body(), "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Ax&RoleSessionName=me&ExternalId=id");
  found = of(place({.arn = "arn:x",
                    .session_name = "me",
                    .external_id = {},
                    .endpoint = "https://sts.example.com/",
                    .region = "ap-south-1"})
                 ->ask({}));
  ASSERT_TRUE(found) << error(found);
  EXPECT_EQ(asked().back(), "https://sts.example.com");
  EXPECT_NE(server_->requests().back().header("authorization").find("/ap-south-1/sts/"), std::string::npos);
}

}  // namespace
}  // namespace kcl::aws
