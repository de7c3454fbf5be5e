// SHA-1: the hash by which the AWS CLI names the files it keeps tokens in. It protects nothing here. Callable from any
// thread; aborts with the reason when libcrypto offers no SHA-1 at all.
#pragma once

#include <string>
#include <string_view>

namespace kcl::base {

/// 20 bytes.
std::string sha1(std::string_view bytes);

}  // namespace kcl::base
