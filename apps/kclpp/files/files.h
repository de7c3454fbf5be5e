// Whole texts to stdout and to files. Each yields what went wrong, for people; empty: nothing.
#pragma once

#include <string>

#include <kcl/result.h>

namespace kclpp {

std::string write_stdout(const std::string& text);

/// A file that was not there before, on the disk when this returns; of nobody else's to read, since rows may say more
/// than their owners meant to. None is left behind when it fails.
std::string write_new_file(const std::string& path, const std::string& text);

kcl::Result<std::string, std::string> read_file(const std::string& path);

}  // namespace kclpp
