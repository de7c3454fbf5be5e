#include "local/signature_check.h"

#include <gtest/gtest.h>

#include "wire/sigv4.h"

namespace kcl::local {
namespace {

using std::chrono::minutes;

constexpr Timestamp kNow{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};

struct Asked {
  std::string region = "us-east-1";
  wire::SigningCredentials credentials{.access_key_id = "id", .secret_access_key = "secret"};
  Timestamp at = kNow;
  std::string_view host_name = "host";
};

/// As our own client signs it.
server::Request signed_request(const Asked& asked) {
  server::Request request{.method = "POST", .target = "/?a=b%20c", .headers = {}, .body = "{}"};
  request.headers = {{"Host", "127.0.0.1:4567"}, {"X-Amz-Target", "Kinesis_20131202.ListStreams"}};
  wire::Signer signer(asked.region, "kinesis");
  const auto added = signer.sign({.host = "127.0.0.1:4567",
                                  .host_name = asked.host_name,
                                  .query = "a=b%20c",
                                  .body = request.body,
                                  .headers = {{"x-amz-target", "Kinesis_20131202.ListStreams"}}},
                                 asked.credentials, asked.at);
  for (const auto& header : added) request.headers.push_back({header.name, header.value});
  return request;
}

std::string code_of(const server::Request& request) {
  const SignatureCheck check({.access_key_id = "id", .secret_access_key = "secret"}, "us-east-1");
  const auto fault = check.fault_of(request, kNow);
  return fault ? fault->code : "";
}

TEST(SignatureCheck, TakesWhatIsSignedRightly) {
  EXPECT_EQ(code_of(signed_request({})), "");
  EXPECT_EQ(code_of(signed_request({.at = kNow - minutes(15)})), "");
  EXPECT_EQ(code_of(signed_request({.host_name = ":authority"})), "");
  Asked with_token;
  with_token.credentials.session_token = "token";
  EXPECT_EQ(code_of(signed_request(with_token)), "");
}

TEST(SignatureCheck, RefusesASignatureOfAnotherSecretRegionOrTime) {
  Asked other_secret;
  other_secret.credentials.secret_access_key = "guess";
  EXPECT_EQ(code_of(signed_request(other_secret)), "InvalidSignatureException");
  Asked other_id;
  other_id.credentials.access_key_id = "other";
  EXPECT_EQ(code_of(signed_request(other_id)), "UnrecognizedClientException");
  EXPECT_EQ(code_of(signed_request({.region = "eu-west-1"})), "InvalidSignatureException");
  EXPECT_EQ(code_of(signed_request({.at = kNow - minutes(16)})), "InvalidSignatureException");
  EXPECT_EQ(code_of(signed_request({.at = kNow + minutes(16)})), "InvalidSignatureException");
}

TEST(SignatureCheck, RefusesWhatWasChangedAfterwards) {
  server::Request request = signed_request({});
  request.body = "{ }";
  EXPECT_EQ(code_of(request), "InvalidSignatureException");
  request = signed_request({});
  request.headers[1].value = "Kinesis_20131202.DeleteStream";
  EXPECT_EQ(code_of(request), "InvalidSignatureException");
  request = signed_request({});
  request.target = "/?a=b";
  EXPECT_EQ(code_of(request), "InvalidSignatureException");
}

TEST(SignatureCheck, RefusesWhatIsNoSignature) {
  server::Request request = signed_request({});
  std::string& authorization = request.headers.back().value;
  const std::string good = authorization;
  authorization = "Basic eDp5";
  EXPECT_EQ(code_of(request), "IncompleteSignatureException");
  authorization = "AWS4-HMAC-SHA256";
  EXPECT_EQ(code_of(request), "IncompleteSignatureException");
  authorization = good.substr(0, good.find("Signature="));
  EXPECT_EQ(code_of(request), "IncompleteSignatureException");
  request.headers.pop_back();
  EXPECT_EQ(code_of(request), "MissingAuthenticationTokenException");
}

}  // namespace
}  // namespace kcl::local
