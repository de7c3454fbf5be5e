// The opaque strings that the service hands out and gets back: shard iterators and page tokens. Each carries a few
// numbers and a check over them, their purpose and the stream they belong to, so that garbage and another stream's
// tokens are recognised. The check guards against mistakes, not against forgery.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kcl::embedded {

class TokenSeal {
 public:
  using Fields = std::array<std::uint64_t, 4>;

  /// Seals of equal purpose (say, "iterator|orders|1700000000000") open each other's tokens.
  explicit TokenSeal(std::string_view purpose);

  std::string seal(const Fields& fields) const;
  /// Empty for every text that an equal seal did not make.
  std::optional<Fields> open(std::string_view token) const;

 private:
  std::uint64_t check_of(const Fields& fields) const;

  std::uint64_t salt_;
};

}  // namespace kcl::embedded
