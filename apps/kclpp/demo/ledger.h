// The demo's book-keeping: knows every record that was put, checks every delivery against it, and is what its final
// count rests on.
//
// Checked, each by itself: nothing lost; nothing skipped within an epoch; the order of each partition key; every
// duplicate lies after the checkpoint that was stored when its epoch began, and belongs to an epoch that came after a
// crash or a move, or to one that was stalled while others went on; an epoch begins at the checkpoint that the store
// acknowledged last.
//
// Its memory is bounded, however long the demo runs: what lies before a shard's stored checkpoint is settled, and is
// forgotten; were it delivered all the same, that is a problem whether or not it is still known.
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <kcl/record.h>
#include <kcl/testing/embedded_stream.h>

namespace kclpp::demo {

class Ledger {
 public:
  struct Counts {
    std::uint64_t put = 0;
    /// Different records that were delivered.
    std::uint64_t delivered = 0;
    /// Deliveries beyond a record's first.
    std::uint64_t duplicated = 0;
    std::uint64_t epochs = 0;
    std::uint64_t problems = 0;

    std::uint64_t missing() const { return put - delivered; }
  };

  /// Puts records on the stream, in order, and notes where they went. Returns those that were throttled, in order, to
  /// be put again.
  std::vector<kcl::testing::PutRecord> put(kcl::testing::EmbeddedStream& stream,
                                           std::vector<kcl::testing::PutRecord> records);

  /// A worker was given this shard, from this position on.
  void epoch_began(const std::string& shard, std::uint64_t epoch, const kcl::Position& start);
  /// A batch was processed.
  void delivered(std::uint64_t epoch, const kcl::RecordBatch& batch);
  /// The lease store acknowledged this checkpoint.
  void checkpoint_stored(const std::string& shard, const kcl::Position& position);

  Counts counts() const;
  /// The first few things that were wrong, for people.
  std::vector<std::string> problems() const;

 private:
  struct Entry {
    std::string sequence_number;
    std::uint32_t key = 0;
    /// How many records of the same key were put before.
    std::uint32_t ordinal = 0;
    std::uint64_t last_epoch = 0;
  };
  struct Shard {
    /// Those that are not settled, in order; the first one's index is `settled`.
    std::deque<Entry> entries;
    std::size_t settled = 0;
    std::optional<kcl::Position> stored;

    std::size_t end() const { return settled + entries.size(); }
    Entry& at(std::size_t index) { return entries[index - settled]; }
    /// Index of the first entry after a position; `settled` when that is not known any more.
    std::size_t index_after(const kcl::Position& position) const;
    /// Forgets what lies before the stored checkpoint.
    void settle();
  };
  struct Epoch {
    std::size_t next = 0;
    kcl::Position start = kcl::Position::trim_horizon();
    /// A later one has begun: a call that was stalled goes on beside it, once, and a sink could tell by the epoch.
    bool overtaken = false;
  };
  struct Key {
    std::uint32_t put = 0;
    std::uint32_t delivered = 0;
  };

  void deliver(const std::string& shard_id, Shard& shard, Epoch& state, const kcl::Record& record, std::uint64_t epoch);
  void deliver_one(const std::string& shard_id, Entry& entry, const kcl::Record& record, std::uint64_t epoch,
                   const Epoch& state);
  void blame(std::string what);

  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::uint32_t> key_ids_;
  std::vector<Key> keys_;
  std::map<std::string, Shard> shards_;
  /// Of each shard, the last few.
  std::map<std::string, std::map<std::uint64_t, Epoch>> epochs_;
  Counts counts_;
  std::vector<std::string> problems_;
};

}  // namespace kclpp::demo
