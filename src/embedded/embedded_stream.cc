#include <kcl/testing/embedded_stream.h>

#include <iterator>
#include <mutex>
#include <utility>

#include "base/wall_clock.h"
#include "embedded/stream.h"

namespace kcl::testing {

/// The stream, its lock and its clock.
class EmbeddedStream::Service final : public Kinesis {
 public:
  explicit Service(EmbeddedStreamOptions options)
      : clock_(options.clock ? std::move(options.clock) : &base::wall_now),
        stream_({.name = std::move(options.name),
                 .shards = options.shards,
                 .created = clock_(),
                 .retention = options.retention,
                 .iterator_ttl = options.iterator_ttl,
                 .limits = options.limits ? embedded::Limits{} : embedded::Limits::none()}) {}

  const std::string& name() const noexcept { return stream_.name(); }

  /// Calls `operation(stream, now)`, one at a time. The clock is read inside, so that times come in the order of the
  /// calls.
  template <class Operation>
  auto with_stream(Operation operation) {
    const std::lock_guard lock(mutex_);
    return operation(stream_, clock_());
  }

  KinesisResult<StreamDescription> describe_stream(const std::string& stream, const Call&) override {
    return with_stream([&](embedded::Stream& self, Timestamp now) { return self.describe(stream, now); });
  }
  KinesisResult<ShardPage> list_shards(const ListShards& request, const Call&) override {
    return with_stream([&](embedded::Stream& self, Timestamp now) { return self.list_shards(request, now); });
  }
  KinesisResult<ShardIterator> get_shard_iterator(const GetShardIterator& request, const Call&) override {
    return with_stream([&](embedded::Stream& self, Timestamp now) { return self.get_shard_iterator(request, now); });
  }
  KinesisResult<RecordsPage> get_records(const GetRecords& request, const Call&) override {
    return with_stream([&](embedded::Stream& self, Timestamp now) { return self.get_records(request, now); });
  }

 private:
  std::mutex mutex_;
  const std::function<Timestamp()> clock_;
  embedded::Stream stream_;
};

EmbeddedStream::EmbeddedStream(EmbeddedStreamOptions options)
    : service_(std::make_shared<Service>(std::move(options))) {}

EmbeddedStream::~EmbeddedStream() = default;

const std::string& EmbeddedStream::name() const noexcept { return service_->name(); }

KinesisResult<Placement> EmbeddedStream::put(std::string_view partition_key, std::string_view data) {
  const PutRecord record{.partition_key = std::string(partition_key), .data = std::string(data)};
  return service_->with_stream([&](embedded::Stream& stream, Timestamp now) { return stream.put_record(record, now); });
}

KinesisResult<std::vector<KinesisResult<Placement>>> EmbeddedStream::put_many(std::span<const PutRecord> records) {
  return service_->with_stream(
      [&](embedded::Stream& stream, Timestamp now) { return stream.put_records(records, now); });
}

KinesisResult<std::vector<std::string>> EmbeddedStream::split(std::string_view shard_id,
                                                              std::optional<HashKey> new_starting_hash_key) {
  return service_->with_stream([&](embedded::Stream& stream, Timestamp now) {
    return stream.split_shard(shard_id, new_starting_hash_key, now);
  });
}

KinesisResult<std::string> EmbeddedStream::merge(std::string_view shard_id, std::string_view adjacent_shard_id) {
  return service_->with_stream(
      [&](embedded::Stream& stream, Timestamp now) { return stream.merge_shards(shard_id, adjacent_shard_id, now); });
}

std::vector<Shard> EmbeddedStream::list() const {
  // One locked operation, so that all pages show the stream at one moment.
  return service_->with_stream([](embedded::Stream& stream, Timestamp now) {
    std::vector<Shard> shards;
    ListShards request{.stream = stream.name()};
    do {
      ShardPage page = stream.list_shards(request, now).value();
      shards.insert(shards.end(), std::move_iterator(page.shards.begin()), std::move_iterator(page.shards.end()));
      request.next_token = std::move(page.next_token);
    } while (!request.next_token.empty());
    return shards;
  });
}

StreamDescription EmbeddedStream::describe() const {
  return service_->with_stream(
      [](embedded::Stream& stream, Timestamp now) { return stream.describe(stream.name(), now).value(); });
}

std::shared_ptr<Kinesis> EmbeddedStream::kinesis() const { return service_; }

}  // namespace kcl::testing
