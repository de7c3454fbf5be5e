// Small texts for people, said the same way everywhere.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace kcl::base {

/// "a, b, c".
std::string joined(const std::vector<std::string>& names, std::string_view separator = ", ");

/// What the system calls an errno: "No such file or directory". From any thread, as strerror() is not.
std::string error_text(int error_number);

/// What an exception says of itself. Precondition: `failure` is not null.
std::string what_of(const std::exception_ptr& failure);

}  // namespace kcl::base
