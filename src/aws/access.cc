#include "aws/access.h"

#include <utility>

#include "aws/credentials.h"
#include "aws/credentials_cache.h"
#include "aws/exchange.h"
#include "aws/instance_metadata.h"
#include "aws/region.h"
#include "base/wall_clock.h"

namespace kcl::aws {

namespace {

http::ClientOptions http_options(const Access& access, int reactors) {
  http::ClientOptions options;
  options.reactors = reactors;
  options.ca_file = access.ca_file;
  options.user_agent = "kclpp/" KCLPP_VERSION;
  return options;
}

/// A provider that others hold, too.
class Shared final : public CredentialsProvider {
 public:
  explicit Shared(std::shared_ptr<CredentialsProvider> of) : of_(std::move(of)) {}
  CredentialsResult credentials(const Call& call) override { return of_->credentials(call); }
  void invalidate(const Credentials& refused) override { of_->invalidate(refused); }

 private:
  std::shared_ptr<CredentialsProvider> of_;
};

std::shared_ptr<CredentialsProvider> credentials_for(const AccessRequest& request, const std::string& region,
                                                     const Environment& environment) {
  if (request.credentials && request.role_arn.empty()) return request.credentials;
  const DefaultCredentialsOptions options{.profile = request.profile, .region = region};
  std::unique_ptr<CredentialsProvider> provider;
  if (request.credentials) {
    provider = std::make_unique<Shared>(request.credentials);
  } else {
    provider = default_chain(options, environment);
  }
  if (!request.role_arn.empty()) {
    NamedRole role{.arn = request.role_arn, .session_name = "kclpp", .external_id = {}, .endpoint = {}, .region = {}};
    std::vector<std::unique_ptr<CredentialsPlace>> places;
    places.push_back(named_role_place(std::move(role), std::move(provider), provider_context(options, environment),
                                      request.profile));
    provider = chain(std::move(places));
  }
  return cached(std::move(provider), base::wall_now);
}

ServiceClient::Options service_options(const Access& access, Service service, Endpoint endpoint) {
  ServiceClient::Options options;
  options.service = service;
  options.region = access.region;
  options.endpoint = std::move(endpoint);
  return options;
}

}  // namespace

Result<Endpoint, std::string> Access::endpoint(Service service, const std::string& configured,
                                               const std::string& configured_by) const {
  EndpointRequest request;
  request.service = service;
  request.configured = configured;
  request.configured_by = configured_by;
  request.region = region;
  return find_endpoint(request, environment, profile);
}

Result<Access, std::string> find_access(const AccessRequest& request, const Environment& environment) {
  auto profile = load_profile(request.profile, environment);
  if (!profile) return Failure{"profile: " + profile.error()};
  auto region = find_region(request.region, environment, *profile, [&] {
    return region_of_instance(environment, *profile, over_network(environment, request.profile));
  });
  if (!region) return Failure{"region: " + region.error()};
  auto credentials = credentials_for(request, *region, environment);
  auto ca_file = find_ca_file(environment, *profile);
  return Access{.region = *std::move(region),
                .credentials = std::move(credentials),
                .ca_file = std::move(ca_file),
                .environment = environment,
                .profile = *std::move(profile)};
}

http::ClientOptions stream_options(const Access& access, int reactors) {
  constexpr std::size_t kMostStreams = 10'000;
  http::ClientOptions options = http_options(access, reactors);
  options.http2 = true;
  options.max_connections_per_host = kMostStreams;
  return options;
}

Connection::Connection(base::Loop& loop, base::Random& random, AwaitedCredentials& credentials, const Access& access,
                       Service service, Endpoint endpoint, int reactors)
    : http_(loop, http_options(access, reactors)),
      service_(loop, random, http_, credentials, service_options(access, service, std::move(endpoint))) {}

}  // namespace kcl::aws
