#include "operate/text.h"

#include <array>
#include <chrono>

namespace kcl::operate {

namespace {

struct Unit {
  std::int64_t seconds;
  const char* name;
};
constexpr std::array kUnits{Unit{86'400, " d"}, Unit{3'600, " h"}, Unit{60, " min"}, Unit{1, " s"}};

std::string with_sub_sequence(const std::string& text, const Position& position) {
  return position.sub_sequence() > 0 ? text + '#' + std::to_string(position.sub_sequence()) : text;
}

}  // namespace

std::string counted(std::size_t count, std::string_view what) {
  return std::to_string(count) + ' ' + std::string(what) + (count == 1 ? "" : "s");
}

std::string duration_text(base::Duration duration) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  if (ms < 1'000) return std::to_string(ms) + " ms";
  const std::int64_t seconds = ms / 1'000;
  for (std::size_t i = 0; i + 1 < kUnits.size(); ++i) {
    const std::int64_t whole = seconds / kUnits[i].seconds;
    if (whole == 0) continue;
    const std::int64_t rest = seconds % kUnits[i].seconds / kUnits[i + 1].seconds;
    const std::string text = std::to_string(whole) + kUnits[i].name;
    return rest == 0 ? text : text + ' ' + std::to_string(rest) + kUnits[i + 1].name;
  }
  return std::to_string(seconds) + " s";
}

std::string position_text(const Position& position) { return with_sub_sequence(position.text(), position); }

std::string short_position_text(const Position& position) {
  constexpr std::size_t kDigits = 12;
  const std::string text = position.text();
  if (!position.is_sequence() || text.size() <= kDigits + 1) return position_text(position);
  return with_sub_sequence("…" + text.substr(text.size() - kDigits), position);
}

}  // namespace kcl::operate
