// How large DynamoDB takes a row to be: what a write costs goes by it.
#pragma once

#include <cstddef>
#include <string>

#include <kcl/item_store.h>

namespace kcl::simulation {

/// The lengths of attribute names and values in UTF-8; a number takes about a byte for two digits, and one more. Only
/// of what lease rows hold: strings, numbers and string sets.
inline std::size_t item_bytes(const Item& row) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : row) {
    bytes += name.size();
    if (const auto* text = value.get_if<std::string>()) bytes += text->size();
    if (const auto* number = value.get_if<Number>()) bytes += (number->text.size() + 1) / 2 + 1;
    if (const auto* set = value.get_if<AttributeValue::StringSet>()) {
      for (const std::string& element : *set) bytes += element.size();
    }
  }
  return bytes;
}

}  // namespace kcl::simulation
