// What an EC2 instance's metadata service says, by version 2 of its protocol (a token is asked for first). Version 1 is
// never fallen back to: a process that can be made to send GET requests would give the instance's role away.
//
// It is a service of the host's own network: no proxy is used, and who is not on EC2 waits a second at most (more only
// where AWS_METADATA_SERVICE_TIMEOUT or AWS_METADATA_SERVICE_NUM_ATTEMPTS say so).
// Source: Amazon EC2 User Guide, "Use the Instance Metadata Service to access instance metadata"; AWS SDKs and Tools
// Reference Guide, "IMDS credential provider".
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <kcl/kinesis.h>
#include <kcl/result.h>

#include "aws/config_file.h"
#include "aws/environment.h"
#include "aws/exchange.h"

namespace kcl::aws {

struct MetadataSettings {
  bool disabled = false;
  /// "http://169.254.169.254", without a slash at its end.
  std::string endpoint;
  /// Of one request.
  std::chrono::milliseconds timeout{1'000};
  int attempts = 1;
};
/// AWS_EC2_METADATA_DISABLED; AWS_EC2_METADATA_SERVICE_ENDPOINT and _MODE, AWS_METADATA_SERVICE_TIMEOUT (seconds) and
/// _NUM_ATTEMPTS, or the profile's keys of the same names (without AWS_, in lower case). Fails with what is wrong
/// where.
Result<MetadataSettings, std::string> metadata_settings(const Environment& environment, const Profile& profile);

struct MetadataError {
  enum class Kind : std::uint8_t {
    absent,   ///< turned off, or nobody is there: no EC2, as far as one can tell
    missing,  ///< there is no such item
    broken,   ///< it is there, and fails: the same may succeed later
  };
  Kind kind = Kind::absent;
  /// "AWS_EC2_METADATA_DISABLED is true", "http://169.254.169.254 answered with HTTP status 503".
  std::string message;
};

class InstanceMetadata {
 public:
  InstanceMetadata(MetadataSettings settings, Exchange exchange)
      : settings_(std::move(settings)), exchange_(std::move(exchange)) {}

  /// The text of an item: "placement/region", below /latest/meta-data/. Blocks.
  Result<std::string, MetadataError> get(std::string_view item, const Call& call);

 private:
  Result<std::string, MetadataError> ask(const http::Request& request, const Call& call) const;

  const MetadataSettings settings_;
  const Exchange exchange_;
  /// Of this session; asked for once.
  std::string token_;
};

/// The region that this instance is in; or why it is not known. Blocks.
Result<std::string, std::string> region_of_instance(const Environment& environment, const Profile& profile,
                                                    const Exchange& exchange);

}  // namespace kcl::aws
