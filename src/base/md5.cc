#include "base/md5.h"

#include <memory>

#include <openssl/evp.h>

#include "base/check.h"
#include "base/md5_lanes.h"

namespace kcl::base {

namespace {

/// OpenSSL 3 looks an algorithm up by name each time it is used through EVP_md5(), and allocates a context for each
/// digest. Done once per thread, a partition key costs a quarter of that.
class Md5 {
 public:
  Md5() {
    check(algorithm_ != nullptr && context_ != nullptr, "libcrypto offers MD5; is its default provider disabled?");
  }

  Md5Digest digest(std::string_view bytes) {
    Md5Digest digest;
    const bool done = EVP_DigestInit_ex2(context_.get(), algorithm_.get(), nullptr) == 1 &&
                      EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1 &&
                      EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1;
    check(done, "libcrypto computes MD5");
    return digest;
  }

 private:
  struct Free {
    void operator()(EVP_MD* algorithm) const { EVP_MD_free(algorithm); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  // "-fips": hosts in FIPS mode still route records by MD5.
  std::unique_ptr<EVP_MD, Free> algorithm_{EVP_MD_fetch(nullptr, "MD5", "-fips")};
  std::unique_ptr<EVP_MD_CTX, Free> context_{EVP_MD_CTX_new()};
};

std::uint64_t big_endian(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | bytes[i];
  return value;
}

}  // namespace

Md5Digest md5(std::string_view bytes) {
  // Scratch space: nothing carries over from one digest to the next.
  thread_local Md5 scratch;
  return scratch.digest(bytes);
}

void md5(std::span<const std::string_view> messages, std::span<Md5Digest> digests) {
  static const Registers registers = has(Registers::avx2) ? Registers::avx2 : Registers::any;
  md5_in_lanes(messages, digests, registers);
}

HashKey hash_of_partition_key(std::string_view partition_key) {
  const Md5Digest digest = md5(partition_key);
  return {.high = big_endian(digest.data()), .low = big_endian(digest.data() + 8)};
}

}  // namespace kcl::base
