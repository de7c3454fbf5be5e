// The flags of `kclpp multilang`, whose command line is that of Java's daemon and not read as those of the other
// commands are; its parser is multilang/command_line.h.
#pragma once

#include <string>

#include "help/command.h"

namespace kclpp::help {

/// What --help prints, completions and the man page: of the same flags.
std::string multilang_usage();

/// `help` is what the program's own help says of it.
Command multilang_command(std::string help);

}  // namespace kclpp::help
