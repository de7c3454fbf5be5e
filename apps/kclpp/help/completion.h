// Completions for shells, as the text of a script. Pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "help/command.h"

namespace kclpp::help {

inline constexpr std::array<std::string_view, 3> kShells{"bash", "zsh", "fish"};

/// Empty for a shell that is none of kShells.
std::optional<std::string> completion(std::string_view shell, const Command& program);

}  // namespace kclpp::help
