// Who else keeps leases in the table, and so by whose rules this worker plays (C14). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kcl::coordinator {

enum class Neighbours : std::uint8_t {
  none,     ///< kclpp alone: leases are claimed and handed over
  java_2x,  ///< Java KCL 2.x, or 3.x compatible with it: it never hands over, takes and steals by itself, and is stolen
            ///< from politely
  java_3x,  ///< a leader of Java KCL 3.x assigns leases to its workers: only what nobody owns, or is expired, is taken
};

std::string_view name_of(Neighbours neighbours);

/// `java_lives`: some lease is held, and was renewed, by a worker that writes no kclpp token.
/// `java_version`: `cv` of Java's row `Migration3.0`, wherever it keeps it. Without one its workers are 2.x, or behave
/// so.
Neighbours neighbours_of(bool java_lives, const std::optional<std::string>& java_version);

}  // namespace kcl::coordinator
