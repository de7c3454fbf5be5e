// A stream in memory as one worker reaches it on a virtual loop, with answers that a test can spoil.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/virtual_loop.h"
#include "base/wait.h"
#include "embedded/stream.h"
#include "embedded/subscription.h"
#include "ports/kinesis.h"
#include "simulation/subscription_port.h"

namespace kcl::coordinator {

class StreamPort final : public ports::Kinesis {
 public:
  StreamPort(base::VirtualLoop& loop, embedded::Stream& stream)
      : loop_(loop), stream_(&stream), consumers_(stream.arn(), {}), subscriptions_(stream, consumers_, {}) {
    consumer_arn_ = consumers_.add("consumer", loop.wall())->arn;
  }

  /// Every call, or every call about shards and records only, fails like this until told otherwise.
  void fail_all(std::optional<KinesisError::Kind> kind) { fail_all_ = kind; }
  void fail_reads(std::optional<KinesisError::Kind> kind) { fail_reads_ = kind; }
  /// What those failures say.
  void set_failure_message(std::string message) { message_ = std::move(message); }
  /// The answer that ends a shard comes without its children.
  void set_forget_children(bool forget) { forget_children_ = forget; }
  /// Every answer says that it is the shard's newest.
  void set_claims_the_tip(bool claims) { claims_the_tip_ = claims; }
  /// Every page of records says that it keeps so much memory.
  void set_buffer_bytes(std::size_t bytes) { buffer_bytes_ = bytes; }
  /// Changes each page of a listing on its way.
  void edit_listings(std::function<void(ShardPage&)> edit) { edit_listing_ = std::move(edit); }
  /// Runs once, between the next listing's being made and its arrival.
  void after_next_listing(std::function<void()> action) { after_listing_ = std::move(action); }
  /// The stream was deleted, and another made under its name.
  void replace(embedded::Stream& stream) { stream_ = &stream; }
  void set_latency(base::Duration there_and_back) { latency_ = there_and_back; }
  void set_clock_ahead(std::chrono::milliseconds ahead) { clock_ahead_ = ahead; }
  Timestamp server_time() const { return loop_.wall() + clock_ahead_; }
  int listings() const { return listings_; }
  int reads() const { return reads_; }
  /// Of a consumer that is ACTIVE.
  const std::string& consumer_arn() const { return consumer_arn_; }
  embedded::Subscriptions& subscriptions() { return subscriptions_; }
  /// Attempts to subscribe, and when each was made.
  const std::vector<base::BootTime>& subscribed() const { return subscribed_; }
  const std::optional<SubscribeToShard>& last_subscription() const { return last_subscription_; }
  /// How many streams are there now.
  int streams() const { return streams_; }
  /// The stream breaks with the next word it has, which is lost.
  void break_streams(std::optional<KinesisError::Kind> kind) { break_streams_ = kind; }
  /// Nothing comes any more on streams that are there.
  void set_silent(bool silent) { silent_ = silent; }

  Reply<StreamDescription> describe_stream(std::string stream, base::BootTime) override {
    return call<StreamDescription>(
        fail_all_, [this, stream = std::move(stream)] { return stream_->describe(stream, server_time()); });
  }
  Reply<ShardPage> list_shards(ListShards request, base::BootTime) override {
    ++listings_;
    return call<ShardPage>(fail_all_, [this, request = std::move(request)] {
      auto page = stream_->list_shards(request, server_time());
      if (page && edit_listing_) edit_listing_(*page);
      if (const auto action = std::exchange(after_listing_, nullptr)) action();
      return page;
    });
  }
  Reply<ShardIterator> get_shard_iterator(GetShardIterator request, base::BootTime) override {
    return call<ShardIterator>(fail_reads_ ? fail_reads_ : fail_all_, [this, request = std::move(request)] {
      last_iterator_ = request;
      return stream_->get_shard_iterator(request, server_time());
    });
  }
  Reply<RecordsPage> get_records(GetRecords request, base::BootTime) override {
    ++reads_;
    return call<RecordsPage>(fail_reads_ ? fail_reads_ : fail_all_, [this, request = std::move(request)] {
      auto page = stream_->get_records(request, server_time());
      if (page && forget_children_) page->child_shards.clear();
      if (page && claims_the_tip_) page->behind_latest = {};
      if (page) page->buffer_bytes = buffer_bytes_;
      return page;
    });
  }

