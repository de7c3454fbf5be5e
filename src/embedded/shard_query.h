// AWS ListShards as a whole. kcl::ListShards has the part of it that readers need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <kcl/timestamp.h>

namespace kcl::embedded {

struct ShardFilter {
  /// AWS ShardFilter, Type. Shards that were closed before the trim horizon are never listed.
  enum class Type : std::uint8_t {
    none,
    from_timestamp,     ///< open at that time or later
    after_shard_id,     ///< whose id comes after that one
    at_trim_horizon,    ///< open at the trim horizon, or at the stream's creation if that is later
    from_trim_horizon,  ///< open at the trim horizon or later: all that are listed at all
    at_latest,          ///< open now
    at_timestamp,       ///< open at that time
  };
  Type type = Type::none;
  /// Of from_timestamp and at_timestamp.
  Timestamp timestamp{};
  /// Of after_shard_id.
  std::string shard_id;
};

struct ShardQuery {
  ShardFilter filter;
  /// Only shards whose id comes after this one; empty: all.
  std::string exclusive_start;
  /// Of the page before. It keeps the filter: a different one beside it is refused; none may be given.
  std::string next_token;
  std::size_t max_results = 1'000;
};

}  // namespace kcl::embedded
