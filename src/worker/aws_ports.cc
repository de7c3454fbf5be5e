#include "worker/aws_ports.h"

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "aws/awaited_credentials.h"
#include "base/text.h"

namespace kcl::worker {

namespace {

/// Finds the accesses of services. Those that are asked for alike have the same credentials, and these one cache.
class Accesses {
 public:
  Accesses(const WorkerConfig& config, const aws::Environment& environment)
      : config_(config), environment_(environment) {}

  /// `field`: of the configuration, that says what differs for the service.
  Result<aws::Access, std::string> find(const ServiceAccess& own, const std::string& field) {
    aws::AccessRequest request;
    request.profile = own.profile.empty() ? config_.profile : own.profile;
    request.region = own.region.empty() ? config_.region : own.region;
    request.role_arn = own.role_arn;
    request.credentials = own.credentials;
    if (!request.credentials && own.profile.empty()) request.credentials = config_.credentials;
    const Name name{request.profile, request.credentials.get(), request.role_arn};
    const Key key{name, request.region};
    if (const auto known = found_.find(key); known != found_.end()) return known->second;
    if (const auto known = credentials_.find(name); known != credentials_.end()) {
      request.credentials = known->second;
      request.role_arn.clear();
    }
    auto access = aws::find_access(request, environment_);
    if (access) {
      credentials_.emplace(name, access->credentials);
    } else if (!own.profile.empty() && access.error().starts_with("profile: ")) {
      access = Failure{field + '.' + access.error()};
    }
    found_.emplace(key, access);
    return access;
  }

 private:
  /// Profile, provider and role.
  using Name = std::tuple<std::string, const CredentialsProvider*, std::string>;
  /// And the region.
  using Key = std::pair<Name, std::string>;
  const WorkerConfig& config_;
  const aws::Environment& environment_;
  std::map<Name, std::shared_ptr<CredentialsProvider>> credentials_;
  std::map<Key, Result<aws::Access, std::string>> found_;
};

}  // namespace

Result<std::optional<AwsNeeds>, std::vector<std::string>> find_aws(const WorkerConfig& config,
                                                                   const aws::Environment& environment) {
  const bool needs_kinesis = config.kinesis == nullptr;
  const bool needs_leases = !config.application.empty() && config.lease_store == nullptr;
  const bool needs_cloudwatch = config.cloudwatch.has_value();
  if (!needs_kinesis && !needs_leases && !needs_cloudwatch) return std::optional<AwsNeeds>();

  std::vector<std::string> problems;
  Accesses accesses(config, environment);
  AwsNeeds needs;
  needs.lease_format = config.lease_format;
  const auto find = [&](aws::Service service, const ServiceAccess& own, const std::string& url,
                        const std::string& name) -> std::optional<AwsService> {
    auto access = accesses.find(own, name + "_access");
    if (!access) {
      // What is wrong for all of them is told once.
      if (std::ranges::find(problems, access.error()) == problems.end()) problems.push_back(access.error());
      return std::nullopt;
    }
    auto endpoint = access->endpoint(service, url, name + "_endpoint");
    if (!endpoint) {
      problems.push_back(endpoint.error());
      return std::nullopt;
    }
    return AwsService{.access = *std::move(access), .endpoint = *std::move(endpoint)};
  };
  if (needs_kinesis) {
    needs.kinesis = find(aws::Service::kinesis, config.kinesis_access, config.kinesis_endpoint, "kinesis");
  }
  if (needs_kinesis && config.fan_out) {
    const std::string& name = config.consumer_name.empty() ? config.application : config.consumer_name;
    needs.consumer = aws::ConsumerChoice{.arn = config.consumer_arn, .name = name};
  }
  if (needs_leases) {
    needs.dynamodb = find(aws::Service::dynamodb, config.dynamodb_access, config.dynamodb_endpoint, "dynamodb");
    const bool named = !config.lease_table.empty();
    needs.lease_table.name = named ? config.lease_table : config.application;
    needs.lease_table.key_attribute = key_attribute_of(config.lease_format);
    if (!stores::is_table_name(needs.lease_table.name)) {
      problems.push_back((named ? "lease_table" : "application") + stores::not_a_table_name(needs.lease_table.name));
    }
  }
  if (needs_cloudwatch) {
    needs.cloudwatch =
        find(aws::Service::cloudwatch, config.cloudwatch_access, config.cloudwatch_endpoint, "cloudwatch");
  }
  if (!problems.empty()) return Failure{std::move(problems)};
  return std::optional(std::move(needs));
}

namespace {

/// Which services the ports ask with these.
std::string used_for(const AwsNeeds& needs, const CredentialsProvider* provider) {
  std::vector<std::string> names;
  for (const auto& [name, service] : {std::pair("kinesis", &needs.kinesis), std::pair("dynamodb", &needs.dynamodb)}) {
    if (*service && (*service)->access.credentials.get() == provider) names.emplace_back(name);
  }
  return base::joined(names);
}

}  // namespace

aws::AwaitedCredentials& AwsPorts::credentials_of(Threads& threads, const AwsNeeds& needs, const AwsService& service,
                                                  const std::optional<base::EventLog>& log) {
  const auto& provider = service.access.credentials;
  const auto known = credentials_.find(provider.get());
  if (known != credentials_.end()) return known->second;
  aws::AwaitedCredentials::OnOthers on_others;
  if (log) on_others = aws::tell_others(*log, used_for(needs, provider.get()));
  return credentials_.try_emplace(provider.get(), threads.loop, threads.store_calls, provider, std::move(on_others))
      .first->second;
}

AwsPorts::AwsPorts(Threads& threads, base::Random& random, const AwsNeeds& needs,
                   const std::optional<base::EventLog>& log) {
  if (needs.kinesis) {
    kinesis_connection_.emplace(threads.loop, random, credentials_of(threads, needs, *needs.kinesis, log),
                                needs.kinesis->access, aws::Service::kinesis, needs.kinesis->endpoint,
                                threads.network_threads);
    if (needs.consumer) {
      streams_.emplace(threads.loop, aws::stream_options(needs.kinesis->access, threads.network_threads));
    }
    kinesis_.emplace(threads.loop, kinesis_connection_->service(), streams_ ? *streams_ : kinesis_connection_->http(),
                     needs.consumer.value_or(aws::ConsumerChoice{}));
  }
  if (needs.dynamodb) {
    lease_connection_.emplace(threads.loop, random, credentials_of(threads, needs, *needs.dynamodb, log),
                              needs.dynamodb->access, aws::Service::dynamodb, needs.dynamodb->endpoint);
    if (needs.lease_table.name.empty()) return;
    lease_store_.emplace(threads.loop, random, lease_connection_->service(), needs.lease_table);
    stores::DynamoDbTable beside;
    beside.name = needs.lease_table.name + "-CoordinatorState";
    beside.key_attribute = "key";
    if (needs.lease_format == LeaseFormat::kcl && stores::is_table_name(beside.name)) {
      java_state_.emplace(threads.loop, random, lease_connection_->service(), std::move(beside));
    }
  }
}

}  // namespace kcl::worker
