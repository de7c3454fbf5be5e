// Arithmetic on ranges of hash keys: how the service cuts the 128-bit space into shards.
#pragma once

#include <cstddef>
#include <vector>

#include <kcl/hash_key.h>

namespace kcl::embedded {

/// The whole space in `count` (at least 1) adjacent ranges of equal width; the last one takes the remainder.
std::vector<HashKeyRange> even_ranges(std::size_t count);

/// The first key of the upper half.
HashKey middle(const HashKeyRange& range);

/// Precondition: `key` is not zero.
HashKey predecessor(const HashKey& key);

/// Whether SplitShard accepts `key` as the start of the upper child: above start + 1 and below the end (AWS's own
/// words).
bool may_split_at(const HashKeyRange& range, const HashKey& key);

/// Whether `upper` begins right after `lower`.
bool adjacent(const HashKeyRange& lower, const HashKeyRange& upper);

}  // namespace kcl::embedded
