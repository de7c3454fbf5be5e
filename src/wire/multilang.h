// The lines that the MultiLang daemon and a child exchange: one JSON object each, UTF-8 whatever the locale.
//
// What goes out is byte for byte what KCL's daemon writes: no blanks, its order of members, nulls written out; clients
// rely on it (kclpy asks for "action" in every record, and for sequence and sub-sequence number wherever they can be).
// What comes in is read at least as leniently as there; moreover, unknown members do not make a line worthless.
// Source: amazon-kinesis-client-multilang, software.amazon.kinesis.multilang.messages, and Jackson's defaults.
//
// Lines are made and read without their line ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <kcl/record.h>

namespace kcl::wire {

/// What a daemon asks of a child, which answers each with a status.
enum class MultilangAction : std::uint8_t { initialize, process_records, lease_lost, shard_ended, shutdown_requested };

/// "processRecords".
std::string_view name_of(MultilangAction action);

/// The child's answer to an action.
struct MultilangStatus {
  std::string response_for;
  friend bool operator==(const MultilangStatus&, const MultilangStatus&) = default;
};

/// Without a sequence number: as far as was delivered.
struct MultilangCheckpoint {
  std::optional<std::string> sequence_number;
  std::optional<std::int64_t> sub_sequence_number;
  friend bool operator==(const MultilangCheckpoint&, const MultilangCheckpoint&) = default;
};

/// A line of the protocol that only a daemon has a use for, such as an action that is echoed.
struct MultilangEcho {
  friend bool operator==(const MultilangEcho&, const MultilangEcho&) = default;
};

/// No line of the protocol: what a program prints.
struct MultilangNoise {
  friend bool operator==(const MultilangNoise&, const MultilangNoise&) = default;
};

using MultilangMessage = std::variant<MultilangStatus, MultilangCheckpoint, MultilangEcho, MultilangNoise>;

std::string multilang_initialize(std::string_view shard_id, const Position& checkpoint);
/// Of an action that has nothing but its name: all but initialize and process_records.
std::string multilang_notice(MultilangAction action);
/// The answer to a request, which it repeats. Without an error it was stored.
std::string multilang_checkpoint_reply(const MultilangCheckpoint& request, std::optional<std::string_view> error);

/// The line of a batch, a piece at a time: it is a third longer than its records, which may be 10 MiB.
class MultilangRecords {
 public:
  explicit MultilangRecords(RecordBatch batch) : batch_(std::move(batch)) {}

  /// Appends to `out` until that has at least `enough` bytes, and at most a record more. False at the end of the line.
  bool write_some(std::string& out, std::size_t enough);

 private:
  RecordBatch batch_;
  bool begun_ = false;
  std::size_t next_ = 0;
  bool ended_ = false;
};

/// Takes any bytes.
MultilangMessage decode_multilang_line(std::string_view line);

}  // namespace kcl::wire
