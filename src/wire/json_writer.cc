#include "wire/json_writer.h"

#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>

namespace kcl::wire {

namespace json = boost::json;

namespace {

std::string literal(std::string_view text) { return json::serialize(json::string_view(text.data(), text.size())); }

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
