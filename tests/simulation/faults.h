// The fault model of one run: what may go wrong, and how often. Changed while the run goes on.
//
// Rates are probabilities of one call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "base/loop.h"

namespace kcl::simulation {

enum class StoreCall : std::uint8_t { get, scan, create, update, remove };
enum class KinesisCall : std::uint8_t {
  describe_stream,
  list_shards,
  get_shard_iterator,
  get_records,
  subscribe_to_shard
};
inline constexpr std::size_t kKinesisCalls = 5;

struct StoreFaults {
  base::Duration min_latency = std::chrono::milliseconds(1);
  base::Duration max_latency = std::chrono::milliseconds(30);
  /// Answers are this much later than requests.
  base::Duration slow_answers{};
  /// The request never arrives; the caller sees a timeout.
  double lose_request = 0;
  /// The request was served, the answer is lost.
  double lose_answer = 0;
  /// The request arrives after the caller has given up, up to `latest_landing` later.
  double land_late = 0;
  base::Duration latest_landing = std::chrono::seconds(8);
  /// Certainly not applied.
  double throttle = 0;
  /// Eventually consistent reads are up to this old, each row by itself: stale and torn.
  base::Duration staleness = std::chrono::milliseconds(800);
  /// While set, nine of ten calls of this kind are throttled.
  std::optional<StoreCall> throttled_call = {};
};

struct KinesisFaults {
  base::Duration min_latency = std::chrono::milliseconds(2);
  base::Duration max_latency = std::chrono::milliseconds(60);
  /// Fails at once.
  double unavailable = 0;
  double throttle = 0;
  double expire_iterator = 0;
  /// "Not found" although it is there.
  double not_found = 0;
  /// The answer that ends a shard comes without its children.
  double forget_children = 0;
  /// It comes with only one of its children, or with children that name no parents.
  double forget_some_children = 0;
  /// No answer; the caller sees a timeout.
  double lose_answer = 0;
  /// Of one event: the stream breaks instead, one way or another, and the event is lost.
  double break_stream = 0;
  /// The service ends every stream after this.
  base::Duration stream_lifetime = std::chrono::minutes(5);
  /// A listing as it was up to `listing_lag` ago: shards born since are missing, their parents open.
  double list_late = 0;
  /// A listing without the shards born within `listing_lag`, though their parents are shown closed.
  double list_without_newest = 0;
  base::Duration listing_lag = std::chrono::seconds(5);
  /// While set, nine of ten calls of this kind are throttled.
  std::optional<KinesisCall> throttled_call = {};
};

struct ProcessorFaults {
  base::Duration shortest = std::chrono::milliseconds(1);
  base::Duration longest = std::chrono::milliseconds(200);
  double throws = 0;
  /// A call that takes `stall`.
  double stalls = 0;
  base::Duration stall = std::chrono::seconds(15);
  /// Data of records with which every call throws.
  std::set<std::string, std::less<>> poison;
  /// Of the dead-letter sink.
  double refuses_dead_letters = 0;
  /// process_records asks to be left alone for up to `retry_later`.
  double retries_later = 0;
  base::Duration retry_later = std::chrono::seconds(20);
  /// initialize, shard_ended and shutdown_requested throw.
  double throws_elsewhere = 0;
  /// After a batch the program has lost what it was given since its last checkpoint, and asks to start over.
  double starts_over = 0;
  /// After a batch the program checkpoints some time later, from outside its callbacks.
  double checkpoints_outside = 0;
};

struct Faults {
  StoreFaults store;
  KinesisFaults kinesis;
  ProcessorFaults processor;
};

}  // namespace kcl::simulation
