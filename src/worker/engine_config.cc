#include "worker/engine_config.h"

#include <kcl/item_stores.h>
#include <kcl/log_sinks.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/text.h"

namespace kcl::worker {

namespace {

constexpr std::chrono::seconds kOwnEnd{10};

/// People find the host and the process by it; the rest makes it unique.
std::string made_up_worker_id() {
  std::array<char, 65> host{};
  ::gethostname(host.data(), host.size() - 1);
  return std::string(host.data()) + ':' + std::to_string(::getpid()) + ':' + base::Random::from_os().uuid();
}

shards::InitialPosition initial_position(InitialPosition::Kind kind) {
  switch (kind) {
    case InitialPosition::Kind::trim_horizon:
      return shards::InitialPosition::trim_horizon;
    case InitialPosition::Kind::at_timestamp:
      return shards::InitialPosition::at_timestamp;
    case InitialPosition::Kind::latest:
      break;
  }
  return shards::InitialPosition::latest;
}

}  // namespace

WorkerConfig completed(WorkerConfig config) {
  if (config.worker_id.empty()) config.worker_id = made_up_worker_id();
  if (!config.lease_store && config.application.empty()) {
    config.lease_store = make_memory_item_store(std::string(key_attribute_of(config.lease_format)));
  }
  if (config.cloudwatch && config.cloudwatch->metric_namespace.empty()) {
    config.cloudwatch->metric_namespace = config.application;
  }
  if (!config.log) config.log = make_console_log_sink(LogLevel::warning);
  return config;
}

std::string streams_text(const WorkerConfig& config) {
  if (config.streams.empty()) return config.stream;
  std::vector<std::string> names;
  names.reserve(config.streams.size());
  for (const StreamConfig& stream : config.streams) names.push_back(stream.stream);
  return base::joined(names);
}

metrics::Labels instrument_labels(const WorkerConfig& config) {
  if (!config.streams.empty()) return {{"application", config.application}, {"worker", config.worker_id}};
  return {{"application", config.application}, {"stream", config.stream}, {"worker", config.worker_id}};
}

engine::EngineOptions engine_options(const WorkerConfig& config) {
  engine::EngineOptions options;
  options.worker_id = config.worker_id;
  options.failover = config.failover_time;
  options.start_patience = config.start_patience;
  // An end of its own is in no hurry.
  options.wind_up = std::max<std::chrono::milliseconds>(config.shutdown_time, kOwnEnd);
  options.stop_when_done = config.stop_when_caught_up || config.read_until;
  options.stall_after = config.stall_after;
  options.stop_on_stall = config.stop_on_stall;
  options.create_table = config.create_table;
  options.lease_format = config.lease_format;
  options.sync.stream = config.stream;
  options.sync.initial = initial_position(config.initial_position.kind());
  options.sync.initial_timestamp = config.initial_position.timestamp();
  options.sync.interval = config.shard_sync_interval;
  for (const StreamConfig& stream : config.streams) {
    const InitialPosition& initial = stream.initial_position.value_or(config.initial_position);
    options.streams.push_back({.stream = stream.stream,
                               .initial = initial_position(initial.kind()),
                               .initial_timestamp = initial.timestamp(),
                               .consumer_arn = stream.consumer_arn});
  }
  options.coordinator.max_leases = config.max_leases;
  options.coordinator.static_identity = config.static_identity;
  options.coordinator.balance = config.balance;
  options.consumer.reader.max_records = config.max_records;
  options.consumer.reader.min_interval = config.min_read_interval;
  options.consumer.reader.idle_interval = config.idle_read_interval;
  options.consumer.reader.prefetch = config.prefetch_batches;
  options.consumer.reader.until = config.read_until;
  if (config.fan_out) {
    options.consumer.reader.fan_out =
        consumer::FanOutOptions{.consumer_arn = config.consumer_arn, .fall_back = config.poll_if_refused};
  }
  options.consumer.checkpoint_automatically = config.checkpointing == Checkpointing::automatic;
  options.consumer.checkpoint_interval = config.checkpoint_interval;
  options.consumer.first_retry = config.first_retry;
  options.consumer.longest_retry = config.longest_retry;
  options.consumer.max_outstanding = config.max_outstanding_batches;
  options.consumer.max_outstanding_bytes = config.max_outstanding_bytes;
  options.consumer.strays = config.stray_records;
  options.consumer.on_error = config.on_error;
  options.consumer.max_attempts = config.max_attempts;
  return options;
}

}  // namespace kcl::worker
