#include "worker/aws_ports.h"

#include <utility>

#include "aws/credentials.h"

namespace kcl::worker {

Result<std::optional<AwsNeeds>, std::vector<std::string>> find_aws(const WorkerConfig& config,
                                                                   const aws::Environment& environment) {
  const bool needs_kinesis = config.kinesis == nullptr;
  const bool needs_leases = !config.application.empty() && config.lease_store == nullptr;
  const bool needs_cloudwatch = config.cloudwatch.has_value();
  if (!needs_kinesis && !needs_leases && !needs_cloudwatch) return std::optional<AwsNeeds>();

  std::vector<std::string> problems;
  aws::AccessRequest request;
  request.profile = config.profile;
  request.region = config.region;
  request.credentials = config.credentials;
  auto access = aws::find_access(request, environment);
  if (!access) {
    problems.push_back(access.error());
    return Failure{std::move(problems)};
  }
  AwsNeeds needs{.access = *std::move(access),
                 .kinesis = {},
                 .dynamodb = {},
                 .cloudwatch = {},
                 .lease_table = {},
                 .lease_format = config.lease_format,
                 .consumer = {}};
  const auto find = [&](aws::Service service, const std::string& configured, const char* field) {
    auto found = needs.access.endpoint(service, configured, field);
    if (!found) problems.push_back(found.error());
    return found ? std::optional(*std::move(found)) : std::nullopt;
  };
  if (needs_kinesis) needs.kinesis = find(aws::Service::kinesis, config.kinesis_endpoint, "kinesis_endpoint");
  if (needs_kinesis && config.fan_out) {
    const std::string& name = config.consumer_name.empty() ? config.application : config.consumer_name;
    needs.consumer = aws::ConsumerChoice{.stream = config.stream, .arn = config.consumer_arn, .name = name};
  }
  if (needs_leases) {
    needs.dynamodb = find(aws::Service::dynamodb, config.dynamodb_endpoint, "dynamodb_endpoint");
    const bool named = !config.lease_table.empty();
    needs.lease_table.name = named ? config.lease_table : config.application;
    needs.lease_table.key_attribute = key_attribute_of(config.lease_format);
    if (!stores::is_table_name(needs.lease_table.name)) {
      problems.push_back((named ? "lease_table" : "application") + stores::not_a_table_name(needs.lease_table.name));
    }
  }
  if (needs_cloudwatch) {
    needs.cloudwatch = find(aws::Service::cloudwatch, config.cloudwatch_endpoint, "cloudwatch_endpoint");
  }
  if (!problems.empty()) return Failure{std::move(problems)};
  return std::optional(std::move(needs));
}

namespace {

aws::AwaitedCredentials::OnOthers teller(std::optional<base::EventLog> log) {
  if (!log) return {};
  return [log = *std::move(log)](const Credentials& used) {
    log.info("credentials", {{"from", used.source.empty() ? "a provider of the program's" : used.source},
                             {"access_key_id", aws::masked(used.access_key_id)},
                             {"until", used.expiration ? to_iso8601(*used.expiration) : "not told"}});
  };
}

}  // namespace

AwsPorts::AwsPorts(Threads& threads, base::Random& random, const AwsNeeds& needs, std::optional<base::EventLog> log)
    : credentials_(threads.loop, threads.store_calls, needs.access.credentials, teller(std::move(log))) {
  if (needs.kinesis) {
    kinesis_connection_.emplace(threads.loop, random, credentials_, needs.access, aws::Service::kinesis,
                                *needs.kinesis);
    if (needs.consumer) streams_.emplace(threads.loop, aws::stream_options(needs.access));
    kinesis_.emplace(threads.loop, kinesis_connection_->service(), streams_ ? *streams_ : kinesis_connection_->http(),
                     needs.consumer.value_or(aws::ConsumerChoice{}));
  }
  if (needs.dynamodb) {
    lease_connection_.emplace(threads.loop, random, credentials_, needs.access, aws::Service::dynamodb,
                              *needs.dynamodb);
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
