// What to say of a word that a command does not know. Pure.
#pragma once

#include <span>
#include <string>

#include "help/command.h"

namespace kclpp::help {

/// Of the first flag or verb among the words behind the command's name that is none of its own: "there is no flag
/// --strem; did you mean --stream?". Empty: it knows them.
std::string unknown_word(const Command& command, std::span<const std::string> words);

}  // namespace kclpp::help
