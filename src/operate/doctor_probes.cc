#include "operate/doctor_probes.h"

#include <algorithm>
#include <utility>

#include "aws/credentials.h"
#include "base/text.h"
#include "operate/lease_export.h"
#include "operate/look.h"
#include "operate/stream_consumers.h"
#include "wire/dynamodb.h"
#include "wire/item_json.h"
#include "wire/json_writer.h"
#include "wire/kinesis_answers.h"
#include "wire/kinesis_requests.h"
#include "wire/sts_answer.h"

namespace kcl::operate {

using aws::Service;
using base::Task;
using Outcome = Attempt::Outcome;
using Called = ports::Answer<Result<aws::CallAnswer, aws::CallError>>;
using std::chrono::milliseconds;

namespace {

constexpr base::Duration kCallTimeout = std::chrono::seconds(8);
constexpr std::string_view kKinesisJson = "application/x-amz-json-1.1";
constexpr std::string_view kConditionFailed = "ConditionalCheckFailedException";

bool is_aws(const std::string& url) { return url.find(".amazonaws.com") != std::string::npos; }

aws::ServiceClient::Request request(std::string_view target, std::string_view content_type, std::string body) {
  aws::ServiceClient::Request made;
  made.target = target;
  made.content_type = content_type;
  made.body = std::move(body);
  made.repeatable = true;
  return made;
}

/// `passes`: an error by which the service shows that it got past the permissions.
Attempt judged(std::string action, const Called& called, std::string_view passes = {}) {
  Attempt attempt;
  attempt.action = std::move(action);
  if (called.value) {
    attempt.outcome = Outcome::allowed;
    return attempt;
  }
  const aws::CallError& error = called.value.error();
  attempt.message = error.message;
  if (error.kind == aws::CallError::Kind::denied) {
    attempt.outcome = Outcome::denied;
  } else if (!passes.empty() && error.code == passes) {
    attempt.outcome = Outcome::allowed;
  } else {
    attempt.outcome = Outcome::failed;
  }
  return attempt;
}

Attempt untried(std::string action, std::string why) {
  return {.action = std::move(action), .outcome = Outcome::untried, .message = std::move(why)};
}

/// A row that nobody has: writes that demand that it is there change nothing.
std::string put_if_present(const std::string& table, const std::string& key_attribute, const std::string& key) {
  Item row;
  row.emplace(key_attribute, key);
  wire::JsonWriter json;
  json.begin_object().name("TableName").text(table).name("Item").json(wire::encode_item(row));
  json.name("ConditionExpression").text("attribute_exists(#k)");
  json.name("ExpressionAttributeNames").begin_object().name("#k").text(key_attribute).end_object().end_object();
  return json.str();
}

std::string scan_of_one(const std::string& table) {
  wire::JsonWriter json;
  json.begin_object().name("TableName").text(table).name("Limit").number(1).end_object();
  return json.str();
}

/// A service, and whose credentials it is spoken to with: numbered as they come.
struct Spoken {
  std::string name;
  const worker::AwsService* service;
  std::size_t principal;
};

std::vector<Spoken> spoken_to(const worker::AwsNeeds& aws) {
  std::vector<Spoken> all;
  std::vector<const CredentialsProvider*> providers;
  for (const auto& [name, service] : {std::pair("kinesis", &aws.kinesis), std::pair("dynamodb", &aws.dynamodb),
                                      std::pair("cloudwatch", &aws.cloudwatch)}) {
    if (!*service) continue;
    const CredentialsProvider* provider = (*service)->access.credentials.get();
    const auto known = std::ranges::find(providers, provider);
    all.push_back(
        {.name = name, .service = &**service, .principal = static_cast<std::size_t>(known - providers.begin())});
    if (known == providers.end()) providers.push_back(provider);
  }
  return all;
}

}  // namespace

FirstLook first_look(const Places& places, const aws::Environment& environment,
                     const std::vector<std::string>& proxies) {
  FirstLook look;
  Facts& facts = look.facts;
  facts.application = places.table;
  facts.stream = places.stream;
  facts.sqlite_file = places.sqlite_file;
  facts.proxies = proxies;
  auto needs = aws_needs(places, environment);
  if (!needs) {
    facts.access_error = base::joined(needs.error());
    return look;
  }
  look.aws = *std::move(needs);
  if (!look.aws) return look;
  const worker::AwsSettings& given = places.aws;
  for (const Spoken& spoken : spoken_to(*look.aws)) {
    const ServiceAccess& own = spoken.name == "kinesis"    ? given.kinesis_access
                               : spoken.name == "dynamodb" ? given.dynamodb_access
                                                           : given.cloudwatch_access;
    std::string profile = own.profile.empty() ? given.profile : own.profile;
    if (profile.empty()) profile = environment.get("AWS_PROFILE").value_or("");
    facts.services.push_back({.name = spoken.name,
                              .region = spoken.service->access.region,
                              .profile = std::move(profile),
                              .role = own.role_arn,
                              .url = spoken.service->endpoint.url});
    if (facts.ca_file.empty()) facts.ca_file = spoken.service->access.ca_file;
    if (spoken.principal == facts.principals.size()) facts.principals.emplace_back();
    facts.principals[spoken.principal].services.push_back(spoken.name);
  }
  return look;
}

/// One of whose credentials services are spoken to with.
struct DoctorProbes::Speaker {
  Speaker(worker::Threads& threads, base::Random& random, const aws::Access& access)
      : credentials(threads.loop, threads.store_calls, access.credentials) {
    auto endpoint = access.endpoint(Service::sts, {}, "the endpoint");
    if (endpoint) sts.emplace(threads.loop, random, credentials, access, Service::sts, *std::move(endpoint));
  }

