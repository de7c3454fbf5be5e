// kcl::Worker: consumes a stream together with the other workers of its application.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <kcl/record_processor.h>
#include <kcl/shard_status.h>
#include <kcl/worker_config.h>

namespace kcl {

namespace worker {
struct WorkerMaker;
}

/// Threads and memory budget, shared by the workers of one process that are given it. Must not be destroyed from one of
/// its threads.
class Runtime {
 public:
  struct Options {
    /// Threads for user callbacks: grown as needed up to this. A callback that blocks occupies one. 1 to 10,000.
    std::size_t max_callback_threads = 1'000;
    /// Threads for blocking calls of plugged-in Kinesis clients, and as many for those of lease stores, so that slow
    /// reads never keep a lease from its renewal. Grown as needed. 1 to 1,000.
    std::size_t max_io_threads = 64;
    /// Threads that speak to Kinesis, of each worker, and as many again with fan-out; not used by a plugged-in client.
    /// One of them brings several hundred megabytes a second over TLS: more are for workers that read more than that.
    /// 1 to 64.
    std::size_t network_threads = 1;
    /// Bytes of records buffered over all its workers (C11); at least 1 MiB.
    std::size_t buffer_bytes = 256UL << 20;
  };
  /// Throws ConfigError.
  explicit Runtime(Options options);
  Runtime() : Runtime(Options{}) {}
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  ~Runtime();

 private:
  friend class Worker;
  class Impl;
  std::shared_ptr<Impl> impl_;
};

enum class WorkerState : std::uint8_t { created, starting, running, stopping, stopped };

struct WorkerStatus {
  WorkerState state = WorkerState::created;
  std::string worker_id;
  /// What start-up waits for, or why the worker failed.
  std::string message;
  /// Of the shards that this worker holds.
  std::vector<ShardStatus> shards;
  /// Workers of the application that seem alive, and its open leases, as of the last look at the table.
  std::size_t workers = 0;
  std::size_t leases = 0;
};

/// How a worker ended.
struct ShutdownReport {
  /// Empty after an orderly shutdown, else why the worker gave up: what happened, and what to do.
  std::string failure;
  /// Shards that could not be finished by the deadline; their leases were left to expire, never released under a
  /// running callback.
  std::vector<std::string> unfinished;

  bool ok() const noexcept { return failure.empty() && unfinished.empty(); }
};

/// Thread-safe. The destructor shuts down and waits for callbacks that are still running, however long they take (C10):
/// a program that cannot wait for a stuck callback ends with _exit.
class Worker {
 public:
  /// Throws ConfigError. Nothing starts yet, no call is made.
  Worker(WorkerConfig config, RecordProcessorFactory factory);
  Worker(WorkerConfig config, AckProcessorFactory factory);
  Worker(WorkerConfig config, RecordProcessorFactory factory, Runtime& runtime);
  Worker(WorkerConfig config, AckProcessorFactory factory, Runtime& runtime);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  /// Starts in the background and returns at once. Once per worker.
  void start();
  /// start(), then waits until the worker has ended: by shutdown(), stop_worker(), a signal (if handle_signals), or a
  /// failure that trying again cannot help.
  ShutdownReport run();
  /// Lets processors checkpoint, releases leases so that others take them at once, and returns by about `deadline` from
  /// now, or earlier when all is done. Callable more than once, from any thread but a callback (use
  /// ShardContext::stop_worker there).
  ShutdownReport shutdown(std::chrono::milliseconds deadline);

  WorkerStatus status() const;
  const std::string& id() const noexcept;

 private:
  friend struct worker::WorkerMaker;
  class Impl;
  explicit Worker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kcl
