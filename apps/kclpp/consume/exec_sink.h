// A command for each batch: the batch on its stdin, exit code 0 means that it took it, 75 (EX_TEMPFAIL of sysexits.h)
// that it wants it later. A command that could not be run at all says nothing about the batch: CommandMissing.
//
// The command runs as `sh -c CMD` in a process group of its own, with our stdout and stderr, and knows its batch from
// its environment: KCLPP_STREAM, KCLPP_SHARD, KCLPP_EPOCH, KCLPP_FIRST_SEQUENCE, KCLPP_LAST_SEQUENCE, KCLPP_RECORDS.
// When the lease is lost, or the worker's last call is over, its whole group gets SIGTERM and then SIGKILL. A lease
// that is only in doubt lets it go on: what became of the command is worth waiting for, and KCLPP_EPOCH fences it.
#pragma once

#include <stdexcept>
#include <string>

#include "consume/options.h"
#include "consume/sink.h"

namespace kclpp::consume {

/// The shell could not be started, or it found no command that it may run (its exit codes 126 and 127).
class CommandMissing : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class ExecSink final : public Sink {
 public:
  ExecSink(std::string command, Format format) : command_(std::move(command)), format_(format) {}
  void take(const Delivery& delivery) override;

 private:
  std::string command_;
  Format format_;
};

}  // namespace kclpp::consume
