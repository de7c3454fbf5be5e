#include "wire/sso_json.h"

#include <gtest/gtest.h>

#include <string>

namespace kcl::wire {
namespace {

using namespace std::chrono_literals;

TEST(SsoJson, ReadsTheTokenOfALogin) {
  const auto token = decode_sso_token(
      R"({"startUrl":"https://x","region":"us-east-1","accessToken":"t","expiresAt":"2026-11-23T04:00:00Z",
          "clientId":"id","clientSecret":"s","registrationExpiresAt":"2027-01-01T00:00:00Z","refreshToken":"r"})");
  ASSERT_TRUE(token) << token.error();
  EXPECT_EQ(token->access_token, "t");
  EXPECT_EQ(token->expires_at, parse_iso8601("2026-11-23T04:00:00Z"));
  EXPECT_EQ(token->client_id, "id");
  EXPECT_EQ(token->client_secret, "s");
  EXPECT_EQ(token->refresh_token, "r");
  EXPECT_EQ(token->registration_expires_at, parse_iso8601("2027-01-01T00:00:00Z"));
  const auto old = decode_sso_token(R"({"accessToken":"t","expiresAt":"2020-06-17T10:02:08UTC"})");
  ASSERT_TRUE(old) << old.error();
  EXPECT_EQ(old->expires_at, parse_iso8601("2020-06-17T10:02:08Z"));
  EXPECT_EQ(old->refresh_token, "");
  EXPECT_EQ(old->registration_expires_at, std::nullopt);
}

TEST(SsoJson, SaysWhatIsWrongWithATokenAndNotWhatIsInIt) {
  EXPECT_EQ(decode_sso_token("secret").error(), "not a JSON object");
  EXPECT_EQ(decode_sso_token("[]").error(), "not a JSON object");
  EXPECT_EQ(decode_sso_token(R"({"expiresAt":"2026-11-23T04:00:00Z"})").error(), "\"accessToken\" is missing");
  EXPECT_EQ(decode_sso_token(R"({"accessToken":7,"expiresAt":"x"})").error(), "\"accessToken\" is missing");
  EXPECT_EQ(decode_sso_token(R"({"accessToken":"secret","expiresAt":"secret"})").error(),
            "\"expiresAt\" is no time such as 2026-11-23T04:00:00Z");
}

TEST(SsoJson, ARenewedTokenKeepsAllElse) {
  const auto created = decode_created_token(R"({"accessToken":"new","expiresIn":60,"tokenType":"Bearer"})");
  ASSERT_TRUE(created) << created.error();
  EXPECT_EQ(created->expires_in, 60s);
  const std::string file = R"({"a":[1],"accessToken":"old","expiresAt":"x","refreshToken":"r"})";
  EXPECT_EQ(renewed_sso_token(file, *created, parse_iso8601("2026-11-23T04:00:00.999Z").value()),
            R"({"a":[1],"accessToken":"new","expiresAt":"2026-11-23T04:00:00Z","refreshToken":"r"})");
}

TEST(SsoJson, ACreatedTokenNeedsALife) {
  for (const char* text : {"", "{}", R"({"accessToken":"t"})", R"({"accessToken":"t","expiresIn":0})",
                           R"({"accessToken":"t","expiresIn":"60"})", R"({"accessToken":"t","expiresIn":1e3})",
                           R"({"accessToken":"t","expiresIn":9223372036854775807})", R"({"expiresIn":60})"}) {
    EXPECT_FALSE(decode_created_token(text)) << text;
  }
}

TEST(SsoJson, ReadsTheCredentialsOfARole) {
  const auto found = decode_role_credentials(
      R"({"roleCredentials":{"accessKeyId":"A","secretAccessKey":"s","sessionToken":"t","expiration":1795406400000}})");
  ASSERT_TRUE(found) << found.error();
  EXPECT_EQ(found->access_key_id, "A");
  EXPECT_EQ(found->secret_access_key, "s");
  EXPECT_EQ(found->session_token, "t");
  EXPECT_EQ(found->expiration, parse_iso8601("2026-11-23T04:00:00Z"));
  for (const char* expiration : {"-1", "1e20", "\"2026\"", "9223372036854775807", "null"}) {
    EXPECT_FALSE(decode_role_credentials(
        R"({"roleCredentials":{"accessKeyId":"A","secretAccessKey":"s","sessionToken":"t","expiration":)" +
        std::string(expiration) + "}}"))
        << expiration;
  }
}

}  // namespace
}  // namespace kcl::wire
