#include "consumer/row_status.h"

#include <algorithm>

#include "wire/json_reader.h"

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

std::optional<RowStatus> parse_row_status(std::string_view text) {
  wire::JsonReader reader(text);
  RowStatus status;
  if (!reader.enter_map()) return std::nullopt;
  while (reader.more()) {
    const std::string name(reader.name());
    if (name == "state") {
      status.state = reader.text();
    } else if (name == "since") {
      status.since = parse_iso8601(reader.text());
    } else if (name == "waiting_for") {
      status.waiting_for = reader.text();
    } else if (name == "behind_ms") {
      status.behind = std::chrono::milliseconds(std::max<std::int64_t>(0, reader.integer()));
    } else if (name == "last_error") {
      status.last_error = reader.text();
    } else {
      reader.skip();
    }
    if (!reader.ok()) return std::nullopt;
  }
  if (!reader.ok()) return std::nullopt;
  return status;
}

}  // namespace kcl::consumer