  aws::AwaitedCredentials credentials;
  std::optional<aws::Connection> sts;
};

/// The services that are needed. A slow one does not hold up another.
struct DoctorProbes::Clients {
  Clients(worker::Threads& threads, base::Random& chance, const worker::AwsNeeds& aws) : random(chance) {
    for (const Spoken& spoken : spoken_to(aws)) {
      const aws::Access& access = spoken.service->access;
      if (spoken.principal == speakers.size()) {
        speakers.push_back(std::make_unique<Speaker>(threads, random, access));
      }
      const auto connect = [&](std::optional<aws::Connection>& into, Service service) {
        into.emplace(threads.loop, random, speakers[spoken.principal]->credentials, access, service,
                     spoken.service->endpoint);
      };
      if (spoken.name == "kinesis") connect(kinesis, Service::kinesis);
      if (spoken.name == "dynamodb") connect(dynamodb, Service::dynamodb);
    }
  }

  base::Random& random;
  /// As Facts::principals.
  std::vector<std::unique_ptr<Speaker>> speakers;
  std::optional<aws::Connection> kinesis;
  std::optional<aws::Connection> dynamodb;
};

DoctorProbes::DoctorProbes(worker::Threads& threads, base::Random& random, const Places& places,
                           const worker::AwsNeeds& aws)
    : loop_(threads.loop), places_(places), clients_(std::make_unique<Clients>(threads, random, aws)) {}

DoctorProbes::~DoctorProbes() = default;

Task<void> DoctorProbes::ask(Facts& facts, base::Stop& stop) {
  for (std::size_t i = 0; i < clients_->speakers.size() && !stop.requested(); ++i) {
    Speaker& speaker = *clients_->speakers[i];
    Principal& who = facts.principals[i];
    co_await credentials(speaker, facts, who);
    if (who.access_key_id && !stop.requested()) co_await identity(speaker, facts, who);
  }
  const auto can_ask = [&](std::string_view service) {
    const auto speaks = [&](const Principal& who) {
      return who.access_key_id && std::ranges::find(who.services, service) != who.services.end();
    };
    return !stop.requested() && std::ranges::any_of(facts.principals, speaks);
  };
  if (clients_->kinesis && can_ask("kinesis")) co_await stream(facts);
  if (clients_->dynamodb && can_ask("dynamodb")) co_await table(facts);
}

Task<void> DoctorProbes::credentials(Speaker& speaker, Facts& facts, Principal& who) {
  auto found = co_await speaker.credentials.get(loop_.now() + std::chrono::seconds(30));
  facts.now = loop_.wall();
  if (!found) {
    who.error = found.error().message;
    co_return;
  }
  who.access_key_id = aws::masked(found->access_key_id);
  who.temporary = !found->session_token.empty();
  who.expiration = found->expiration;
  who.source = found->source.empty() ? "a provider that does not say where it has them" : found->source;
}

/// Whose credentials they are takes no permission to ask.
Task<void> DoctorProbes::identity(Speaker& speaker, const Facts& facts, Principal& who) {
  if (!speaker.sts) {
    who.identity_error = "the endpoint of STS cannot be used";
    co_return;
  }
  const std::string url = speaker.sts->service().options().endpoint.url;
  const bool own_servers =
      std::ranges::any_of(facts.services, [](const ServicePlace& place) { return !is_aws(place.url); });
  if (own_servers && is_aws(url)) {
    who.identity_error = "not asked, since other servers than AWS's own are named";
    co_return;
  }
  auto asked = request("AWSSecurityTokenServiceV20110615.GetCallerIdentity", "application/x-www-form-urlencoded",
                       "Action=GetCallerIdentity&Version=2011-06-15");
  auto called = co_await speaker.sts->service().call(std::move(asked), loop_.now() + kCallTimeout);
  if (!called.value) {
    who.identity_error = called.value.error().message;
    co_return;
  }
  who.identity = wire::decode_caller_arn(*called.value->body);
  if (!who.identity) who.identity_error = "the answer of STS names nobody";
}

Task<void> DoctorProbes::stream(Facts& facts) {
  aws::ServiceClient& service = clients_->kinesis->service();
  const auto protocol = wire::Protocol::json;
  auto describe = request(wire::kDescribeStreamSummaryTarget, kKinesisJson,
                          wire::encode_describe_stream_summary(protocol, facts.stream));
  auto described = co_await service.call(std::move(describe), loop_.now() + kCallTimeout);
  facts.attempts.push_back(judged("kinesis:DescribeStreamSummary", described));
  if (!described.value) {
    facts.stream_error = described.value.error().message;
  } else {
    if (described.timing.server_time) {
      facts.clock_ahead = std::chrono::floor<std::chrono::seconds>(loop_.wall()) - *described.timing.server_time;
    }
    auto stream = wire::decode_stream_facts(*described.value->body);
    if (stream) facts.stream_facts = *std::move(stream);
    if (!facts.stream_facts) facts.stream_error = "the answer is not one of Kinesis";
  }

  if (facts.stream_facts && !facts.stream_facts->arn.empty()) {
    std::string arn = facts.stream_facts->arn;
    facts.consumers = co_await list_consumers(loop_, service, std::move(arn));
  }

  ListShards listing;
  listing.stream = facts.stream;
  auto list = request(wire::kListShardsTarget, kKinesisJson, wire::encode(protocol, listing));
  auto listed = co_await service.call(std::move(list), loop_.now() + kCallTimeout);
  facts.attempts.push_back(judged("kinesis:ListShards", listed));
  std::string shard;
  if (listed.value) {
    const auto page = wire::decode_list_shards(protocol, *listed.value->body);
    if (page && !page->shards.empty()) shard = page->shards.back().id;
  }
  if (shard.empty()) {
    facts.attempts.push_back(untried("kinesis:GetShardIterator", "no shard is known"));
    facts.attempts.push_back(untried("kinesis:GetRecords", "no shard is known"));
    co_return;
  }
  GetShardIterator begin;
  begin.stream = facts.stream;
  begin.shard_id = shard;
  begin.type = GetShardIterator::Type::latest;
  auto open = request(wire::kGetShardIteratorTarget, kKinesisJson, wire::encode(protocol, begin));
  auto opened = co_await service.call(std::move(open), loop_.now() + kCallTimeout);
  facts.attempts.push_back(judged("kinesis:GetShardIterator", opened));
  const auto iterator = opened.value ? wire::decode_get_shard_iterator(protocol, *opened.value->body)
                                     : Failure{std::string("no iterator could be had")};
  if (!iterator) {
    facts.attempts.push_back(untried("kinesis:GetRecords", iterator.error()));
    co_return;
  }
  GetRecords records;
  records.stream = facts.stream;
  records.iterator = iterator->iterator;
  records.limit = 1;
  auto read = request(wire::kGetRecordsTarget, kKinesisJson, wire::encode(protocol, records));
  auto answered = co_await service.call(std::move(read), loop_.now() + kCallTimeout);
  facts.attempts.push_back(judged("kinesis:GetRecords", answered));
}

Task<void> DoctorProbes::table(Facts& facts) {
  aws::ServiceClient& service = clients_->dynamodb->service();
  const std::string key_attribute(key_attribute_of(places_.format));
  const wire::DynamoDbRequests requests(facts.application, key_attribute);
  const auto json = wire::kDynamoDbContentType;
  auto describe = request(wire::kDescribeTableTarget, json, requests.describe_table());
  auto described = co_await service.call(std::move(describe), loop_.now() + kCallTimeout);
  facts.table_missing = !described.value && described.value.error().code == "ResourceNotFoundException";
  facts.attempts.push_back(judged("dynamodb:DescribeTable", described, "ResourceNotFoundException"));
  if (described.timing.server_time && !facts.clock_ahead && described.value) {
    facts.clock_ahead = std::chrono::floor<std::chrono::seconds>(loop_.wall()) - *described.timing.server_time;
  }
  if (described.value) {
    auto table = wire::decode_table_facts(*described.value->body);
    if (table) facts.table_facts = *std::move(table);
  }
  if (facts.attempts.back().outcome == Outcome::failed) {
    facts.table_unreachable = facts.attempts.back().message;
    for (const char* action : {"GetItem", "Scan", "PutItem", "UpdateItem", "DeleteItem"}) {
      facts.attempts.push_back(untried(std::string("dynamodb:") + action, facts.table_unreachable));
    }
    co_return;
  }
  if (facts.table_missing) {
    facts.attempts.push_back(untried("dynamodb:CreateTable", "it cannot be tried without making the table"));
    for (const char* action : {"GetItem", "Scan", "PutItem", "UpdateItem", "DeleteItem"}) {
      facts.attempts.push_back(untried(std::string("dynamodb:") + action, "there is no table to try it on"));
    }
    co_return;
  }
  const std::string nobody = "kclpp-doctor-" + clients_->random.uuid();
  struct Try {
    const char* action;
    std::string_view target;
    std::string body;
    std::string_view passes;
  };
  ItemUpdate update;
  update.key = nobody;
  update.actions.push_back(Action::set("kclppDoctor", "never written"));
  const std::vector<Condition> there{Condition::present(key_attribute)};
  std::vector<Try> tries;
  tries.push_back({"dynamodb:GetItem", wire::kGetItemTarget, requests.get_item(nobody, true), {}});
  tries.push_back({"dynamodb:Scan", wire::kScanTarget, scan_of_one(facts.application), {}});
  tries.push_back({"dynamodb:PutItem", wire::kPutItemTarget, put_if_present(facts.application, key_attribute, nobody),
                   kConditionFailed});
  tries.push_back({"dynamodb:UpdateItem", wire::kUpdateItemTarget, requests.update_item(update), kConditionFailed});
  tries.push_back(
      {"dynamodb:DeleteItem", wire::kDeleteItemTarget, requests.delete_item(nobody, there), kConditionFailed});
  for (Try& one : tries) {
    auto asked = request(one.target, json, std::move(one.body));
    auto called = co_await service.call(std::move(asked), loop_.now() + kCallTimeout);
    facts.attempts.push_back(judged(one.action, called, one.passes));
  }
}

Task<void> look_at_leases(Session& session, const Places& places, Facts& facts, base::Stop& stop) {
  leases::LeaseTableOptions options;
  options.me.worker_id = "kclpp-doctor";
  options.me.incarnation = session.random().uuid();
  options.format = places.format;
  leases::LeaseTable table(session.loop(), session.store(), std::move(options));
  const auto there = co_await table.ensure(CreateTable::never, std::chrono::seconds(10));
  if (!there) {
    facts.leases_error = there.error().message;
    if (there.error().kind == StoreError::Kind::misuse) facts.table_error = there.error().message;
    co_return;
  }
  LookOptions look_options;
  look_options.whole = true;
  auto view = co_await look(session.loop(), table, look_options, stop);
  if (!view) {
    facts.leases_error = view.error().message;
    co_return;
  }
  const auto rows = co_await read_rows(session.loop(), session.store());
  if (rows) {
    for (const Item& row : *rows) facts.rows_bytes += wire::encode_item(row).size();
  }
  const double seconds = std::chrono::duration<double>(view->watched).count();
  if (seconds > 1) facts.writes_per_second = static_cast<double>(view->writes) / seconds;
  if (!places.stream.empty() && facts.stream_facts) {
    StreamSight stream(session.loop(), session.random(), session.kinesis(), table, places.stream);
    const auto listed = co_await stream.add_listing(*view);
    if (!listed) facts.leases_error = listed.error();
  }
  facts.leases = diagnose(*view);
}

}  // namespace kcl::operate
