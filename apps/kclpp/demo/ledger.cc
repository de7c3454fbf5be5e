#include "demo/ledger.h"

#include <algorithm>

namespace kclpp::demo {

namespace {

constexpr std::size_t kProblemsKept = 10;
// A worker that was stalled may still tell of an epoch when others have begun theirs.
constexpr std::size_t kEpochsKept = 8;

}  // namespace

std::size_t Ledger::Shard::index_after(const kcl::Position& position) const {
  if (position.is_shard_end()) return end();
  if (!position.is_sequence()) return settled;
  const std::string& number = position.sequence_number().text();
  const auto after = std::upper_bound(entries.begin(), entries.end(), number, [](const std::string& n, const auto& e) {
    return kcl::compare_sequence_numbers(n, e.sequence_number) < 0;
  });
  return settled + static_cast<std::size_t>(after - entries.begin());
}

void Ledger::Shard::settle() {
  const std::size_t after = index_after(*stored);
  entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(after - settled));
  settled = after;
}

std::vector<kcl::testing::PutRecord> Ledger::put(kcl::testing::EmbeddedStream& stream,
                                                 std::vector<kcl::testing::PutRecord> records) {
  // Under the lock, so that no record is delivered before it is known here.
  const std::lock_guard lock(mutex_);
  const auto outcomes = stream.put_many(records);
  std::vector<kcl::testing::PutRecord> throttled;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (!outcomes) {
      blame("put refused: " + outcomes.error().message);
      return {};
    }
    const auto& outcome = (*outcomes)[i];
    if (!outcome) {
      throttled.push_back(std::move(records[i]));
      continue;
    }
    const auto next_id = static_cast<std::uint32_t>(keys_.size());
    const auto [key, is_new] = key_ids_.try_emplace(records[i].partition_key, next_id);
    if (is_new) keys_.emplace_back();
    shards_[outcome->shard_id].entries.push_back(
        {.sequence_number = outcome->sequence_number, .key = key->second, .ordinal = keys_[key->second].put++});
    ++counts_.put;
  }
  return throttled;
}

void Ledger::epoch_began(const std::string& shard_id, std::uint64_t epoch, const kcl::Position& start) {
  const std::lock_guard lock(mutex_);
  ++counts_.epochs;
  Shard& shard = shards_[shard_id];
  auto& epochs = epochs_[shard_id];
  // One that was stalled before it could say so tells when others have gone on.
  const bool overtaken = !epochs.empty() && epochs.rbegin()->first > epoch;
  if (!overtaken && shard.stored && start != *shard.stored) {
    blame(shard_id + " epoch " + std::to_string(epoch) + " starts at " + start.text() + ", but " +
          shard.stored->text() + " was stored");
  }
  epochs.insert_or_assign(epoch, Epoch{.next = shard.index_after(start), .start = start});
  if (epochs.size() > kEpochsKept) epochs.erase(epochs.begin());
}

void Ledger::checkpoint_stored(const std::string& shard_id, const kcl::Position& position) {
  const std::lock_guard lock(mutex_);
  Shard& shard = shards_[shard_id];
  if (shard.stored && position < *shard.stored) blame(shard_id + ": the checkpoint went back to " + position.text());
  shard.stored = position;
  shard.settle();
}

void Ledger::delivered(std::uint64_t epoch, const kcl::RecordBatch& batch) {
  const std::lock_guard lock(mutex_);
  Shard& shard = shards_[batch.shard_id()];
  auto& epochs = epochs_[batch.shard_id()];
  Epoch& state = epochs[epoch];
  state.overtaken = epochs.rbegin()->first > epoch;
  for (const kcl::Record& record : batch) deliver(batch.shard_id(), shard, state, record, epoch);
}

void Ledger::deliver(const std::string& shard_id, Shard& shard, Epoch& state, const kcl::Record& record,
                     std::uint64_t epoch) {
  const auto is_at = [&](std::size_t index) {
    return index >= shard.settled && index < shard.end() && shard.at(index).sequence_number == record.sequence_number();
  };
  std::size_t index = state.next;
  if (!is_at(index)) {
    const std::size_t after = shard.index_after(record.position());
    if (after == shard.settled && state.overtaken) {
      // Forgotten: others have delivered and stored it meanwhile.
      ++counts_.duplicated;
      state.next = shard.settled;
      return;
    }
    if (after == shard.settled || !is_at(after - 1)) {
      blame(shard_id + ": a record that was never put, or lies before the stored checkpoint: " +
            std::string(record.sequence_number()));
      return;
    }
    index = after - 1;
    if (index > state.next) blame(shard_id + ": skipped " + std::to_string(index - state.next) + " records");
  }
  deliver_one(shard_id, shard.at(index), record, epoch, state);
  state.next = index + 1;
}

void Ledger::deliver_one(const std::string& shard_id, Entry& entry, const kcl::Record& record, std::uint64_t epoch,
                         const Epoch& state) {
  if (entry.last_epoch == 0) {
    ++counts_.delivered;
    Key& key = keys_[entry.key];
    if (entry.ordinal != key.delivered) blame("out of order within key " + std::string(record.partition_key()));
    key.delivered = entry.ordinal + 1;
  } else {
    ++counts_.duplicated;
    const bool after_a_move = (epoch > entry.last_epoch || state.overtaken) && record.position() > state.start;
    if (!after_a_move) blame(shard_id + ": a duplicate that no crash or move explains: " + entry.sequence_number);
  }
  entry.last_epoch = std::max(entry.last_epoch, epoch);
}

void Ledger::blame(std::string what) {
  ++counts_.problems;
  if (problems_.size() < kProblemsKept) problems_.push_back(std::move(what));
}

Ledger::Counts Ledger::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

std::vector<std::string> Ledger::problems() const {
  const std::lock_guard lock(mutex_);
  return problems_;
}

}  // namespace kclpp::demo
