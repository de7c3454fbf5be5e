// CRC-32 as IEEE 802.3 and zlib have it: the check of event-stream frames and of AWS's x-amz-crc32. Callable from any
// thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace kcl::base {

std::uint32_t crc32(std::string_view bytes);

}  // namespace kcl::base
