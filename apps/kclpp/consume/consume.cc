#include "consume/consume.h"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include <kcl/errors.h>
#include <kcl/item_stores.h>
#include <kcl/log_sinks.h>
#include <kcl/worker.h>

#include "base/event_log.h"
#include "base/text.h"
#include "base/wall_clock.h"
#include "consume/dead_letter_file.h"
#include "consume/exec_sink.h"
#include "consume/permit.h"
#include "consume/sink.h"
#include "consume/stdout_sink.h"
#include "stores/sqlite_item_store.h"
#include "worker/hosted_processors.h"
#include "worker/program.h"
#include "worker/user_processor.h"

namespace kclpp::consume {

namespace {

using std::chrono::milliseconds;

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;

/// What a shutdown needs after the last call: to end a command's group, and to release leases.
constexpr milliseconds kAfterLastCall{5'000};
/// People wait for an answer; supervisors start it again.
constexpr milliseconds kStartPatience{15'000};
/// Longer than it takes to kill a command that does not want to end. What then still runs cannot be ended.
constexpr milliseconds kCallsEndWithin{10'000};
/// Until a command that could not be run is tried again.
constexpr milliseconds kCommandMissing{5'000};

std::string position_text(const kcl::InitialPosition& position) {
  switch (position.kind()) {
    case kcl::InitialPosition::Kind::trim_horizon:
      return "TRIM_HORIZON";
    case kcl::InitialPosition::Kind::latest:
      return "LATEST";
    case kcl::InitialPosition::Kind::at_timestamp:
      break;
  }
  return kcl::to_iso8601(position.timestamp());
}

std::string store_text(const ConsumeOptions& options) {
  switch (options.lease_store) {
    case LeaseStore::memory:
      return "memory";
    case LeaseStore::sqlite:
      return "sqlite:" + options.lease_file;
    case LeaseStore::dynamodb:
      break;
  }
  return "dynamodb";
}

/// Where records go.
struct Sinks {
  std::unique_ptr<Sink> batches;
  /// Null unless failing records have a place of their own.
  std::unique_ptr<kcl::DeadLetterSink> dead_letters;
};

/// What all shards share: the sinks, and what became of their batches.
class Run {
 public:
  Run(const ConsumeOptions& options, Sinks sinks, std::shared_ptr<kcl::LogSink> log)
      : options_(options),
        sinks_(std::move(sinks)),
        log_(std::move(log)),
        last_call_(options.shutdown_time - std::min(options.shutdown_time / 2, kAfterLastCall)) {}

  /// Returns when the sink has taken the batch.
  void take(const kcl::RecordBatch& batch, const kcl::ShardContext& shard);
  /// Returns when the dead-letter sink has taken the record.
  void bury(const kcl::DeadLetter& letter);
  /// The worker's log, while there is one: what is said here stands in order with what the worker says. Without one it
  /// goes straight to the sink.
  void log_through(std::optional<kcl::base::EventLog> log);
  /// An error, or of level info.
  void log(kcl::LogLevel level, std::string event, kcl::LogFields fields) const;
  /// The fields, and which shard they are about: the worker's log tells of which worker, and of its only stream.
  kcl::LogFields of(const kcl::ShardContext& shard, kcl::LogFields fields) const;
  void log_start() const;
  void log_end(const kcl::ShutdownReport& report) const;
  /// Nothing waits for a taker any more. False when a batch is stuck all the same.
  bool end_calls();
  bool output_gone() const;

 private:
  struct Call;

  void note_output_gone(const std::string& why, const kcl::ShardContext& shard);

  const ConsumeOptions& options_;
  const Sinks sinks_;
  const std::shared_ptr<kcl::LogSink> log_;
  std::optional<kcl::base::EventLog> worker_log_;
  LastCall last_call_;

  mutable std::mutex mutex_;
  std::condition_variable call_ended_;
  std::size_t calls_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t dead_letters_ = 0;
  std::set<std::string> shards_;
  bool output_gone_ = false;
};

/// One that may be in the middle of a wait: it is counted while it lasts.
struct Run::Call {
  explicit Call(Run& of) : run(of) {
    const std::lock_guard lock(run.mutex_);
    ++run.calls_;
  }
  ~Call() {
    const std::lock_guard lock(run.mutex_);
    --run.calls_;
    run.call_ended_.notify_all();
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  Run& run;
};

void Run::take(const kcl::RecordBatch& batch, const kcl::ShardContext& shard) {
  const Call call(*this);
  const Permit permit(shard.stop_token(), [&shard] { return shard.cancelled(); }, last_call_);
  try {
    sinks_.batches->take({.batch = batch,
                          .stream = shard.stream(),
                          .one_of_several = !options_.streams.empty(),
                          .epoch = shard.epoch(),
                          .permit = permit});
  } catch (const OutputGone& gone) {
    note_output_gone(gone.what(), shard);
    // Not this program's error, and told once: the worker stops, the batch stays undone.
    throw kcl::RetryLater(options_.failover);
  } catch (const CommandMissing& missing) {
    // It says nothing about the records: none of them may be taken for the one that fails.
    log(kcl::LogLevel::error, "exec_failed_to_start", of(shard, {{"error", missing.what()}}));
    throw kcl::RetryLater(kCommandMissing);
  }
  const std::lock_guard lock(mutex_);
  records_ += batch.size();
  shards_.insert(shard.stream() + ' ' + shard.shard_id());
}

void Run::bury(const kcl::DeadLetter& letter) {
  const Call call(*this);
  sinks_.dead_letters->take(letter);
  const std::lock_guard lock(mutex_);
  ++dead_letters_;
}

void Run::note_output_gone(const std::string& why, const kcl::ShardContext& shard) {
  shard.stop_worker();
  {
    const std::lock_guard lock(mutex_);
    output_gone_ = true;
  }
  log(kcl::LogLevel::error, "output_gone",
      of(shard, {{"output", "stdout"},
                 {"error", why},
                 {"what_now", "the worker stops; what was not taken is not checkpointed"}}));
}

void Run::log_through(std::optional<kcl::base::EventLog> log) {
  const std::lock_guard lock(mutex_);
  worker_log_ = std::move(log);
}

void Run::log(kcl::LogLevel level, std::string event, kcl::LogFields fields) const {
  std::optional<kcl::base::EventLog> log;
  {
    const std::lock_guard lock(mutex_);
    log = worker_log_;
  }
  if (!log) {
    log_->write({.time = kcl::base::wall_now(), .level = level, .name = std::move(event), .fields = std::move(fields)});
    return;
  }
  for (auto& [name, value] : fields) log = log->with({{name, std::move(value)}});
  level == kcl::LogLevel::error ? log->error(event) : log->info(event);
}

kcl::LogFields Run::of(const kcl::ShardContext& shard, kcl::LogFields fields) const {
  if (!options_.streams.empty()) fields.emplace_back("stream", shard.stream());
  fields.emplace_back("shard", shard.shard_id());
  fields.emplace_back("epoch", shard.epoch());
  return fields;
}

void Run::log_start() const {
  std::string from = position_text(options_.from);
  if (options_.from_is_default) from += " (the default: what is put from now on)";
  kcl::LogFields fields;
  if (options_.streams.empty()) {
    fields.emplace_back("stream", options_.stream);
  } else {
    fields.emplace_back("streams", kcl::base::joined(options_.streams));
  }
  fields.emplace_back("from", std::move(from));
  if (options_.to) fields.emplace_back("to", kcl::to_iso8601(*options_.to));
  fields.emplace_back("application", options_.application.empty() ? "none" : options_.application);
  fields.emplace_back("lease_store", store_text(options_));
  if (!options_.lease_table.empty()) fields.emplace_back("lease_table", options_.lease_table);
  if (options_.lease_format != kcl::LeaseFormat::kcl)
    fields.emplace_back("lease_format", kcl::name_of(options_.lease_format));
  fields.emplace_back("output", options_.exec.empty() ? "stdout" : "exec");
  fields.emplace_back("on_error", kcl::name_of(options_.on_error));
  log(kcl::LogLevel::info, "consume_started", std::move(fields));
}

void Run::log_end(const kcl::ShutdownReport& report) const {
  std::string how = "in order";
  if (!report.unfinished.empty()) how = "with unfinished shards, whose leases expire by themselves";
  // Why has been told by the worker's own error.
  if (!report.failure.empty()) how = "by a failure";
  std::uint64_t records = 0;
  std::uint64_t dead_letters = 0;
  std::size_t shards = 0;
  {
    const std::lock_guard lock(mutex_);
    if (output_gone_) how = "its output had gone";
    records = records_;
    dead_letters = dead_letters_;
    shards = shards_.size();
  }
  kcl::LogFields fields{{"records", records}, {"shards", shards}};
  if (sinks_.dead_letters) fields.emplace_back("dead_letters", dead_letters);
  fields.emplace_back("ended", std::move(how));
  log(kcl::LogLevel::info, "consume_ended", std::move(fields));
}

bool Run::end_calls() {
  last_call_.end();
  std::unique_lock lock(mutex_);
  return call_ended_.wait_for(lock, kCallsEndWithin, [this] { return calls_ == 0; });
}

bool Run::output_gone() const {
  const std::lock_guard lock(mutex_);
  return output_gone_;
}

/// One shard, one epoch: acknowledges what the sink took.
class ShardProcessor final : public kcl::AckProcessor {
 public:
  explicit ShardProcessor(Run& run) : run_(run) {}

  void initialize(const kcl::ShardContext& context) override { context_ = context; }
  void process_records(kcl::RecordBatch batch, kcl::Ack ack) override {
    run_.take(batch, *context_);
    ack.done();
  }

 private:
  Run& run_;
  std::optional<kcl::ShardContext> context_;
};

class RunDeadLetters final : public kcl::DeadLetterSink {
 public:
  explicit RunDeadLetters(Run& run) : run_(run) {}
  void take(const kcl::DeadLetter& letter) override { run_.bury(letter); }

 private:
  Run& run_;
};

std::unique_ptr<kcl::Worker> make_worker(kcl::WorkerConfig config, Run& run) {
  auto program =
      kcl::worker::program_factory(kcl::AckProcessorFactory([&run] { return std::make_unique<ShardProcessor>(run); }));
  const auto begin = [&run, program = std::move(program)](kcl::worker::ProcessorHost host, kcl::base::EventLog log) {
    run.log_through(std::move(log));
    return std::make_unique<kcl::worker::UserProcessors>(std::move(host), program);
  };
  return kcl::worker::make_worker(std::move(config), begin, {.can_checkpoint = false});
}

std::shared_ptr<kcl::LogSink> open_log(const ConsumeOptions& options) {
  if (options.log_file.empty()) return kcl::make_console_log_sink(options.log.at_least, options.log.format);
  return kcl::make_file_log_sink(options.log_file, options.log);
}

/// Empty where the worker opens its own.
std::shared_ptr<kcl::ItemStore> open_lease_store(const ConsumeOptions& options) {
  if (options.lease_store != LeaseStore::sqlite) return nullptr;
  kcl::SqliteOptions sqlite;
  sqlite.path = options.lease_file;
  sqlite.table = options.lease_table.empty() ? options.application : options.lease_table;
  sqlite.key_attribute = kcl::key_attribute_of(options.lease_format);
  sqlite.busy_timeout = std::min(options.failover / 10, milliseconds(1'000));
  // A file that is locked just now is waited for by the worker's start, as a DynamoDB that does not answer is.
  auto store = kcl::stores::open_sqlite_item_store_now_or_later(sqlite);
  if (!store) throw std::runtime_error(store.error().message);
  return *std::move(store);
}

int consume(const ConsumeOptions& options, const Surroundings& around) {
  std::optional<SharedOutput> output;
  Sinks sinks;
  if (options.exec.empty()) {
    output.emplace(around.output);
    sinks.batches = std::make_unique<StdoutSink>(*output, options.format);
  } else {
    sinks.batches = std::make_unique<ExecSink>(options.exec, options.format);
  }
  if (!options.dead_letter_file.empty()) {
    sinks.dead_letters = std::make_unique<DeadLetterFile>(options.dead_letter_file, !options.streams.empty());
  }
  kcl::WorkerConfig config = worker_config(options);
  config.kinesis = around.kinesis;
  config.lease_store = around.lease_store ? around.lease_store : open_lease_store(options);
  config.log = around.log ? around.log : open_log(options);

  const bool buries = sinks.dead_letters != nullptr;
  Run run(options, std::move(sinks), config.log);
  if (buries) config.dead_letters = std::make_shared<RunDeadLetters>(run);
  const auto worker = make_worker(std::move(config), run);
  run.log_start();
  const kcl::ShutdownReport report = worker->run();
  const bool all_ended = run.end_calls();
  // Nobody will wait for what the worker's log has not written yet.
  if (!all_ended) run.log_through({});
  run.log_end(report);
  if (!all_ended) {
    // A write or a command that nothing can end: the worker's destructor would wait for it.
    run.log(kcl::LogLevel::error, "batch_stuck", {{"what_now", "the process ends without it; it is not checkpointed"}});
    ::_exit(kFailed);
  }
  return report.ok() && !run.output_gone() ? kDone : kFailed;
}

}  // namespace

kcl::WorkerConfig worker_config(const ConsumeOptions& options) {
  kcl::WorkerConfig config;
  config.application = options.application;
  config.stream = options.stream;
  for (const std::string& stream : options.streams) config.streams.push_back({.stream = stream});
  config.lease_table = options.lease_table;
  config.lease_format = options.lease_format;
  apply(options.aws, config);
  config.fan_out = options.fan_out;
  config.consumer_arn = options.consumer_arn;
  config.consumer_name = options.consumer_name;
  config.poll_if_refused = options.poll_if_refused;
  config.stop_when_caught_up = options.exit_when_caught_up;
  config.read_until = options.to;
  config.start_patience = kStartPatience;
  config.worker_id = options.worker_id;
  config.static_identity = options.static_identity;
  config.initial_position = options.from;
  config.checkpoint_interval = options.checkpoint_interval;
  config.failover_time = options.failover;
  config.create_table = options.create_table;
  config.max_records = options.max_records;
  config.shutdown_time = options.shutdown_time;
  config.stray_records = options.stray_records;
  config.on_error = options.on_error;
  config.max_attempts = options.attempts;
  config.stall_after = options.stall_after;
  config.stop_on_stall = options.exit_on_stall;
  config.listen = options.listen;
  config.prometheus = options.prometheus;
  config.cloudwatch = options.cloudwatch;
  return config;
}

int run(const ConsumeOptions& options, const Surroundings& around) {
  try {
    return consume(options, around);
  } catch (const kcl::ConfigError& wrong) {
    for (const std::string& problem : wrong.problems()) std::fprintf(stderr, "kclpp consume: %s\n", problem.c_str());
    return kUsage;
  } catch (const OutputGone& gone) {
    std::fprintf(stderr, "kclpp consume: stdout: %s\n", gone.what());
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "kclpp consume: %s\n", problem.what());
  }
  return kFailed;
}

}  // namespace kclpp::consume
