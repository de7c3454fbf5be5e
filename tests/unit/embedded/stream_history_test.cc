// Random histories of puts, splits and merges, read while they happen by consumers that follow parents, then children.
#include <map>
#include <random>
#include <set>

#include "unit/embedded/stream_fixture.h"

namespace kcl::embedded {
namespace {

class StreamHistory : public StreamTest, public ::testing::WithParamInterface<unsigned> {
 protected:
  /// A consumer of one shard. It starts when all parents have been read to their end.
  struct Reader {
    std::optional<std::string> next;
    bool started = false;
    bool ended = false;
    std::string last_number;
  };

  std::size_t draw(std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_); }

  std::vector<Shard> open_shards() {
    auto shards = list();
    std::erase_if(shards, [](const Shard& shard) { return !shard.is_open(); });
    std::sort(shards.begin(), shards.end(),
              [](const Shard& a, const Shard& b) { return a.hash_keys.start < b.hash_keys.start; });
    return shards;
  }

  void put_some() {
    for (std::size_t i = draw(20); i > 0; --i) {
      const std::string partition_key = "key-" + std::to_string(draw(50));
      const std::string data = std::to_string(sent_.size());
      const auto placement = put(partition_key, data + std::string(draw(300), ' '));
      sent_[placement.sequence_number] = placement.shard_id;
      last_sent_[placement.shard_id] = placement.sequence_number;
    }
  }

  void reshard() {
    const auto shards = open_shards();
    const std::size_t i = draw(shards.size());
    if (shards.size() > 1 && draw(2) == 0) {
      const std::size_t lower = std::min(i, shards.size() - 2);
      const bool swapped = draw(2) == 0;
      merge(shards[swapped ? lower + 1 : lower].id, shards[swapped ? lower : lower + 1].id);
    } else {
      split(shards[i].id);
    }
    expect_partition();
  }

  void expect_partition() {
    const auto shards = open_shards();
    ASSERT_EQ(shards.front().hash_keys.start, HashKey{});
    ASSERT_EQ(shards.back().hash_keys.end, HashKey::max());
    for (std::size_t i = 1; i < shards.size(); ++i) {
      const HashKey& end = shards[i - 1].hash_keys.end;
      const HashKey after_end{.high = end.high + (end.low == ~std::uint64_t{0} ? 1 : 0), .low = end.low + 1};
      ASSERT_EQ(shards[i].hash_keys.start, after_end);
    }
    ASSERT_EQ(stream->describe("orders", now).value().open_shards, shards.size());
  }

  bool may_start(const Shard& shard) {
    const auto parents = shard.parents();
    return std::all_of(parents.begin(), parents.end(), [this](const std::string& id) { return readers_[id].ended; });
  }

  /// One get on one shard.
  void read(const Shard& shard) {
    Reader& reader = readers_[shard.id];
    if (reader.ended || (!reader.started && !may_start(shard))) return;
    if (!reader.started) {
      reader.started = true;
      reader.next = iterator(shard.id);
    } else if (draw(4) == 0 && !reader.last_number.empty()) {
      reader.next = iterator(shard.id, Iterator::after_sequence_number, reader.last_number);
    }
    const RecordsPage page = get(*reader.next, 1 + draw(30));
    for (const Record& record : page.records) receive(shard, reader, record);
    reader.next = page.next_iterator;
    reader.ended = !page.next_iterator;
    EXPECT_EQ(page.child_shards.empty(), !reader.ended);
  }

  void receive(const Shard& shard, Reader& reader, const Record& record) {
    const std::string number(record.sequence_number());
    EXPECT_EQ(sent_[number], shard.id);
    EXPECT_TRUE(received_.insert(number).second) << "delivered twice: " << record.text();
    EXPECT_TRUE(precedes(reader.last_number, number));
    EXPECT_TRUE(precedes(shard.starting_sequence_number, number));
    reader.last_number = number;
    const long order = std::stol(std::string(record.text()));
    const auto [last, first_of_key] = last_of_key_.try_emplace(std::string(record.partition_key()), order);
    EXPECT_TRUE(first_of_key || order > last->second) << "out of order for " << record.partition_key();
    last->second = order;
  }

  std::mt19937_64 random_{GetParam()};
  /// Sequence number to shard.
  std::map<std::string, std::string> sent_;
  std::map<std::string, std::string> last_sent_;
  std::set<std::string> received_;
  std::map<std::string, long> last_of_key_;
  std::map<std::string, Reader> readers_;
};

TEST_P(StreamHistory, ParentsThenChildrenDeliverEachRecordOnceAndInOrder) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  make({.shards = 1 + draw(5), .page_size = 3, .empty_answer_at_end = draw(2) == 0});
  expect_partition();
  for (int step = 0; step < 150; ++step) {
    now += milliseconds{draw(700)};
    put_some();
    if (draw(6) == 0) reshard();
    const auto shards = list();
    for (std::size_t i = draw(2 * shards.size()); i > 0; --i) read(shards[draw(shards.size())]);
  }
  const auto shards = list();
  for (int round = 0; round < 10'000 && received_.size() < sent_.size(); ++round) {
    for (const Shard& shard : shards) read(shard);
  }
  EXPECT_EQ(received_.size(), sent_.size());

  for (const Shard& shard : shards) {
    if (!shard.is_open() && last_sent_.contains(shard.id)) {
      EXPECT_FALSE(precedes(*shard.ending_sequence_number, last_sent_[shard.id]));
    }
    for (const std::string& parent_id : shard.parents()) {
      const Shard& parent = shards[static_cast<std::size_t>(std::stoi(parent_id.substr(8)))];
      EXPECT_TRUE(precedes(*parent.ending_sequence_number, shard.starting_sequence_number));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, StreamHistory, ::testing::Range(1U, 41U));

}  // namespace
}  // namespace kcl::embedded
