// Texts of others on a terminal.
#pragma once

#include <string>
#include <string_view>

namespace kcl::base {

/// What comes from rows, services and programs may hold anything, and a terminal obeys control characters: each of C0
/// and C1, and DEL, becomes `instead`, as do U+2028 and U+2029. Newlines, too: it is one line.
std::string printable(std::string_view text, char instead = '?');

}  // namespace kcl::base
