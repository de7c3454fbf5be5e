// What the tests of whole workers share: a stream, a lease store to look into, a log to look into, and a processor made
// of lambdas.
#pragma once

#include <gtest/gtest.h>
#include <kcl/kcl.h>
#include <kcl/testing/embedded_stream.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "unit/worker/eventually.h"

namespace kcl::test {

using std::chrono::milliseconds;

/// Nobody in a test waits so long, but where something hangs.
inline constexpr milliseconds kPatience{60'000};

class LogBook final : public LogSink {
 public:
  void write(const LogEvent& event) override {
    const std::lock_guard lock(mutex_);
    events_.push_back(event);
  }
  std::size_t count(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count(events_, name, &LogEvent::name));
  }
  std::string field(const std::string& name, const std::string& key) const {
    const std::lock_guard lock(mutex_);
    for (const LogEvent& event : events_) {
      for (const auto& [field, value] : event.fields) {
        if (event.name == name && field == key) return value.text();
      }
    }
    return {};
  }
  std::vector<LogEvent> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<LogEvent> events_;
};

/// What was delivered, by shard, in order, with repeats.
class Deliveries {
 public:
  void add(const RecordBatch& batch) {
    const std::lock_guard lock(mutex_);
    for (const Record& record : batch) texts_[batch.shard_id()].emplace_back(record.text());
  }
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (const auto& [shard, texts] : texts_) count += texts.size();
    return count;
  }
  std::vector<std::string> of(const std::string& shard) const {
    const std::lock_guard lock(mutex_);
    const auto found = texts_.find(shard);
    return found == texts_.end() ? std::vector<std::string>() : found->second;
  }
  /// Every text once, sorted.
  std::vector<std::string> distinct() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> all;
    for (const auto& [shard, texts] : texts_) all.insert(all.end(), texts.begin(), texts.end());
    std::ranges::sort(all);
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> texts_;
};

/// A RecordProcessor whose callbacks are functions; those that are left out do what the base class does.
struct Callbacks {
  std::function<void(const ShardContext&)> initialize;
  std::function<void(const RecordBatch&, Checkpointer&)> process_records;
  std::function<void(Checkpointer&)> shard_ended;
  std::function<void(Checkpointer&)> shutdown_requested;
  std::function<void()> lease_lost;

  RecordProcessorFactory factory() const;
};

class CallbackProcessor final : public RecordProcessor {
 public:
  explicit CallbackProcessor(Callbacks callbacks) : callbacks_(std::move(callbacks)) {}
  void initialize(const ShardContext& context) override {
    if (callbacks_.initialize) callbacks_.initialize(context);
  }
  void process_records(const RecordBatch& batch, Checkpointer& checkpointer) override {
    if (callbacks_.process_records) callbacks_.process_records(batch, checkpointer);
  }
  void lease_lost() override {
    if (callbacks_.lease_lost) callbacks_.lease_lost();
  }
  void shard_ended(Checkpointer& checkpointer) override {
    callbacks_.shard_ended ? callbacks_.shard_ended(checkpointer) : RecordProcessor::shard_ended(checkpointer);
  }
  void shutdown_requested(Checkpointer& checkpointer) override {
    callbacks_.shutdown_requested ? callbacks_.shutdown_requested(checkpointer)
                                  : RecordProcessor::shutdown_requested(checkpointer);
  }

 private:
  Callbacks callbacks_;
};

inline RecordProcessorFactory Callbacks::factory() const {
  return [callbacks = *this] { return std::make_unique<CallbackProcessor>(callbacks); };
}

class Workbench : public ::testing::Test {
 protected:
  explicit Workbench(std::size_t shards = 1) : stream({.name = "orders", .shards = shards, .limits = false}) {}

  WorkerConfig config() const {
    WorkerConfig config;
    config.application = "billing";
    config.stream = "orders";
    config.worker_id = "me";
    config.initial_position = InitialPosition::trim_horizon();
    config.checkpoint_interval = milliseconds(100);
    config.failover_time = milliseconds(2'000);
    config.min_read_interval = milliseconds(0);
    config.idle_read_interval = milliseconds(20);
    config.first_retry = milliseconds(5);
    config.longest_retry = milliseconds(20);
    config.shutdown_time = kPatience;
    config.handle_signals = false;
    config.kinesis = stream.kinesis();
    config.lease_store = store;
    config.log = log;
    return config;
  }

  void put(std::size_t first, std::size_t count) {
    for (std::size_t i = first; i < first + count; ++i) {
      ASSERT_TRUE(stream.put("key-" + std::to_string(i), "record-" + std::to_string(i)));
    }
  }

  /// An attribute of a lease, as text; empty when it is absent.
  std::string lease(const std::string& shard, const std::string& attribute) const {
    const auto read = store->get(shard, true, Call{});
    if (!read || !read->row) return {};
    const auto found = read->row->find(attribute);
    if (found == read->row->end()) return {};
    const auto* text = found->second.get_if<std::string>();
    return text ? *text : "(not a text)";
  }
  std::string owner(const std::string& shard) const { return lease(shard, "leaseOwner"); }
  /// Another takes the first shard's lease by force: counter and owner change under the holder.
  void steal() {
    ItemUpdate theft;
    theft.key = first_shard;
    theft.actions = {Action::set("leaseOwner", "thief"), Action::add("leaseCounter", Number::of(1))};
    ASSERT_EQ(store->update(theft, Call{}).kind, WriteOutcome::Kind::applied);
  }
  std::string stored(const std::string& shard) const { return lease(shard, "checkpoint"); }

  testing::EmbeddedStream stream;
  std::shared_ptr<ItemStore> store = make_memory_item_store();
  std::shared_ptr<LogBook> log = std::make_shared<LogBook>();
  Deliveries deliveries;
  const std::string first_shard = stream.list().front().id;
};

}  // namespace kcl::test
