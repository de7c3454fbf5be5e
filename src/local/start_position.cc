#include "local/start_position.h"

#include <algorithm>
#include <array>
#include <utility>

#include "local/requirement.h"

namespace kcl::local {

namespace {

GetShardIterator::Type iterator_type(const std::string& name, std::string_view member) {
  using Type = GetShardIterator::Type;
  constexpr std::array<std::pair<std::string_view, Type>, 5> kTypes{
      {{"AT_SEQUENCE_NUMBER", Type::at_sequence_number},
       {"AFTER_SEQUENCE_NUMBER", Type::after_sequence_number},
       {"TRIM_HORIZON", Type::trim_horizon},
       {"LATEST", Type::latest},
       {"AT_TIMESTAMP", Type::at_timestamp}}};
  const auto type = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& row) { return row.first == name; });
  if (type == kTypes.end()) {
    refuse_value("'" + name + "'", member,
                 "satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, "
                 "TRIM_HORIZON]");
  }
  return type->second;
}

}  // namespace

GetShardIterator start_at(const std::string& shard_id, const PositionParameter& position, const std::string& stream,
                          std::string_view member) {
  using Type = GetShardIterator::Type;
  const GetShardIterator start{.stream = stream,
                               .shard_id = shard_id,
                               .type = iterator_type(*position.type, member),
                               .sequence_number = position.sequence_number.value_or(""),
                               .timestamp = position.timestamp.value_or(Timestamp())};
  if (position.sequence_number) {
    check_number(*position.sequence_number, kSequenceNumberDigits, "startingSequenceNumber");
  }
  const bool by_number = start.type == Type::at_sequence_number || start.type == Type::after_sequence_number;
  if (by_number != position.sequence_number.has_value()) {
    refuse(
        "InvalidArgumentException",
        "A sequence number must be given with AT_SEQUENCE_NUMBER and AFTER_SEQUENCE_NUMBER, and with no other type.");
  }
  if ((start.type == Type::at_timestamp) != position.timestamp.has_value()) {
    refuse("InvalidArgumentException", "Timestamp must be given with AT_TIMESTAMP, and with no other type.");
  }
  return start;
}

}  // namespace kcl::local
