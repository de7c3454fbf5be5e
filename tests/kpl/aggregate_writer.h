// Writes KPL aggregates, as a producer does. Shares no code with the reader under test but the checksum.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/md5.h"

namespace kcl::kpl {

struct Entry {
  std::string partition_key;
  std::string data;
  std::optional<std::string> explicit_hash_key = {};
};

inline std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  return out += static_cast<char>(value);
}

/// A member of the wire type "varint", and one of "length delimited".
inline std::string number_member(unsigned tag, std::uint64_t value) { return varint(tag << 3) + varint(value); }
inline std::string bytes_member(unsigned tag, std::string_view bytes) {
  return varint(tag << 3 | 2) + varint(bytes.size()) + std::string(bytes);
}

/// Magic and checksum around whatever stands for the message.
inline std::string sealed(const std::string& message) {
  const auto digest = base::md5(message);
  std::string out = "\xF3\x89\x9A\xC2" + message;
  for (const std::uint8_t byte : digest) out += static_cast<char>(byte);
  return out;
}

/// The place of `key` in a table, where it is added if it is new.
inline std::uint64_t place_in(std::vector<std::string>& table, const std::string& key) {
  const auto found = std::ranges::find(table, key);
  const auto place = static_cast<std::uint64_t>(found - table.begin());
  if (found == table.end()) table.push_back(key);
  return place;
}

/// The message: tables, then records. Keys that come again are in their table once.
inline std::string message_of(const std::vector<Entry>& entries) {
  std::vector<std::string> keys;
  std::vector<std::string> hash_keys;
  std::string records;
  for (const Entry& entry : entries) {
    std::string record = number_member(1, place_in(keys, entry.partition_key));
    if (entry.explicit_hash_key) record += number_member(2, place_in(hash_keys, *entry.explicit_hash_key));
    record += bytes_member(3, entry.data);
    records += bytes_member(3, record);
  }
  std::string message;
  for (const std::string& key : keys) message += bytes_member(1, key);
  for (const std::string& key : hash_keys) message += bytes_member(2, key);
  return message + records;
}

inline std::string aggregate_of(const std::vector<Entry>& entries) { return sealed(message_of(entries)); }

}  // namespace kcl::kpl
