#include "leases/lease_key.h"

#include <algorithm>
#include <chrono>

namespace kcl::leases {

namespace {

constexpr char kSeparator = ':';

/// arn:<partition>:kinesis:<region>:<account>:stream/<name>
constexpr int kAccountField = 4;

std::string_view field(std::string_view text, int index) {
  for (; index > 0; --index) {
    const auto end = text.find(kSeparator);
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find(kSeparator));
}

}  // namespace

std::string_view stream_part(std::string_view key) {
  const auto end = key.rfind(kSeparator);
  return end == std::string_view::npos ? std::string_view() : key.substr(0, end);
}

std::string_view shard_part(std::string_view key) {
  const auto end = key.rfind(kSeparator);
  return end == std::string_view::npos ? key : key.substr(end + 1);
}

std::string lease_key(std::string_view stream, std::string_view shard_id) {
  if (stream.empty()) return std::string(shard_id);
  return std::string(stream).append(1, kSeparator).append(shard_id);
}

std::set<std::string> lease_keys(std::string_view stream, const std::set<std::string>& shard_ids) {
  std::set<std::string> keys;
  for (const std::string& id : shard_ids) keys.insert(lease_key(stream, id));
  return keys;
}

std::set<std::string> shard_parts(const std::set<std::string>& keys) {
  std::set<std::string> ids;
  for (const std::string& key : keys) ids.emplace(shard_part(key));
  return ids;
}

std::optional<std::string> stream_part_of(const StreamDescription& description) {
  const std::string_view account = field(description.arn, kAccountField);
  if (account.empty() || !std::ranges::all_of(account, [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  const auto created = std::chrono::floor<std::chrono::seconds>(description.created).time_since_epoch().count();
  std::string part(account);
  part.append(1, kSeparator).append(description.name).append(1, kSeparator).append(std::to_string(created));
  return part;
}

}  // namespace kcl::leases
