// In whose name and where this process speaks to AWS: found once, from what was configured, the environment and the
// shared AWS files. Reads files; calls nobody, unless no region is set: then the EC2 instance's metadata service is
// asked for its own, for about a second.
#pragma once

#include <memory>
#include <string>

#include <kcl/credentials.h>
#include <kcl/result.h>

#include "aws/awaited_credentials.h"
#include "aws/config_file.h"
#include "aws/endpoints.h"
#include "aws/environment.h"
#include "aws/service_client.h"
#include "base/random.h"
#include "http/client.h"

namespace kcl::aws {

struct AccessRequest {
  /// Empty: as the environment says.
  std::string profile;
  std::string region;
  /// Null: default_credentials() of the profile, in the environment that is given.
  std::shared_ptr<CredentialsProvider> credentials;
  /// Of the role to assume with them; empty: none.
  std::string role_arn = {};
};

struct Access {
  std::string region;
  std::shared_ptr<CredentialsProvider> credentials;
  /// Of AWS_CA_BUNDLE, or the profile's ca_bundle. Empty: the system's authorities.
  std::string ca_file;
  Environment environment;
  Profile profile;

  /// `configured_by` names the field or flag that `configured` (empty: not given) comes from.
  Result<Endpoint, std::string> endpoint(Service service, const std::string& configured,
                                         const std::string& configured_by) const;
};

/// The error begins with the field that would mend it: "region: ...". Throws std::system_error when no thread can be
/// started for the credentials.
Result<Access, std::string> find_access(const AccessRequest& request, const Environment& environment);

/// For streams of Kinesis: over HTTP/2 where the server speaks it, any number of them at a time.
http::ClientOptions stream_options(const Access& access, int reactors);

/// One service over an HTTP client of its own: its threads and its connections are shared with nobody. On the strand.
class Connection {
 public:
  Connection(base::Loop& loop, base::Random& random, AwaitedCredentials& credentials, const Access& access,
             Service service, Endpoint endpoint, int reactors = 1);

  ServiceClient& service() noexcept { return service_; }
  http::Client& http() noexcept { return http_; }

 private:
  http::Client http_;
  ServiceClient service_;
};

}  // namespace kcl::aws
