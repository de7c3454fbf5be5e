// Numbers, durations and positions as people read them. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <kcl/position.h>

#include "base/loop.h"

namespace kcl::operate {

/// "1 lease", "2 leases": for words that take an s.
std::string counted(std::size_t count, std::string_view what);

/// "250 ms", "12 s", "4 min 10 s", "3 h 5 min", "2 d 4 h".
std::string duration_text(base::Duration duration);

/// A sentinel, or a sequence number with what is behind its record's index in an aggregate: "4959…#2".
std::string position_text(const Position& position);
/// The same in at most about 16 characters: the last digits of a number, which is where numbers of one shard differ.
std::string short_position_text(const Position& position);

}  // namespace kcl::operate
