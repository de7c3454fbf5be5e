// What a lease row says of its shard, for people who look at the table. Pure.
#pragma once

#include <string>

#include <kcl/shard_status.h>

namespace kcl::consumer {

/// Plain ASCII JSON, short enough for a row to stay one write unit: whatever is not plain ASCII becomes a question
/// mark, since what a program throws or a server says must never make a lease's renewal an invalid request.
std::string row_status(const ShardStatus& status);

}  // namespace kcl::consumer
