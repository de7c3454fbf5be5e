// Man pages, as roff for man(7). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "help/command.h"

namespace kclpp::help {

/// The page of the program (an empty name), or of one of its commands: kclpp(1), kclpp-consume(1). Empty: no such
/// command.
std::optional<std::string> man_page(const Command& program, std::string_view command, std::string_view version);

}  // namespace kclpp::help
