#include <kcl/position.h>

#include <algorithm>

namespace kcl {

namespace {

constexpr std::size_t kMaxDigits = 128;

std::string_view without_leading_zeros(std::string_view digits) {
  const auto first = std::min(digits.find_first_not_of('0'), digits.size() - 1);
  return digits.substr(first);
}

}  // namespace

std::strong_ordering compare_sequence_numbers(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return a.size() <=> b.size();
  return a.compare(b) <=> 0;
}

std::optional<SequenceNumber> SequenceNumber::parse(std::string_view text) {
  if (text.empty() || text.size() > kMaxDigits) return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  return SequenceNumber(std::string(without_leading_zeros(text)));
}

std::strong_ordering operator<=>(const SequenceNumber& a, const SequenceNumber& b) noexcept {
  return compare_sequence_numbers(a.digits_, b.digits_);
}

Position Position::at(SequenceNumber number, std::uint64_t sub_sequence) {
  Position position(Kind::sequence);
  position.number_ = std::move(number);
  position.sub_sequence_ = sub_sequence;
  return position;
}

std::optional<Position> Position::parse(std::string_view text, std::uint64_t sub_sequence) {
  if (text == "TRIM_HORIZON") return trim_horizon();
  if (text == "LATEST") return latest();
  if (text == "AT_TIMESTAMP") return at_timestamp();
  if (text == "SHARD_END") return shard_end();
  auto number = SequenceNumber::parse(text);
  if (!number) return std::nullopt;
  return at(*std::move(number), sub_sequence);
}

std::string Position::text() const {
  switch (kind_) {
    case Kind::at_timestamp:
      return "AT_TIMESTAMP";
    case Kind::trim_horizon:
      return "TRIM_HORIZON";
    case Kind::latest:
      return "LATEST";
    case Kind::shard_end:
      return "SHARD_END";
    case Kind::sequence:
      break;
  }
  return number_->text();
}

std::strong_ordering operator<=>(const Position& a, const Position& b) noexcept {
  if (a.kind_ != b.kind_) return a.kind_ <=> b.kind_;
  if (!a.is_sequence()) return std::strong_ordering::equal;
  if (const auto order = *a.number_ <=> *b.number_; order != 0) return order;
  return a.sub_sequence_ <=> b.sub_sequence_;
}

}  // namespace kcl
