// The MultiLang daemon: properties in, a worker whose processors are child processes out.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include <kcl/item_store.h>
#include <kcl/kinesis.h>

#include "multilang/command_line.h"
#include "multilang/settings.h"

namespace kcl::multilang {

/// What the process around it gives; tests give their own.
struct Surroundings {
  Variables variables;
  /// Empty: those of AWS.
  std::shared_ptr<Kinesis> kinesis;
  std::shared_ptr<ItemStore> lease_store;
  int errors = 2;
  /// Takes what --check prints.
  std::function<void(std::string_view)> print;
};

/// Blocks until SIGINT, SIGTERM or a failure. The exit code: 0 done, 1 failed or wrong in whatever way, as the Java
/// daemon has it. Why has been told on stderr by then.
int run_daemon(const CommandLine& line, const Surroundings& around);

}  // namespace kcl::multilang
