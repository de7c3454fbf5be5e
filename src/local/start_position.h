// Where reading of a shard starts, as GetShardIterator and SubscribeToShard are told.
#pragma once

#include <string>
#include <string_view>

#include <kcl/kinesis.h>

#include "local/parameters.h"

namespace kcl::local {

/// Refuses a type that there is not, and a number or time that is missing or that does not go with the type.
/// Precondition: the position has a type. `member` is what the request calls that.
GetShardIterator start_at(const std::string& shard_id, const PositionParameter& position, const std::string& stream,
                          std::string_view member);

}  // namespace kcl::local
