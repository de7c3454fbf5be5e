// What is written to an embedded stream, and where it went.
#pragma once

#include <optional>
#include <string>

#include <kcl/hash_key.h>

namespace kcl::testing {

/// AWS PutRecords: one entry of a request.
struct PutRecord {
  /// 1 to 256 Unicode characters, UTF-8.
  std::string partition_key;
  std::string data;
  /// Goes to the shard of this hash key, instead of the partition key's MD5.
  std::optional<HashKey> explicit_hash_key;
};

/// Where a record was stored.
struct Placement {
  std::string shard_id;
  std::string sequence_number;

  friend bool operator==(const Placement&, const Placement&) = default;
};

}  // namespace kcl::testing
