// `kclpp consume`: a stream to stdout, or to a command. Flags in, worker out.
#pragma once

#include <memory>
#include <vector>

#include <unistd.h>

#include <kcl/worker_config.h>

#include "consume/options.h"

namespace kclpp::consume {

/// What the process around it gives; tests give their own.
struct Surroundings {
  /// Empty: that of AWS.
  std::shared_ptr<kcl::Kinesis> kinesis;
  /// Empty: that of the options.
  std::shared_ptr<kcl::ItemStore> lease_store;
  /// Empty: as the options say.
  std::shared_ptr<kcl::LogSink> log;
  int output = STDOUT_FILENO;
};

/// Everything that a worker can be told by flags; the plugged-in parts are left empty.
kcl::WorkerConfig worker_config(const ConsumeOptions& options);

/// Blocks until SIGINT, SIGTERM, the end that the options name, or a failure. The exit code: 0 done, 1 failed, 2 a
/// configuration that cannot work. Failures have been told by then, in the log or on stderr.
int run(const ConsumeOptions& options, const Surroundings& around = {});

}  // namespace kclpp::consume
