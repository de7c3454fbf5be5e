// Shard iterators and page tokens as clients get them: the stream's name goes with the embedded stream's own token,
// since AWS's iterators say by themselves which stream they belong to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kcl::local {

struct StreamToken {
  std::string stream;
  std::string token;
};

/// Base64 text.
std::string pack(const StreamToken& token);
/// Empty for every text that pack() did not make.
std::optional<StreamToken> unpack(std::string_view text);

}  // namespace kcl::local
