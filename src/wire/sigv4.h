// AWS Signature Version 4 in headers: proves to AWS who sent a request and that nobody changed it.
//
// Pure: bytes in, headers out; the time is given. A Signer keeps the key of its last day and secret, so it belongs to
// one thread at a time. The body is always signed. Source: AWS IAM User Guide, "Create a signed AWS API request".
//
// The canonical path is the path as sent, with dot segments and doubled slashes resolved, and each segment encoded once
// more: what every service but S3 does. This signer is not for S3.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kcl/timestamp.h>

namespace kcl::wire {

struct SigningCredentials {
  std::string access_key_id;
  std::string secret_access_key;
  /// Of temporary credentials; empty for lasting ones.
  std::string session_token;
};

struct HeaderField {
  std::string name;
  std::string value;
  friend bool operator==(const HeaderField&, const HeaderField&) = default;
};

struct RequestToSign {
  std::string_view method = "POST";
  /// As in the Host header: with the port unless it is the scheme's default.
  std::string_view host;
  /// Its name among the signed headers; over HTTP/2 some clients sign it as ":authority".
  std::string_view host_name = "host";
  /// As in the request line, before the '?'. Empty means "/".
  std::string_view path = "/";
  /// As in the request line, after the '?'. A '+' stands for itself.
  std::string_view query;
  std::string_view body;
  /// Signed besides host, x-amz-date and x-amz-security-token. What a proxy may change (User-Agent, Connection, Expect)
  /// does not belong here. A name given several times is signed as HTTP joins it: values by commas, in this order.
  std::vector<HeaderField> headers;
};

class Signer {
 public:
  Signer(std::string region, std::string service) : region_(std::move(region)), service_(std::move(service)) {}

  /// The headers to add to the request: X-Amz-Date, X-Amz-Security-Token if there is a session token, Authorization.
  std::vector<HeaderField> sign(const RequestToSign& request, const SigningCredentials& credentials, Timestamp now);

 private:
  const std::string& key_of(const std::string& day, const std::string& secret);

  std::string region_;
  std::string service_;
  /// The derived key, and what it was derived from.
  std::string key_;
  std::string key_day_;
  std::string key_secret_;
};

}  // namespace kcl::wire
