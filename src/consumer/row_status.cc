#include "consumer/row_status.h"

namespace kcl::consumer {

namespace {

// A row stays under 1,000 bytes, one write unit: what is said in it is cut.
constexpr std::size_t kLongestError = 64;
constexpr std::size_t kLongestWait = 60;

/// A JSON string literal of at most `longest` characters.
std::string quoted(std::string_view text, std::size_t longest) {
  std::string literal = "\"";
  for (const char c : text.substr(0, longest)) {
    const bool plain = c >= 0x20 && c < 0x7f && c != '\\';
    literal += c == '"' ? '\'' : plain ? c : '?';
  }
  return literal + '"';
}

}  // namespace

std::string row_status(const ShardStatus& status) {
  std::string json =
      R"({"state":")" + std::string(name_of(status.state)) + R"(","since":")" + to_iso8601(status.since) + '"';
  if (!status.waiting_for.empty()) json += R"(,"waiting_for":)" + quoted(status.waiting_for, kLongestWait);
  if (status.behind) json += R"(,"behind_ms":)" + std::to_string(status.behind->count());
  if (!status.last_error.empty()) json += R"(,"last_error":)" + quoted(status.last_error, kLongestError);
  return json + '}';
}

}  // namespace kcl::consumer
