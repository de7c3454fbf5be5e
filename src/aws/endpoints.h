// Where the requests of each service go.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <kcl/result.h>

#include "aws/config_file.h"
#include "aws/environment.h"

namespace kcl::aws {

enum class Service : std::uint8_t { kinesis, dynamodb, cloudwatch, sts, sso, sso_oidc };

struct Endpoint {
  /// "https://kinesis.us-east-1.amazonaws.com/", "http://[::1]:4566/prefix": what is requested.
  std::string url;
  /// The host in lower case with its port, unless that is the scheme's own: what is sent as Host, and signed.
  std::string host;
  /// "/", or "/prefix" without a slash at its end.
  std::string path;
  /// Where that is not the region that was asked for: of an endpoint for the whole partition.
  std::string signing_region = {};

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// What a signature is made for.
std::string signing_name(Service service);
std::string signing_region(const Endpoint& endpoint, const std::string& region);

/// http or https, a host, and maybe a port and a path of letters, digits and -._~/ ; nothing else. A message begins
/// with `where`, and does not repeat the URL: it may hold a password.
Result<Endpoint, std::string> parse_endpoint(std::string_view url, const std::string& where);

struct EndpointRequest {
  Service service = Service::kinesis;
  /// Goes before everything else. Empty: not given.
  std::string configured;
  /// "--kinesis-endpoint", for messages.
  std::string configured_by = "the configured endpoint";
  /// Precondition: is_region_name(); or empty, for the global endpoint of STS.
  std::string region;
};

/// `configured`; AWS_ENDPOINT_URL_KINESIS (_DYNAMODB, _CLOUDWATCH, _STS, _SSO, _SSO_OIDC); AWS_ENDPOINT_URL; the
/// profile's services section; the profile's endpoint_url; else the region's own endpoint, as AWS_USE_FIPS_ENDPOINT and
/// AWS_USE_DUALSTACK_ENDPOINT (or the profile) want it. AWS_IGNORE_CONFIGURED_ENDPOINT_URLS passes over all but
/// `configured`. STS is asked in the region, unless AWS_STS_REGIONAL_ENDPOINTS (or the profile's
/// sts_regional_endpoints) is `legacy`. Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints",
/// "Dual-stack and FIPS endpoints", "AWS STS Regional endpoints"; the services' endpoint rule sets.
Result<Endpoint, std::string> find_endpoint(const EndpointRequest& request, const Environment& environment,
                                            const Profile& profile);

}  // namespace kcl::aws
