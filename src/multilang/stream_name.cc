#include "multilang/stream_name.h"

#include <array>

namespace kcl::multilang {

namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kNameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";

bool has_only(std::string_view characters, std::string_view text) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

}  // namespace

bool is_stream_name(std::string_view name) {
  return !name.empty() && name.size() <= 128 && has_only(kNameCharacters, name);
}

std::optional<std::string> stream_of_arn(std::string_view arn) {
  std::array<std::string_view, 6> parts;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    const auto colon = arn.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    parts[i] = arn.substr(0, colon);
    arn.remove_prefix(colon + 1);
  }
  constexpr std::string_view kResource = "stream/";
  const bool account = parts[4].size() == 12 && has_only(kDigits, parts[4]);
  if (parts[0] != "arn" || !parts[1].starts_with("aws") || parts[2] != "kinesis" || parts[3].empty() || !account ||
      !arn.starts_with(kResource)) {
    return std::nullopt;
  }
  arn.remove_prefix(kResource.size());
  return is_stream_name(arn) ? std::optional(std::string(arn)) : std::nullopt;
}

}  // namespace kcl::multilang
