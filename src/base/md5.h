// MD5: the hash by which Kinesis maps partition keys to shards and by which KPL aggregates are recognised. It protects
// nothing here. Callable from any thread; aborts with the reason when libcrypto offers no MD5 at all.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include <kcl/hash_key.h>

namespace kcl::base {

using Md5Digest = std::array<std::uint8_t, 16>;

Md5Digest md5(std::string_view bytes);

/// Of each message, as many as there are digests: several times as fast as one after the other.
void md5(std::span<const std::string_view> messages, std::span<Md5Digest> digests);

/// Where a record without an explicit hash key goes: the MD5 of the key's UTF-8 bytes as a big-endian number.
HashKey hash_of_partition_key(std::string_view partition_key);

}  // namespace kcl::base
