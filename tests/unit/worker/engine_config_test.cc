// What a WorkerConfig says reaches the engine: an option that is ignored fails here, by name.
#include "worker/engine_config.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <vector>

#include "worker/config_options.h"

namespace kcl::worker {
namespace {

using engine::EngineOptions;
using std::chrono::milliseconds;

struct Effect {
  std::string_view option;
  std::function<void(WorkerConfig&)> set;
  std::function<bool(const EngineOptions&)> shows;
};

std::vector<Effect> effects() {
  const milliseconds time(7'000);
  const Timestamp then{std::chrono::seconds(1'000'000)};
  return {
      {"streams", [](auto& c) { c.streams = {{.stream = "orders"}, {.stream = "refunds"}}; },
       [](const auto& o) { return o.streams.size() == 2 && o.streams[1].stream == "refunds"; }},
      {"lease_format", [](auto& c) { c.lease_format = LeaseFormat::vmware_go; },
       [](const auto& o) { return o.lease_format == LeaseFormat::vmware_go; }},
      {"worker_id", [](auto& c) { c.worker_id = "me"; }, [](const auto& o) { return o.worker_id == "me"; }},
      {"static_identity", [](auto& c) { c.static_identity = true; },
       [](const auto& o) { return o.coordinator.static_identity; }},
      {"initial_position", [=](auto& c) { c.initial_position = InitialPosition::at(then); },
       [=](const auto& o) {
         return o.sync.initial == shards::InitialPosition::at_timestamp && o.sync.initial_timestamp == then;
       }},
      {"checkpointing", [](auto& c) { c.checkpointing = Checkpointing::manual; },
       [](const auto& o) { return !o.consumer.checkpoint_automatically; }},
      {"checkpoint_interval", [=](auto& c) { c.checkpoint_interval = time; },
       [=](const auto& o) { return o.consumer.checkpoint_interval == time; }},
      {"failover_time", [=](auto& c) { c.failover_time = time; }, [=](const auto& o) { return o.failover == time; }},
      {"max_leases", [](auto& c) { c.max_leases = 7; }, [](const auto& o) { return o.coordinator.max_leases == 7; }},
      {"balance", [](auto& c) { c.balance = LeaseBalance::throughput; },
       [](const auto& o) { return o.coordinator.balance == LeaseBalance::throughput; }},
      {"create_table", [](auto& c) { c.create_table = CreateTable::never; },
       [](const auto& o) { return o.create_table == CreateTable::never; }},
      {"start_patience", [=](auto& c) { c.start_patience = time; },
       [=](const auto& o) { return o.start_patience == time; }},
      {"shard_sync_interval", [=](auto& c) { c.shard_sync_interval = time; },
       [=](const auto& o) { return o.sync.interval == time; }},
      {"stop_when_caught_up", [](auto& c) { c.stop_when_caught_up = true; },
       [](const auto& o) { return o.stop_when_done; }},
      {"read_until", [=](auto& c) { c.read_until = then; },
       [=](const auto& o) { return o.stop_when_done && o.consumer.reader.until == then; }},
      {"max_records", [](auto& c) { c.max_records = 7; },
       [](const auto& o) { return o.consumer.reader.max_records == 7; }},
      {"min_read_interval", [=](auto& c) { c.min_read_interval = time; },
       [=](const auto& o) { return o.consumer.reader.min_interval == time; }},
      {"idle_read_interval", [=](auto& c) { c.idle_read_interval = time; },
       [=](const auto& o) { return o.consumer.reader.idle_interval == time; }},
      {"prefetch_batches", [](auto& c) { c.prefetch_batches = 7; },
       [](const auto& o) { return o.consumer.reader.prefetch == 7; }},
      {"fan_out", [](auto& c) { c.fan_out = true; },
       [](const auto& o) { return o.consumer.reader.fan_out.has_value(); }},
      {"consumer_arn", [](auto& c) { c.fan_out = true, c.consumer_arn = "arn:x"; },
       [](const auto& o) { return o.consumer.reader.fan_out && o.consumer.reader.fan_out->consumer_arn == "arn:x"; }},
      {"poll_if_refused", [](auto& c) { c.fan_out = true, c.poll_if_refused = true; },
       [](const auto& o) { return o.consumer.reader.fan_out && o.consumer.reader.fan_out->fall_back; }},
      {"max_outstanding_batches", [](auto& c) { c.max_outstanding_batches = 7; },
       [](const auto& o) { return o.consumer.max_outstanding == 7; }},
      {"max_outstanding_bytes", [](auto& c) { c.max_outstanding_bytes = 7; },
       [](const auto& o) { return o.consumer.max_outstanding_bytes == 7; }},
      {"stray_records", [](auto& c) { c.stray_records = StrayRecords::leave_out; },
       [](const auto& o) { return o.consumer.strays == StrayRecords::leave_out; }},
      {"first_retry", [=](auto& c) { c.first_retry = time; },
       [=](const auto& o) { return o.consumer.first_retry == time; }},
      {"longest_retry", [=](auto& c) { c.longest_retry = time; },
       [=](const auto& o) { return o.consumer.longest_retry == time; }},
      {"on_error", [](auto& c) { c.on_error = OnError::stop; },
       [](const auto& o) { return o.consumer.on_error == OnError::stop; }},
      {"max_attempts", [](auto& c) { c.max_attempts = 7; }, [](const auto& o) { return o.consumer.max_attempts == 7; }},
      {"stall_after", [=](auto& c) { c.stall_after = time; }, [=](const auto& o) { return o.stall_after == time; }},
      {"stop_on_stall", [](auto& c) { c.stop_on_stall = true; }, [](const auto& o) { return o.stop_on_stall; }},
      {"shutdown_time", [](auto& c) { c.shutdown_time = milliseconds(77'000); },
       [](const auto& o) { return o.wind_up == milliseconds(77'000); }},
  };
}

TEST(EngineConfig, EachOptionReachesTheEngine) {
  const std::vector<Effect> all = effects();
  for (const Effect& effect : all) {
    WorkerConfig config;
    EXPECT_FALSE(effect.shows(engine_options(config))) << effect.option;
    effect.set(config);
    EXPECT_TRUE(effect.shows(engine_options(config))) << effect.option;
  }
  for (const ConfigOption& option : config_options()) {
    const bool here = option.test == "EngineConfig.EachOptionReachesTheEngine";
    EXPECT_EQ(std::ranges::count(all, option.name, &Effect::option), here ? 1 : 0) << option.name;
  }
}

}  // namespace
}  // namespace kcl::worker
