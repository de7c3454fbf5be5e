// The flags of a command as values: what its help, its environment twins and its parser all rest on.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace kclpp {

/// A flag as `--help` shows it. Its environment twin is environment_twin(name).
struct Flag {
  std::string_view name;
  /// What it takes; empty: nothing, it is a switch.
  std::string_view value;
  std::string_view group;
  std::string_view help;
};

/// Tables one after the other, in the order of the help.
template <std::size_t... sizes>
constexpr auto joined(const std::array<Flag, sizes>&... tables) {
  std::array<Flag, (sizes + ...)> all{};
  auto* place = all.begin();
  ((place = std::copy(tables.begin(), tables.end(), place)), ...);
  return all;
}

/// "KCLPP_LEASE_STORE" of "lease-store".
std::string environment_twin(std::string_view flag);

/// What was given, by the flag's name without its dashes; a switch has any text. A flag that was not given is absent,
/// which an empty text is not.
using FlagValues = std::map<std::string, std::string, std::less<>>;

}  // namespace kclpp
