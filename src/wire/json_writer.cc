#include "wire/json_writer.h"

#include "wire/json_text.h"

namespace kcl::wire {

namespace {

std::string literal(std::string_view text) {
  std::string quoted;
  append_json_string(quoted, text);
  return quoted;
}

}  // namespace

void JsonWriter::separate() {
  if (!first_) text_ += ',';
  first_ = false;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  text_ += bracket;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  text_ += bracket;
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::name(std::string_view name) {
  separate();
  text_ += literal(name) + ':';
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) { return plain(literal(value)); }

JsonWriter& JsonWriter::plain(std::string_view value) {
  separate();
  text_ += value;
  return *this;
}

}  // namespace kcl::wire
