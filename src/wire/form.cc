#include "wire/form.h"

namespace kcl::wire {

namespace {

bool stands_for_itself(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

void append_escaped(std::string& text, std::string_view raw) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : raw) {
    if (stands_for_itself(c)) {
      text += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    text += '%';
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
}

}  // namespace

std::string encode_form(const std::vector<std::pair<std::string_view, std::string_view>>& fields) {
  std::string form;
  for (const auto& [name, value] : fields) append_form_field(form, name, value);
  return form;
}

void append_form_field(std::string& form, std::string_view name, std::string_view value) {
  if (!form.empty()) form += '&';
  append_escaped(form, name);
  form += '=';
  append_escaped(form, value);
}

}  // namespace kcl::wire
