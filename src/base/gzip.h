// gzip (RFC 1952), as HTTP's Content-Encoding has it. Callable from any thread.
#pragma once

#include <string>
#include <string_view>

namespace kcl::base {

/// One member, without a name and a time: the same bytes give the same answer. Throws std::bad_alloc.
std::string gzip(std::string_view bytes);

}  // namespace kcl::base
