// How a lease is named. The shard id, where the application reads one stream; where it reads several,
// `<account>:<stream>:<creation in epoch seconds>:<shard id>`, as Java KCL names it. Pure.
//
// kclpp names a shard by its lease key everywhere between the Kinesis seam (engine/keyed_kinesis.h), the rows
// (kcl_row.h: what they say of parents and children are shard ids) and the program, so that nothing in between needs to
// know of how many streams a shard is one.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <kcl/kinesis.h>

namespace kcl::leases {

/// `<account>:<stream>:<creation>` of a key; empty when it is a shard id alone.
std::string_view stream_part(std::string_view key);
std::string_view shard_part(std::string_view key);

/// `stream` as stream_part() gives it.
std::string lease_key(std::string_view stream, std::string_view shard_id);
std::set<std::string> lease_keys(std::string_view stream, const std::set<std::string>& shard_ids);
std::set<std::string> shard_parts(const std::set<std::string>& keys);

/// How the leases of this stream are named among those of others. Empty when the description has no ARN to tell the
/// account by.
std::optional<std::string> stream_part_of(const StreamDescription& description);

}  // namespace kcl::leases
