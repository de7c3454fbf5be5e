#include "base/sha1.h"

#include <array>

#include <openssl/evp.h>

#include "base/check.h"

namespace kcl::base {

std::string sha1(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  const bool done = EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha1(), nullptr) == 1;
  check(done, "libcrypto computes SHA-1");
  return {reinterpret_cast<const char*>(digest.data()), size};
}

}  // namespace kcl::base
