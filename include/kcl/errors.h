// What kclpp throws at programs, and what programs may throw at kclpp.
#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace kcl {

/// A configuration that cannot work. Names every bad field at once, each with what would be right.
class ConfigError : public std::invalid_argument {
 public:
  explicit ConfigError(std::vector<std::string> problems);
  const std::vector<std::string>& problems() const noexcept { return problems_; }

 private:
  std::vector<std::string> problems_;
};

/// Thrown by Checkpointer: what became of a checkpoint.
class CheckpointError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Another worker holds the lease, or may: nothing that this epoch stores counts any more. Stop working on the shard.
/// (Java KCL: ShutdownException.)
class LeaseLost : public CheckpointError {
 public:
  using CheckpointError::CheckpointError;
};

/// The lease table did not take the checkpoint now. The lease is still held: go on, and checkpoint again later. (Java
/// KCL: ThrottlingException, KinesisClientLibDependencyException.)
class CheckpointUnavailable : public CheckpointError {
 public:
  using CheckpointError::CheckpointError;
};

/// The position lies before the last checkpoint or past what was delivered. Nothing was stored. (Java KCL:
/// IllegalArgumentException.)
class InvalidCheckpoint : public CheckpointError {
 public:
  using CheckpointError::CheckpointError;
};

/// Thrown by a program from process_records, initialize, shard_ended or a dead-letter sink: "not now". The same call is
/// made again after `delay`; it is no error, and the shard's lease is kept meanwhile.
class RetryLater : public std::runtime_error {
 public:
  explicit RetryLater(std::chrono::milliseconds delay) : std::runtime_error("retry later"), delay_(delay) {}
  std::chrono::milliseconds delay() const noexcept { return delay_; }

 private:
  std::chrono::milliseconds delay_;
};

}  // namespace kcl
