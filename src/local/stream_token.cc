#include "local/stream_token.h"

#include "wire/base64.h"

namespace kcl::local {

std::string pack(const StreamToken& token) { return wire::base64_encode(token.stream + '|' + token.token); }

std::optional<StreamToken> unpack(std::string_view text) {
  const auto decoded = wire::base64_decode(text);
  if (!decoded) return std::nullopt;
  const std::size_t bar = decoded->find('|');
  if (bar == std::string::npos) return std::nullopt;
  return StreamToken{.stream = decoded->substr(0, bar), .token = decoded->substr(bar + 1)};
}

}  // namespace kcl::local
