// A stream, a scripted table, and the shard syncs of workers A and B.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "coordinator/shard_sync.h"
#include "unit/coordinator/stream_port.h"
#include "unit/leases/lease_fixture.h"

namespace kcl::coordinator {

using leases::Fate;
using leases::Lease;
using Ids = std::vector<std::string>;

inline std::string shard_id(int index) {
  const std::string digits = std::to_string(index);
  return "shardId-" + std::string(12 - digits.size(), '0') + digits;
}

class SyncTest : public leases::LeaseTest {
 protected:
  explicit SyncTest(std::size_t shards = 2, LeaseFormat rows = LeaseFormat::kcl) : LeaseTest(rows) {
    make_stream(shards);
  }

  void make_stream(std::size_t shards, std::chrono::milliseconds retention = std::chrono::hours(24)) {
    embedded::Stream::Options options;
    options.name = "orders";
    options.shards = shards;
    options.created = loop.wall();
    options.retention = retention;
    options.limits = embedded::Limits::none();
    stream = std::make_unique<embedded::Stream>(std::move(options));
    kinesis.emplace(loop, *stream);
    loop.run_for(std::chrono::minutes(1));
  }

  std::unique_ptr<ShardSync> make_sync(leases::LeaseTable& table,
                                       shards::InitialPosition initial = shards::InitialPosition::trim_horizon,
                                       Timestamp at = {}) {
    ShardSyncOptions options;
    options.stream = "orders";
    options.initial = initial;
    options.initial_timestamp = at;
    base::EventLog log(loop, [this](const LogEvent& event) { events.push_back(event.name); });
    return std::make_unique<ShardSync>(loop, random, *kinesis, table, std::move(log), options);
  }
  void sync(ShardSync& by) {
    const auto result = run(by.sync());
    EXPECT_TRUE(result) << result.error().message;
  }

  void split(const std::string& shard) {
    ASSERT_TRUE(stream->split_shard(shard, std::nullopt, kinesis->server_time()));
  }
  void merge(const std::string& first, const std::string& second) {
    ASSERT_TRUE(stream->merge_shards(first, second, kinesis->server_time()));
  }
  void store_checkpoint(const std::string& shard, const std::string& checkpoint) {
    store.change(shard, {Action::set(std::string(leases::kcl_row::kCheckpoint), checkpoint)});
  }

  Ids rows() const {
    Ids ids;
    for (const auto& [key, row] : store.rows()) ids.push_back(key);
    return ids;
  }
  /// Keys of the creations that were sent, in order.
  Ids creations() const {
    Ids keys;
    for (const ItemUpdate& update : store.sent()) {
      const bool creates = update.conditions.empty() && !update.actions.empty();
      if (creates) keys.push_back(update.key);
    }
    return keys;
  }

  base::Random random{1};
  std::unique_ptr<embedded::Stream> stream;
  std::optional<StreamPort> kinesis;
  std::vector<std::string> events;
};

class ShardSyncTest : public SyncTest {
 protected:
  /// What a consumer of the shard would be told, by a worker that has looked.
  ShardSync::Admission admitted(ShardSync& by, const std::string& shard) {
    auto admission = run(by.admit(store.lease(shard)));
    EXPECT_TRUE(admission) << (admission ? "" : admission.error().message);
    return admission ? *std::move(admission) : ShardSync::Admission{};
  }
  std::set<std::string> prepare_end(ShardSync& by, const std::string& shard, std::vector<ChildShard> told = {}) {
    auto children = run(by.prepare_end(shard, std::move(told)));
    EXPECT_TRUE(children) << (children ? "" : children.error().message);
    return children ? *std::move(children) : std::set<std::string>{};
  }
};

}  // namespace kcl::coordinator
