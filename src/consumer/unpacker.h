// Takes what a reader got apart (user_records.h), off the strand, and counts what it found. One per consumer, for
// whatever reader it has. Lives on the strand.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/event_log.h"
#include "base/offload.h"
#include "base/task.h"
#include "consumer/shard_meters.h"
#include "consumer/user_records.h"
#include "shards/rules.h"

namespace kcl::consumer {

class Unpacker {
 public:
  /// All of them outlive it.
  Unpacker(base::Offload& offload, StrayRecords strays, const std::optional<HashKeyRange>& hash_keys,
           ShardMeters& meters, const base::EventLog& log);

  /// `records` are what came next after `from`, at least one; `buffer` is what they are views into.
  base::Task<Unpacked> unpack(std::vector<Record> records, std::shared_ptr<const void> buffer,
                              const shards::ReadFrom& from);

 private:
  void note(const Unpacked& unpacked);

  base::Offload& offload_;
  Unpacking how_;
  ShardMeters& meters_;
  const base::EventLog& log_;
  bool damage_told_ = false;
};

}  // namespace kcl::consumer
