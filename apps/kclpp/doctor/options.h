// What `kclpp doctor` was asked for: from the text of its flags to values, as pure functions.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "flags/flags.h"
#include "operate/least_privilege.h"
#include "operate/session.h"

namespace kclpp::doctor {

std::span<const Flag> flags();

struct DoctorOptions {
  kcl::operate::Places places;
  bool json = false;
  /// Print this, and examine nothing.
  std::optional<kcl::operate::PolicyForm> print;
  /// Of workers that read by enhanced fan-out.
  bool fan_out = false;
  /// Of the metrics that they send to CloudWatch; empty: none.
  std::string metric_namespace;
};

struct ParsedOptions {
  DoctorOptions options;
  /// One line for each thing that is wrong. Empty: `options` can be used.
  std::vector<std::string> problems;
};

ParsedOptions parse(const FlagValues& given);

}  // namespace kclpp::doctor
