#include "leases/lease.h"

#include <charconv>

namespace kcl::leases {

namespace {

template <class Number>
std::optional<Number> parse_whole(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string Token::text() const { return incarnation + ':' + std::to_string(counter) + ':' + std::to_string(attempt); }

std::optional<Token> Token::parse(std::string_view text) {
  const auto last = text.rfind(':');
  if (last == std::string_view::npos || last == 0) return std::nullopt;
  const auto middle = text.rfind(':', last - 1);
  if (middle == std::string_view::npos || middle == 0) return std::nullopt;
  const auto counter = parse_whole<std::int64_t>(text.substr(middle + 1, last - middle - 1));
  const auto attempt = parse_whole<std::uint64_t>(text.substr(last + 1));
  if (!counter || !attempt) return std::nullopt;
  return Token{.incarnation = std::string(text.substr(0, middle)), .counter = *counter, .attempt = *attempt};
}

std::string Claim::text() const { return incarnation + ':' + worker_id; }

std::optional<Claim> Claim::parse(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) return std::nullopt;
  return Claim{.incarnation = std::string(text.substr(0, colon)), .worker_id = std::string(text.substr(colon + 1))};
}

}  // namespace kcl::leases
