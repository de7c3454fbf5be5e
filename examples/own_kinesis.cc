// A Kinesis of the program's own: here one that plays a recording, so that a day can be processed again on a desk. What
// wraps the AWS SDK, or reads from a test, has the same four calls to answer; kcl/kinesis.h says what each promises.
#include <kcl/kcl.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

struct Recorded {
  std::string sequence_number;
  std::string key;
  std::string data;
};

const kcl::Timestamp kRecordedAt = kcl::parse_iso8601("2026-11-22T23:26:13Z").value();

/// One open shard. Constant, and so thread-safe. An iterator is how many records are before it.
class Recording final : public kcl::Kinesis {
 public:
  explicit Recording(std::vector<Recorded> records)
      : records_(std::make_shared<const std::vector<Recorded>>(std::move(records))) {}

  kcl::KinesisResult<kcl::StreamDescription> describe_stream(const std::string& stream, const kcl::Call&) override {
    return kcl::StreamDescription{
        .name = stream, .arn = {}, .created = kRecordedAt, .open_shards = 1, .server_time = kRecordedAt};
  }

  kcl::KinesisResult<kcl::ShardPage> list_shards(const kcl::ListShards&, const kcl::Call&) override {
    kcl::Shard shard;
    shard.id = "shardId-000000000000";
    shard.starting_sequence_number = "0";
    return kcl::ShardPage{.shards = {shard}, .next_token = {}, .server_time = kRecordedAt};
  }

  kcl::KinesisResult<kcl::ShardIterator> get_shard_iterator(const kcl::GetShardIterator& request,
                                                            const kcl::Call&) override {
    return kcl::ShardIterator{.iterator = std::to_string(first_of(request)), .server_time = kRecordedAt};
  }

  kcl::KinesisResult<kcl::RecordsPage> get_records(const kcl::GetRecords& request, const kcl::Call&) override {
    std::size_t at = 0;
    const std::string& text = request.iterator;
    if (std::from_chars(text.data(), text.data() + text.size(), at).ec != std::errc() || at > records_->size()) {
      return kcl::Failure{kcl::KinesisError{.kind = kcl::KinesisError::Kind::invalid_argument,
                                            .message = "no iterator of this recording: " + text,
                                            .server_time = kRecordedAt}};
    }
    kcl::RecordsPage page;
    const std::size_t end = std::min(records_->size(), at + request.limit);
    for (; at < end; ++at) {
      const Recorded& recorded = (*records_)[at];
      page.records.emplace_back(kcl::Record::Fields{.sequence_number = recorded.sequence_number,
                                                    .partition_key = recorded.key,
                                                    .data = recorded.data,
                                                    .approximate_arrival = kRecordedAt});
    }
    page.buffer = records_;  // What the records are views into.
    page.next_iterator = std::to_string(end);
    page.server_time = kRecordedAt;
    return page;
  }

 private:
  std::size_t first_of(const kcl::GetShardIterator& request) const {
    using Type = kcl::GetShardIterator::Type;
    if (request.type == Type::trim_horizon || request.type == Type::at_timestamp) return 0;
    if (request.type == Type::latest) return records_->size();
    const auto found = std::ranges::find(*records_, request.sequence_number, &Recorded::sequence_number);
    const auto index = static_cast<std::size_t>(found - records_->begin());
    return request.type == Type::after_sequence_number ? std::min(index + 1, records_->size()) : index;
  }

  std::shared_ptr<const std::vector<Recorded>> records_;
};

}  // namespace

int main() {
  kcl::WorkerConfig config{.stream = "orders", .initial_position = kcl::InitialPosition::trim_horizon()};
  config.stop_when_caught_up = true;
  config.kinesis = std::make_shared<Recording>(std::vector<Recorded>{
      {"4959033", "customer-7", "a pear"}, {"4959034", "customer-8", "two plums"}, {"4959035", "customer-7", "a fig"}});
  return kcl::consume(config, [](const kcl::Record& record) {
    std::cout << record.sequence_number() << ' ' << record.partition_key() << ": " << record.text() << '\n';
  });
}
