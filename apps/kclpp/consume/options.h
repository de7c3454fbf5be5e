// What `kclpp consume` was asked for: from the text of its flags to values, as pure functions.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <kcl/lease_format.h>
#include <kcl/log_sink.h>
#include <kcl/log_sinks.h>
#include <kcl/worker_config.h>

#include "flags/flags.h"
#include "worker/aws_settings.h"

namespace kclpp::consume {

/// Every flag, in the order of the help.
std::span<const Flag> flags();

enum class LeaseStore : std::uint8_t { memory, sqlite, dynamodb };
enum class Format : std::uint8_t { json, json_text, raw };

struct ConsumeOptions {
  /// One of both.
  std::string stream;
  std::vector<std::string> streams;
  std::string application;
  LeaseStore lease_store = LeaseStore::memory;
  /// Of LeaseStore::sqlite.
  std::string lease_file;
  /// Empty: named as the application.
  std::string lease_table;
  kcl::LeaseFormat lease_format = kcl::LeaseFormat::kcl;
  kcl::CreateTable create_table = kcl::CreateTable::if_missing;

  kcl::InitialPosition from = kcl::InitialPosition::latest();
  bool from_is_default = true;
  std::optional<kcl::Timestamp> to;
  bool exit_when_caught_up = false;

  bool fan_out = false;
  std::string consumer_arn;
  std::string consumer_name;
  bool poll_if_refused = false;

  kcl::worker::AwsSettings aws;

  std::string worker_id;
  bool static_identity = false;
  std::chrono::milliseconds failover{10'000};
  std::chrono::milliseconds checkpoint_interval{10'000};
  std::chrono::milliseconds shutdown_time{25'000};
  std::size_t max_records = 10'000;

  Format format = Format::json;
  /// Empty: stdout.
  std::string exec;
  kcl::OnError on_error = kcl::OnError::retry;
  std::size_t attempts = 5;
  kcl::StrayRecords stray_records = kcl::StrayRecords::deliver;
  /// Where records go that fail; given with OnError::bisect, and only then.
  std::string dead_letter_file;
  /// Also says how much, and in which form, where the log goes to stderr.
  kcl::LogFileOptions log;
  /// Empty: stderr.
  std::string log_file;
  std::chrono::milliseconds stall_after{300'000};
  bool exit_on_stall = false;
  /// Empty: nowhere.
  std::string listen;
  kcl::Prometheus prometheus;
  /// Absent: nothing goes there.
  std::optional<kcl::CloudWatch> cloudwatch;
};

struct ParsedOptions {
  ConsumeOptions options;
  /// One line for each thing that is wrong: the flag, what is wrong with it, and what would be right. Empty: `options`
  /// can be used.
  std::vector<std::string> problems;
};

/// `now`: for what may not lie in the future.
ParsedOptions parse(const FlagValues& given, kcl::Timestamp now);

}  // namespace kclpp::consume
