// SHA-256 and the HMAC built on it: what AWS's request signature is made of. Callable from any thread; aborts with the
// reason when libcrypto offers no SHA-256 at all.
#pragma once

#include <string>
#include <string_view>

namespace kcl::base {

/// 32 bytes.
std::string sha256(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view message);

/// Two lower-case digits for each byte.
std::string hex(std::string_view bytes);

}  // namespace kcl::base
