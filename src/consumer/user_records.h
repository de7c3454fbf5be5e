// User records out of what the service delivered: KPL aggregates are taken apart, everything else is as it was. Pure.
//
// Nothing is lost on the way: what cannot be taken apart stays in its place as it is (C12); what is left out is left
// out on purpose, and counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <kcl/hash_key.h>
#include <kcl/record.h>
#include <kcl/stray_records.h>

namespace kcl::consumer {

/// A user record, by its numbers.
struct UserRecordId {
  std::string sequence_number;
  std::uint64_t sub_sequence = 0;
};

struct Unpacking {
  StrayRecords strays = StrayRecords::deliver;
  /// Of the shard. Without it there are no strays.
  std::optional<HashKeyRange> hash_keys = {};
  /// The last that is done with: it and those before it do not come again.
  std::optional<UserRecordId> done = {};
};

struct Unpacked {
  /// Views into what the given records are views into.
  std::vector<Record> records;
  /// The last user record of all that was given, whether or not it is among those.
  Position end = Position::trim_horizon();
  std::size_t aggregates = 0;
  /// Aggregates that are damaged: each is one record.
  std::size_t damaged = 0;
  std::string first_damaged;
  /// User records outside the shard's range.
  std::size_t strays = 0;
  /// User records that are not delivered, since they are strays or beside one.
  std::size_t left_out = 0;
};

/// Bytes of those records that seem to be aggregates: what there is to do.
std::size_t aggregated_bytes(const std::vector<Record>& records);

/// `records` in the order of the service; at least one.
Unpacked unpack(std::vector<Record> records, const Unpacking& how);

}  // namespace kcl::consumer