  Reply<std::unique_ptr<ports::ShardSubscription>> subscribe_to_shard(SubscribeToShard request,
                                                                      base::BootTime) override {
    subscribed_.push_back(loop_.now());
    last_subscription_ = request;
    using Stream = std::unique_ptr<ports::ShardSubscription>;
    return call<Stream>(fail_reads_ ? fail_reads_ : fail_all_, [this, request = std::move(request)] {
      const auto id = subscriptions_.subscribe(request, server_time());
      if (!id) return KinesisResult<Stream>(Failure{id.error()});
      return KinesisResult<Stream>(std::make_unique<CountedStream>(*this, *id));
    });
  }

  /// What the last iterator was asked for.
  const std::optional<GetShardIterator>& last_iterator() const { return last_iterator_; }

 private:
  class CountedStream final : public ports::ShardSubscription {
   public:
    CountedStream(StreamPort& port, embedded::Subscriptions::Id id)
        : port_(port), stream_(port.loop_, port.subscriptions_, id, port.hooks()) {
      ++port_.streams_;
    }
    ~CountedStream() override { --port_.streams_; }
    Next next(base::BootTime deadline) override { return stream_.next(deadline); }

   private:
    StreamPort& port_;
    simulation::SubscriptionPort stream_;
  };

  simulation::SubscriptionPort::Hooks hooks() {
    return {.server_time = [this] { return server_time(); },
            .reachable = [this] { return !silent_; },
            .breaks = [this]() -> std::optional<KinesisError> {
              if (!break_streams_) return std::nullopt;
              return KinesisError{.kind = *std::exchange(break_streams_, std::nullopt), .message = message_};
            },
            .spoil =
                [this](ShardEvent& event) {
                  if (forget_children_) event.child_shards.clear();
                }};
  }

  template <class T>
  Reply<T> call(std::optional<KinesisError::Kind> failure, std::function<KinesisResult<T>()> serve) {
    ports::Answer<KinesisResult<T>> answer{Failure{KinesisError{}}, {}};
    answer.timing.sent = loop_.now();
    base::Stop never;
    co_await base::sleep_for(loop_, latency_ / 2, never);
    if (failure) {
      answer.value = Failure{KinesisError{.kind = *failure, .message = message_, .server_time = server_time()}};
    } else {
      answer.value = serve();
    }
    co_await base::sleep_for(loop_, latency_ / 2, never);
    answer.timing.received = loop_.now();
    answer.timing.server_time = server_time();
    co_return answer;
  }

  base::VirtualLoop& loop_;
  embedded::Stream* stream_;
  base::Duration latency_ = std::chrono::milliseconds(10);
  std::chrono::milliseconds clock_ahead_{0};
  std::optional<KinesisError::Kind> fail_all_;
  std::optional<KinesisError::Kind> fail_reads_;
  std::string message_ = "as scripted";
  bool forget_children_ = false;
  bool claims_the_tip_ = false;
  std::size_t buffer_bytes_ = 0;
  std::function<void(ShardPage&)> edit_listing_;
  std::function<void()> after_listing_;
  std::optional<GetShardIterator> last_iterator_;
  int listings_ = 0;
  int reads_ = 0;

  embedded::Consumers consumers_;
  embedded::Subscriptions subscriptions_;
  std::string consumer_arn_;
  std::vector<base::BootTime> subscribed_;
  std::optional<SubscribeToShard> last_subscription_;
  int streams_ = 0;
  std::optional<KinesisError::Kind> break_streams_;
  bool silent_ = false;
};

}  // namespace kcl::coordinator
