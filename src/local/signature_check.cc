#include "local/signature_check.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/sigv4.h"

namespace kcl::local {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::chrono::minutes kTolerance{15};

struct Authorization {
  std::string_view credential;
  std::string_view signed_headers;
  std::string_view signature;
};

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> parts(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Authorization parse_authorization(std::string_view header) {
  Authorization authorization;
  header.remove_prefix(kAlgorithm.size());
  for (const std::string_view part : parts(header, ',')) {
    const std::string_view field = trimmed(part);
    const auto value = [field](std::string_view name) { return field.substr(name.size()); };
    if (field.starts_with("Credential=")) authorization.credential = value("Credential=");
    if (field.starts_with("SignedHeaders=")) authorization.signed_headers = value("SignedHeaders=");
    if (field.starts_with("Signature=")) authorization.signature = value("Signature=");
  }
  return authorization;
}

/// "20150830T123600Z".
std::optional<Timestamp> parse_basic_time(std::string_view text) {
  if (text.size() != 16) return std::nullopt;
  const auto part = [text](std::size_t begin, std::size_t size) { return std::string(text.substr(begin, size)); };
  return parse_iso8601(part(0, 4) + "-" + part(4, 2) + "-" + part(6, 2) + "T" + part(9, 2) + ":" + part(11, 2) + ":" +
                       part(13, 3));
}

ServiceError error(std::string code, std::string message) {
  return {.code = std::move(code), .message = std::move(message), .status = 400};
}

/// What the right signature ends with.
std::string expected_signature(const server::Request& request, const Authorization& given, const std::string& region,
                               const KnownCredentials& known, Timestamp signed_at) {
  wire::RequestToSign to_sign{
      .method = request.method, .host = request.header("host"), .body = request.body, .headers = {}};
  const std::string_view target = request.target;
  to_sign.path = request.path();
  if (const std::size_t mark = target.find('?'); mark != std::string_view::npos)
    to_sign.query = target.substr(mark + 1);
  for (const std::string_view name : parts(given.signed_headers, ';')) {
    if (name == ":authority") to_sign.host_name = name;
    // These the signer adds by itself.
    if (name == "host" || name == ":authority" || name == "x-amz-date" || name == "x-amz-security-token") continue;
    to_sign.headers.push_back({std::string(name), std::string(request.header(name))});
  }
  wire::Signer signer(region, "kinesis");
  const auto headers = signer.sign(to_sign,
                                   {.access_key_id = known.access_key_id,
                                    .secret_access_key = known.secret_access_key,
                                    .session_token = std::string(request.header("x-amz-security-token"))},
                                   signed_at);
  return headers.back().value;
}

}  // namespace

SignatureCheck::SignatureCheck(KnownCredentials known, std::string region)
    : known_(std::move(known)), region_(std::move(region)) {}

std::optional<ServiceError> SignatureCheck::fault_of(const server::Request& request, Timestamp now) const {
  const std::string_view header = request.header("authorization");
  if (header.empty()) return error("MissingAuthenticationTokenException", "Missing Authentication Token");
  if (!header.starts_with(kAlgorithm)) {
    return error("IncompleteSignatureException", "Authorization is not of the form AWS4-HMAC-SHA256.");
  }
  const Authorization given = parse_authorization(header);
  const auto scope = parts(given.credential, '/');
  const auto signed_at = parse_basic_time(request.header("x-amz-date"));
  if (scope.size() != 5 || given.signed_headers.empty() || given.signature.empty() || !signed_at) {
    return error("IncompleteSignatureException",
                 "Authorization requires Credential, SignedHeaders and Signature, and a header X-Amz-Date.");
  }
  if (scope[0] != known_.access_key_id) {
    return error("UnrecognizedClientException", "The security token included in the request is invalid.");
  }
  if (scope[2] != region_ || scope[3] != "kinesis" || scope[4] != "aws4_request") {
    return error("InvalidSignatureException", "Credential should be scoped to " + region_ + "/kinesis/aws4_request.");
  }
  if (*signed_at < now - kTolerance || *signed_at > now + kTolerance) {
    return error("InvalidSignatureException", "Signature expired or not yet current: signed at " +
                                                  to_iso8601(*signed_at) + ", it is " + to_iso8601(now) + '.');
  }
  if (!expected_signature(request, given, region_, known_, *signed_at)
           .ends_with(", Signature=" + std::string(given.signature))) {
    return error("InvalidSignatureException",
                 "The request signature we calculated does not match the signature you provided.");
  }
  return std::nullopt;
}

}  // namespace kcl::local
