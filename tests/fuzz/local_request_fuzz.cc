// What `kclpp local` does with a request, from the bytes of the connection to the answer.
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "fuzz_target.h"
#include "local/faults.h"
#include "local/parameters.h"
#include "local/service.h"
#include "local/signature_check.h"
#include "server/request_reader.h"
#include "wire/cbor.h"
#include "wire/json_reader.h"

namespace kcl::fuzz {
namespace {

using wire::Protocol;

constexpr Timestamp kNow{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};

/// With a stream that has records, a closed shard and a consumer.
local::Service populated() {
  local::Service service({.limits = false, .transition = std::chrono::milliseconds(0)});
  const auto call = [&](local::Operation operation, std::string_view json) {
    const auto parameters = local::decode_parameters(Protocol::json, json);
    base::check(service.call(operation, *parameters, Protocol::json, kNow).has_value(), "what sets up is right");
  };
  call(local::Operation::create_stream, R"({"StreamName":"s","ShardCount":1})");
  call(local::Operation::put_record, R"({"StreamName":"s","PartitionKey":"k","Data":"YWJj"})");
  call(local::Operation::split_shard,
       R"({"StreamName":"s","ShardToSplit":"shardId-000000000000","NewStartingHashKey":"1000000"})");
  call(local::Operation::register_consumer,
       R"({"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s","ConsumerName":"c"})");
  return service;
}

void check_document(Protocol protocol, std::string_view body) {
  if (body.empty()) return;
  if (protocol == Protocol::json) {
    base::check(wire::JsonReader(body).ok(), "an answer is JSON");
    return;
  }
  wire::CborReader in(body);
  in.skip();
  in.finish();
  base::check(in.ok(), "an answer is CBOR");
}

void run_subscription(local::Service& service, const local::Parameters& parameters) {
  const auto subscribed = service.subscribe(parameters, kNow);
  if (!subscribed) return base::check(!subscribed.error().code.empty(), "a refusal has a code");
  for (int second = 0; second < 12; ++second) {
    const Timestamp now = kNow + std::chrono::seconds(second);
    if (service.next(*subscribed, now)) continue;
    base::check(service.due(*subscribed, now) > now, "what has nothing to say is due later");
  }
  service.close(*subscribed);
}

void run_call(std::string_view input) {
  const auto operation = static_cast<local::Operation>(take_choice(input) % local::kOperations);
  const Protocol protocol = (take_choice(input) & 1) != 0 ? Protocol::json : Protocol::cbor;
  const auto parameters = local::decode_parameters(protocol, input);
  if (!parameters) return base::check(!parameters.error().message.empty(), "a refusal says why");
  local::Service service = populated();
  if (operation == local::Operation::subscribe_to_shard) return run_subscription(service, *parameters);
  const auto answer = service.call(operation, *parameters, protocol, kNow);
  if (answer) return check_document(protocol, *answer);
  base::check(!answer.error().code.empty(), "a refusal has a code");
}

/// The requests and the failure that bytes make, taken in pieces of that size.
std::pair<std::vector<std::string>, std::optional<int>> read(std::string_view input, std::size_t piece) {
  server::RequestReader reader({.header_bytes = 4'096, .body_bytes = 4'096});
  std::vector<std::string> bodies;
  std::string waiting;
  for (std::size_t at = 0; at < input.size() && !reader.failure(); at += piece) {
    waiting += input.substr(at, piece);
    while (!waiting.empty() && !reader.failure()) {
      const std::size_t taken = reader.take(waiting);
      base::check(taken <= waiting.size(), "no more is taken than there is");
      waiting.erase(0, taken);
      if (reader.ready()) {
        server::Request request = reader.take_request();
        const local::SignatureCheck check({.access_key_id = "id", .secret_access_key = "secret"}, "us-east-1");
        base::check(check.fault_of(request, kNow).has_value(), "nobody guesses a signature");
        bodies.push_back(std::move(request.body));
      } else if (taken == 0) {
        break;
      }
    }
  }
  return {std::move(bodies), reader.failure()};
}

void run_connection(std::string_view input) {
  const auto whole = read(input, 1 << 20);
  // A head or a chunk that comes in pieces is judged once its end is there: let it be there.
  const auto pieces = read(std::string(input) + (whole.second ? "\r\n\r\n\r\n\r\n" : ""), 7);
  base::check(whole.first == pieces.first, "requests do not depend on how they are cut");
  base::check(whole.second.has_value() == pieces.second.has_value(), "nor does whether they can be read");
}

void run_fault_plan(std::string_view input) {
  auto plan = local::FaultPlan::parse(input, base::BootTime());
  if (!plan) return base::check(!plan.error().empty(), "an error says what is wrong");
  for (std::int64_t second = 0; second < 5; ++second) {
    plan->draw(local::Operation::list_shards, base::BootTime(std::chrono::seconds(second)));
  }
  check_document(Protocol::json, plan->describe());
}

}  // namespace

void run_one(std::string_view input) {
  switch (take_choice(input) % 4) {
    case 0:
      return run_connection(input);
    case 1:
      return run_fault_plan(input);
    default:
      return run_call(input);
  }
}

}  // namespace kcl::fuzz
