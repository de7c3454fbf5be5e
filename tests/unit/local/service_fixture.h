// A service whose clock the test turns, asked in JSON unless told otherwise. Answers are read by our own client's
// decoders, or looked at as text.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "local/service.h"
#include "wire/kinesis_answers.h"

namespace kcl::local {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using wire::Protocol;

inline const std::string kShard0 = "shardId-000000000000";
inline const std::string kShard1 = "shardId-000000000001";
inline const std::string kShard2 = "shardId-000000000002";
inline const std::string kShard3 = "shardId-000000000003";
/// The middle of all hash keys, and of their upper half.
inline const std::string kMiddle = "170141183460469231731687303715884105728";
inline const std::string kUpperMiddle = "255211775190703847597530955573826158592";

/// R"({'a': 'b'})" is {"a": "b"}.
inline std::string json(std::string text) {
  for (char& c : text) {
    if (c == '\'') c = '"';
  }
  return text;
}

class ServiceTest : public ::testing::Test {
 protected:
  ServiceTest() { make({}); }

  void make(ServiceOptions options) {
    options.transition = milliseconds(100);
    service.emplace(options);
  }

  Served<std::string> call(const std::string& operation, const std::string& body, Protocol protocol = Protocol::json) {
    const auto parameters = decode_parameters(protocol, protocol == Protocol::json ? json(body) : body);
    if (!parameters) return Failure{parameters.error()};
    return service->call(*operation_named(operation), *parameters, protocol, now);
  }
  std::string ok(const std::string& operation, const std::string& body) {
    const auto answer = call(operation, body);
    EXPECT_TRUE(answer.has_value()) << operation << body << ": " << answer.error().code << ": "
                                    << answer.error().message;
    return answer ? *answer : "";
  }
  std::string code(const std::string& operation, const std::string& body) {
    const auto answer = call(operation, body);
    return answer ? "no error: " + *answer : answer.error().code;
  }

  /// And waits until it is ACTIVE.
  void create(const std::string& name = "orders", std::size_t shards = 2) {
    ok("CreateStream", "{'StreamName': '" + name + "', 'ShardCount': " + std::to_string(shards) + "}");
    now += milliseconds(100);
  }
  void split(const std::string& shard = kShard1, const std::string& at = kUpperMiddle) {
    ok("SplitShard", "{'StreamName': 'orders', 'ShardToSplit': '" + shard + "', 'NewStartingHashKey': '" + at + "'}");
    now += milliseconds(100);
  }

  ShardPage shards(const std::string& more) {
    const auto page = wire::decode_list_shards(Protocol::json, ok("ListShards", "{" + more + "}"));
    EXPECT_TRUE(page.has_value());
    return page ? *page : ShardPage();
  }
  /// The last digits of the ids listed: "0 2 3".
  std::string listed(const std::string& filter) {
    std::string text;
    for (const Shard& shard : shards("'StreamName': 'orders'" + filter).shards) {
      text += (text.empty() ? "" : " ") + shard.id.substr(shard.id.size() - 1);
    }
    return text;
  }

  std::string iterator(const std::string& shard, const std::string& type = "'TRIM_HORIZON'") {
    const auto answer = wire::decode_get_shard_iterator(
        Protocol::json, ok("GetShardIterator",
                           "{'StreamName': 'orders', 'ShardId': '" + shard + "', 'ShardIteratorType': " + type + "}"));
    return answer ? answer->iterator : "";
  }
  RecordsPage records(const std::string& iterator) {
    const auto page = wire::decode_get_records(
        Protocol::json, std::make_shared<std::string>(ok("GetRecords", "{'ShardIterator': '" + iterator + "'}")));
    EXPECT_TRUE(page.has_value());
    return page ? *page : RecordsPage();
  }

  Timestamp now{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};
  std::optional<Service> service;
};

}  // namespace kcl::local
