#include "consume/output.h"

#include <charconv>
#include <cstdint>

#include "wire/base64.h"
#include "wire/json_text.h"

namespace kclpp::consume {

namespace {

using kcl::wire::append_json_string;

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

/// Without the closing brace.
void append_members(std::string& out, bool as_text, Source source, const kcl::Record& record) {
  if (source.stream.empty()) {
    out += R"({"shard":)";
  } else {
    out += R"({"stream":)";
    append_json_string(out, source.stream);
    out += R"(,"shard":)";
  }
  append_json_string(out, source.shard_id);
  out += R"(,"sequence_number":)";
  append_json_string(out, record.sequence_number());
  out += R"(,"sub_sequence_number":)";
  append_number(out, record.sub_sequence_number());
  out += R"(,"partition_key":)";
  append_json_string(out, record.partition_key());
  out += R"(,"approximate_arrival":")";
  out += kcl::to_iso8601(record.approximate_arrival());
  out += R"(","data":)";
  if (as_text) {
    append_json_string(out, record.text());
  } else {
    out += '"';
    out += kcl::wire::base64_encode(record.text());
    out += '"';
  }
}

}  // namespace

void append(Lines& lines, Format format, Source source, const kcl::Record& record) {
  if (format == Format::raw) {
    lines.bytes += record.text();
  } else {
    append_members(lines.bytes, format == Format::json_text, source, record);
    lines.bytes += '}';
  }
  lines.bytes += '\n';
  lines.ends.push_back(lines.bytes.size());
}

std::string dead_letter_line(Source source, const kcl::Record& record, const Failure& failure) {
  std::string line;
  append_members(line, false, source, record);
  line += R"(,"error":)";
  append_json_string(line, failure.error);
  line += R"(,"attempts":)";
  append_number(line, failure.attempts);
  line += R"(,"time":")" + kcl::to_iso8601(failure.time) + "\"}\n";
  return line;
}

}  // namespace kclpp::consume
