// What the tests of sinks share: batches, and permits to be withdrawn.
#pragma once

#include <gtest/gtest.h>
#include <kcl/record.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "consume/permit.h"
#include "consume/sink.h"

namespace kclpp::consume {

/// Records "0", "1", ... of a shard; their data is what was given.
inline kcl::RecordBatch batch_of(const std::string& shard, std::vector<std::string> data) {
  struct Texts {
    std::vector<std::string> data;
    std::vector<std::string> numbers;
  };
  const auto texts = std::make_shared<Texts>();
  texts->data = std::move(data);
  for (std::size_t i = 0; i < texts->data.size(); ++i) texts->numbers.push_back(std::to_string(i));
  auto content = std::make_shared<kcl::RecordBatch::Content>();
  content->shard_id = shard;
  for (std::size_t i = 0; i < texts->data.size(); ++i) {
    content->records.emplace_back(
        kcl::Record::Fields{.sequence_number = texts->numbers[i], .partition_key = "key", .data = texts->data[i]});
  }
  content->buffer = texts;
  return kcl::RecordBatch(std::move(content));
}

/// A lease and a worker, as far as a sink knows of them.
class Holder {
 public:
  explicit Holder(std::chrono::milliseconds last_call = std::chrono::hours(1)) : last_call_(last_call) {}

  Permit permit() {
    return {stop_.get_token(), [this] { return cancelled_.load(); }, last_call_};
  }
  void stop_worker() { stop_.request_stop(); }
  void doubt_lease() { cancelled_ = true; }
  void lose_lease() {
    cancelled_ = true;
    stop_.request_stop();
  }
  LastCall& last_call() { return last_call_; }

  void take(Sink& sink, const kcl::RecordBatch& batch) {
    const Permit permit = this->permit();
    sink.take({.batch = batch, .stream = stream_, .epoch = 7, .permit = permit});
  }

 private:
  const std::string stream_ = "orders";
  std::stop_source stop_;
  std::atomic<bool> cancelled_{false};
  LastCall last_call_;
};

}  // namespace kclpp::consume
