// From a properties file and the environment to what the daemon runs with. Pure: the environment is passed in.
//
// Values: an environment twin goes before the file, the file before the default. In the file, ${NAME} stands for an
// environment variable. Numbers and booleans are taken as leniently as Java takes them, but what Java silently drops is
// told; strict() makes errors of what was told.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kcl/log_sink.h>
#include <kcl/worker_config.h>

#include "multilang/child_processor.h"
#include "multilang/credentials.h"
#include "multilang/properties.h"

namespace kcl::multilang {

using Variables = std::function<std::optional<std::string>(std::string_view name)>;

struct Setting {
  std::string value;
  /// "orders.properties:12", "KCLPP_MAX_RECORDS", "default".
  std::string source;
  /// The value as the file has it: with ${NAME}, which may stand for a secret. Empty: without any.
  std::string written = {};
};

/// What was said, by key, before anyone asks what it means.
struct Settings {
  std::map<std::string, Setting, std::less<>> values;
  /// What is wrong: the daemon cannot start.
  std::vector<std::string> problems;
  /// What is not as the file would have it.
  std::vector<std::string> warnings;

  /// Nothing when it is not set, nor has a default.
  const Setting* find(std::string_view key) const;
};

/// `file`: its name, for messages.
Settings gather(const std::vector<Property>& properties, const std::string& file, const Variables& variables);

struct DaemonOptions {
  ChildSettings child;
  /// But for what is plugged in: credentials and log.
  WorkerConfig worker;
  CredentialsSources credentials;
  /// Empty: as `credentials`.
  CredentialsSources dynamodb_credentials;
  CredentialsSources cloudwatch_credentials;
  LogLevel log_level = LogLevel::info;
};

/// Adds to the problems and warnings of `settings`. What it returns can be used when there is no problem.
DaemonOptions daemon_options(Settings& settings);

/// One line a key that does something, "key = value   # source", secrets hidden.
std::string effective_configuration(const Settings& settings);

}  // namespace kcl::multilang
