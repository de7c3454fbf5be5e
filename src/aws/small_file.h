// Whole files of the user's: configuration, tokens.
#pragma once

#include <cstddef>
#include <string>

#include <kcl/result.h>

namespace kcl::aws {

/// Everything that is in it, or an error number; EFBIG when it is more than that. Does not wait for a pipe that nobody
/// writes to.
Result<std::string, int> read_small_file(const std::string& path, std::size_t most);

/// Puts this into the place of what is there, at once and for the owner alone to read. The error is a number.
Result<void, int> replace_file(const std::string& path, const std::string& text);

}  // namespace kcl::aws
