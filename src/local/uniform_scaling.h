// AWS UpdateShardCount with UNIFORM_SCALING, out of splits and merges.
#pragma once

#include <cstddef>

#include <kcl/kinesis.h>
#include <kcl/timestamp.h>

#include "embedded/stream.h"

namespace kcl::local {

/// Leaves `count` (at least 1) open shards of equal width: splits where a boundary is missing, then merges where one is
/// too many, so that shards in between are created and closed as on AWS. Shards that fit stay. A split that is refused,
/// because its shard is too narrow, ends it where it is.
KinesisResult<std::size_t> scale_uniformly(embedded::Stream& stream, std::size_t count, Timestamp now);

}  // namespace kcl::local
