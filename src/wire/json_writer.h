// A JSON text, written member by member. Commas and quotes are its own; what is written between begin and end must make
// a JSON text, which the caller sees to. On one line, for tools that read line by line.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace kcl::wire {

class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  /// The name of the value that comes next.
  JsonWriter& name(std::string_view name);

  /// Precondition: UTF-8.
  JsonWriter& text(std::string_view value);
  template <std::integral T>
  JsonWriter& number(T value) {
    return plain(std::to_string(value));
  }
  JsonWriter& boolean(bool value) { return plain(value ? "true" : "false"); }
  JsonWriter& null() { return plain("null"); }
  /// A JSON text that stands by itself.
  JsonWriter& json(std::string_view text) { return plain(text); }

  const std::string& str() const noexcept { return text_; }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& plain(std::string_view value);
  void separate();

  std::string text_;
  bool first_ = true;
};

}  // namespace kcl::wire
