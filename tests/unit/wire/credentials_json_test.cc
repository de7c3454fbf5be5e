#include "wire/credentials_json.h"

#include <gtest/gtest.h>

#include <string>

namespace kcl::wire {
namespace {

TEST(CredentialsJson, ReadsWhatACredentialProcessPrints) {
  const auto all = decode_process_credentials(R"({"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": "s/+=",
      "SessionToken": "token", "Expiration": "2026-11-23T04:00:00Z", "AccountId": "123"})"
                                              "\n");
  ASSERT_TRUE(all) << all.error();
  EXPECT_EQ(all->access_key_id, "AKIA");
  EXPECT_EQ(all->secret_access_key, "s/+=");
  EXPECT_EQ(all->session_token, "token");
  EXPECT_EQ(all->expiration, parse_iso8601("2026-11-23T04:00:00Z"));
}

TEST(CredentialsJson, TakesLongTermCredentials) {
  for (const char* rest : {"", R"(, "SessionToken": null, "Expiration": null)", R"(, "SessionToken": "")"}) {
    const auto keys = decode_process_credentials(R"({"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":"s")" +
                                                 std::string(rest) + "}");
    ASSERT_TRUE(keys) << rest << keys.error();
    EXPECT_EQ(keys->session_token, "");
    EXPECT_EQ(keys->expiration, std::nullopt);
  }
}

TEST(CredentialsJson, SaysWhatIsWrongAndRepeatsNoValue) {
  const struct {
    std::string text;
    std::string message;
  } cases[] = {
      {"", "not a JSON object"},
      {"SECRET", "not a JSON object"},
      {"[1]", "not a JSON object"},
      {R"({"Version":1,"AccessKeyId":"a","SecretAccessKey":"SECRET"} x)", "not a JSON object"},
      {std::string(100'000, '['), "not a JSON object"},
      {R"({"AccessKeyId":"a","SecretAccessKey":"SECRET"})", "\"Version\" is not 1"},
      {R"({"Version":"1"})", "\"Version\" is not 1"},
      {R"({"Version":2})", "\"Version\" is not 1"},
      {R"({"Version":1,"SecretAccessKey":"SECRET"})", "\"AccessKeyId\" is missing"},
      {R"({"Version":1,"AccessKeyId":"a"})", "\"SecretAccessKey\" is missing"},
      {R"({"Version":1,"AccessKeyId":"a","SecretAccessKey":""})", "\"SecretAccessKey\" is missing"},
      {R"({"Version":1,"AccessKeyId":"a","SecretAccessKey":["SECRET"]})", "\"SecretAccessKey\" is not a string"},
      {R"({"Version":1,"AccessKeyId":"a","SecretAccessKey":"SECRET","Expiration":"SECRET"})",
       "\"Expiration\" is no time such as 2026-11-23T04:00:00Z"},
      {R"({"Version":1,"AccessKeyId":"a","SecretAccessKey":"SECRET","Expiration":7})",
       "\"Expiration\" is not a string"},
  };
  for (const auto& c : cases) {
    const auto keys = decode_process_credentials(c.text);
    ASSERT_FALSE(keys) << c.text;
    EXPECT_EQ(keys.error(), c.message);
  }
}

TEST(CredentialsJson, ReadsWhatServicesOfTheHostAnswer) {
  const auto all = decode_local_credentials(R"({"Code":"Success","LastUpdated":"x","Type":"AWS-HMAC",
      "AccessKeyId":"ASIA","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-23T04:00:00Z"})");
  ASSERT_TRUE(all) << all.error();
  EXPECT_EQ(all->access_key_id, "ASIA");
  EXPECT_EQ(all->secret_access_key, "s");
  EXPECT_EQ(all->session_token, "t");
  EXPECT_EQ(all->expiration, parse_iso8601("2026-11-23T04:00:00Z"));
  EXPECT_TRUE(decode_local_credentials(R"({"AccessKeyId":"A","SecretAccessKey":"s"})"));
  EXPECT_EQ(decode_local_credentials(R"({"Code":"Failed","Message":"no\nrole","SecretAccessKey":"secret"})").error(),
            "Failed: no role");
  EXPECT_EQ(decode_local_credentials("secret").error(), "not a JSON object");
  EXPECT_EQ(decode_local_credentials(R"({"AccessKeyId":"A"})").error(), "\"SecretAccessKey\" is missing");
}

}  // namespace
}  // namespace kcl::wire
