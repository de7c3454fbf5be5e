// What a lease row says of its shard, for people who look at the table, and how that is read back. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <kcl/shard_status.h>
#include <kcl/timestamp.h>

namespace kcl::consumer {

/// Plain ASCII JSON, short enough for a row to stay one write unit: whatever is not plain ASCII becomes a question
/// mark, since what a program throws or a server says must never make a lease's renewal an invalid request.
std::string row_status(const ShardStatus& status);

/// What row_status() wrote: of a worker of whatever version, so a name of a state may be one that is not known here.
struct RowStatus {
  std::string state;
  std::optional<Timestamp> since;
  std::string waiting_for;
  std::optional<std::chrono::milliseconds> behind;
  std::string last_error;
};

/// Takes any bytes. Members that are not known are passed over; nothing comes of a text that is no such object.
std::optional<RowStatus> parse_row_status(std::string_view text);

}  // namespace kcl::consumer
