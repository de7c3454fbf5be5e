// MD5 of eight messages at a time. One digest alone cannot be hurried: each of its steps needs the one before. Eight of
// them go through the same steps side by side in a processor's wide registers. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/md5.h"

namespace kcl::base {

enum class Registers : std::uint8_t {
  any,   ///< what every processor of the kind has that this was built for
  avx2,  ///< 256 bits, of x86-64
};

/// Whether this processor has them.
bool has(Registers registers) noexcept;

/// As many digests as messages. Precondition: the processor has the registers.
void md5_in_lanes(std::span<const std::string_view> messages, std::span<Md5Digest> digests, Registers registers);

}  // namespace kcl::base
