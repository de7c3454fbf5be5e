#include "aws/credentials.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/aws/home.h"

namespace kcl::aws {
namespace {

class DefaultChain : public ::testing::Test {
 protected:
  CredentialsResult ask(Environment::Variables variables = {}, const std::string& profile = "") const {
    return default_chain({.profile = profile}, home_.environment(std::move(variables)))->credentials({});
  }
  /// The access key id found, or the error.
  std::string id(Environment::Variables variables = {}, const std::string& profile = "") const {
    const auto found = ask(std::move(variables), profile);
    return found ? found->access_key_id : found.error().message;
  }
  static Environment::Variables keys(Environment::Variables more = {}) {
    more.emplace("AWS_ACCESS_KEY_ID", "from-environment");
    more.emplace("AWS_SECRET_ACCESS_KEY", "SECRET");
    return more;
  }

  Home home_;
};

TEST_F(DefaultChain, TakesTheEnvironmentFirst) {
  home_.credentials("[default]\naws_access_key_id = from-file\naws_secret_access_key = SECRET\n");
  const auto found = ask(keys({{"AWS_SESSION_TOKEN", "token"}}));
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->access_key_id, "from-environment");
  EXPECT_EQ(found->secret_access_key, "SECRET");
  EXPECT_EQ(found->session_token, "token");
  EXPECT_EQ(found->expiration, std::nullopt);
  EXPECT_EQ(ask(keys())->session_token, "");
}

TEST_F(DefaultChain, DoesNotReadFilesWhenTheEnvironmentHasKeys) {
  home_.credentials("not a file of this kind");
  EXPECT_EQ(id(keys()), "from-environment");
}

TEST_F(DefaultChain, RefusesHalfOfThePair) {
  home_.credentials("[default]\naws_access_key_id = from-file\naws_secret_access_key = SECRET\n");
  EXPECT_EQ(id({{"AWS_ACCESS_KEY_ID", "a"}}),
            "AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not: set both or none");
  EXPECT_EQ(id({{"AWS_SECRET_ACCESS_KEY", "SECRET"}}),
            "AWS_SECRET_ACCESS_KEY is set but AWS_ACCESS_KEY_ID is not: set both or none");
  home_.credentials("[default]\naws_access_key_id = from-file\n[x]\naws_secret_access_key = SECRET\n");
  EXPECT_EQ(id(), home_.credentials_path() + ":2: aws_access_key_id has no aws_secret_access_key beside it");
  EXPECT_EQ(id({}, "x"), home_.credentials_path() + ":4: aws_secret_access_key has no aws_access_key_id beside it");
}

TEST_F(DefaultChain, TakesAProfileThatTheProgramNamesBeforeTheEnvironment) {
  home_.credentials("[x]\naws_access_key_id = from-file\naws_secret_access_key = SECRET\n");
  EXPECT_EQ(id(keys(), "x"), "from-file");
  EXPECT_EQ(id(keys({{"AWS_PROFILE", "x"}})), "from-environment");
  EXPECT_EQ(id({{"AWS_PROFILE", "x"}}), "from-file");
}

TEST_F(DefaultChain, TakesTheKeysOfOneFileOnly) {
  home_.config(
      "[default]\naws_access_key_id = from-config\naws_secret_access_key = SECRET1\naws_session_token = token1\n");
  EXPECT_EQ(ask()->session_token, "token1");
  home_.credentials("[default]\naws_access_key_id = from-credentials\naws_secret_access_key = SECRET2\n");
  const auto found = ask();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->access_key_id, "from-credentials");
  EXPECT_EQ(found->secret_access_key, "SECRET2");
  EXPECT_EQ(found->session_token, "");
}

TEST_F(DefaultChain, RunsTheCredentialProcessWhenThereAreNoKeys) {
  home_.config(
      "[default]\ncredential_process = echo "
      "'{\"Version\":1,\"AccessKeyId\":\"from-process\",\"SecretAccessKey\":\"s\"}'\n");
  EXPECT_EQ(id(), "from-process");
  home_.credentials("[default]\naws_access_key_id = from-file\naws_secret_access_key = SECRET\n");
  EXPECT_EQ(id(), "from-file");
}

TEST_F(DefaultChain, NoticesThatAFileHasChanged) {
  const auto provider = default_chain({}, home_.environment());
  EXPECT_FALSE(provider->credentials({}));
  for (const std::string key : {"first", "second"}) {
    home_.credentials("[default]\naws_access_key_id = " + key + "\naws_secret_access_key = SECRET\n");
    EXPECT_EQ(provider->credentials({})->access_key_id, key);
  }
}

