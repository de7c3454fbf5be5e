// MD5: the hash by which Kinesis maps partition keys to shards and by which KPL aggregates are recognised. It protects
// nothing here. Callable from any thread; aborts with the reason when libcrypto offers no MD5 at all.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <kcl/hash_key.h>

namespace kcl::base {

using Md5Digest = std::array<std::uint8_t, 16>;

Md5Digest md5(std::string_view bytes);

/// Where a record without an explicit hash key goes: the MD5 of the key's UTF-8 bytes as a big-endian number.
HashKey hash_of_partition_key(std::string_view partition_key);

}  // namespace kcl::base
