// What this program is, and what it runs on: the text of `kclpp --version`.
#pragma once

#include <string>

namespace kclpp {

/// The version, the commit where it is known, and the libraries that decide how it speaks to AWS; a line each.
std::string version_text();

}  // namespace kclpp