TEST_F(DefaultChain, TakesNothingElseWhereSomethingIsSetUpWrongly) {
  const std::string keys_too = "aws_access_key_id = a\naws_secret_access_key = SECRET\ncredential_process = true\n";
  for (const char* key : {"role_arn", "web_identity_token_file", "sso_account_id", "sso_role_name", "sso_start_url"}) {
    home_.config("[profile x]\n" + keys_too + key + " = y\n");
    const std::string found = id({}, "x");
    EXPECT_NE(found, "a") << key;
    EXPECT_NE(found.find(home_.config_path()), std::string::npos) << found;
  }
  // An sso_session alone is for other things than keys of services.
  home_.config("[default]\n" + keys_too + "sso_session = y\n");
  EXPECT_EQ(id(), "a");
  home_.config("[default]\nsso_session = y\n");
  EXPECT_EQ(id(), home_.config_path() + ":2: sso_session has no sso_account_id and no sso_role_name beside it");
  home_.config("[default]\nlogin_session = y\n");
  EXPECT_EQ(id().find(home_.config_path() + ":2: kclpp cannot use what `aws login` leaves"), 0U) << id();
}

TEST_F(DefaultChain, AsksInTheOrderOfTheAwsSdks) {
  home_.credentials("[default]\naws_access_key_id = from-file\naws_secret_access_key = SECRET\n");
  // Before the profile: a web identity. After it: the container.
  const Environment::Variables web = {{"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"}};
  EXPECT_EQ(id(web), "AWS_WEB_IDENTITY_TOKEN_FILE is set but AWS_ROLE_ARN is not: set both or none");
  EXPECT_EQ(id(keys(web)), "from-environment");
  EXPECT_EQ(id(web, "default"), "from-file");
  const Environment::Variables container = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/"}};
  EXPECT_EQ(id(container), "from-file");
  home_.credentials("");
  EXPECT_EQ(id(container).find("AWS_CONTAINER_CREDENTIALS_FULL_URI: "), 0U) << id(container);
}

TEST_F(DefaultChain, SaysWhereItFoundThem) {
  home_.credentials("[default]\naws_access_key_id = from-file\naws_secret_access_key = SECRET\n");
  EXPECT_EQ(ask(keys())->source, "the environment (AWS_ACCESS_KEY_ID)");
  EXPECT_EQ(ask()->source, "profile 'default' (" + home_.credentials_path() + ":2)");
  home_.credentials("");
  home_.config(
      "[default]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\"}'\n");
  EXPECT_EQ(ask()->source, "profile 'default' (credential_process, " + home_.config_path() + ":2)");
}

TEST_F(DefaultChain, SaysWhereItLookedAndWhatToDo) {
  const auto found = ask();
  ASSERT_FALSE(found);
  EXPECT_FALSE(found.error().retryable);
  EXPECT_EQ(found.error().message,
            "no AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY not set; AWS_WEB_IDENTITY_TOKEN_FILE not "
            "set; there are no keys, no role, no IAM Identity Center and no credential_process in profile 'default' (" +
                home_.credentials_path() + ", " + home_.config_path() +
                "); AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI not set; EC2 "
                "instance metadata: AWS_EC2_METADATA_DISABLED is true. Set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE");
}

TEST_F(DefaultChain, APlaceByItselfGivesNoAdviceOnOthers) {
  std::vector<std::unique_ptr<CredentialsPlace>> places;
  places.push_back(environment_place(home_.environment()));
  EXPECT_EQ(chain(std::move(places))->credentials({}).error().message,
            "no AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY not set");
}

TEST_F(DefaultChain, PassesOnWhatIsWrongWithAFile) {
  home_.credentials("[default]\nSECRET\n");
  EXPECT_EQ(id(), home_.credentials_path() + ":2: neither a [section] nor `key = value`");
}

TEST(StaticCredentials, AreAlwaysTheSame) {
  const auto provider = static_credentials({"id", "secret", "token", std::nullopt});
  provider->invalidate(*provider->credentials({}));
  EXPECT_EQ(provider->credentials({})->session_token, "token");
}

TEST(DefaultCredentials, CanBeMadeWithoutAnyCredentials) {
  // Nothing is looked up before somebody asks, so this does not depend on the real environment.
  EXPECT_NE(default_credentials({.profile = "x"}), nullptr);
}

}  // namespace
}  // namespace kcl::aws
