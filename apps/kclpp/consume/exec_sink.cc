#include "consume/exec_sink.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include <kcl/errors.h>

#include "base/subprocess.h"
#include "consume/output.h"

namespace kclpp::consume {

namespace {

constexpr std::chrono::milliseconds kLook{50};
constexpr std::chrono::seconds kNotNow{5};

// BSD sysexits.h: EX_TEMPFAIL.
constexpr int kTemporaryFailure = 75;
// POSIX sh, "Exit Status for Commands".
constexpr int kMayNotRun = 126;
constexpr int kNotFound = 127;

/// Ends a command when its permit does. The permit's own stop comes much earlier: with the worker's first wish to stop.
class Watch {
 public:
  explicit Watch(const Permit& permit) : permit_(permit), thread_([this] { run(); }) {}
  ~Watch() {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  std::stop_token stop() const { return end_.get_token(); }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, permit_.stop(), [this] { return done_; });
    while (!done_ && !permit_.ended()) changed_.wait_for(lock, kLook);
    if (!done_) end_.request_stop();
  }

  const Permit& permit_;
  std::stop_source end_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool done_ = false;
  std::thread thread_;
};

/// Records as bytes, some at a time: user records of one aggregate may share a partition key that stands in each line.
class Pieces {
 public:
  Pieces(const Delivery& delivery, Format format)
      : batch_(delivery.batch), source_(delivery.source()), format_(format) {}

  std::string_view next() {
    constexpr std::size_t kPieceBytes = 256UL << 10;
    lines_.clear();
    while (next_ < batch_.size() && lines_.bytes.size() < kPieceBytes)
      append(lines_, format_, source_, batch_[next_++]);
    return lines_.bytes;
  }

 private:
  const kcl::RecordBatch& batch_;
  const Source source_;
  Format format_;
  std::size_t next_ = 0;
  Lines lines_;
};

}  // namespace

void ExecSink::take(const Delivery& delivery) {
  const kcl::RecordBatch& batch = delivery.batch;
  if (delivery.permit.withdrawn()) throw kcl::RetryLater(std::chrono::milliseconds(100));
  Pieces pieces(delivery, format_);
  const Watch watch(delivery.permit);
  kcl::base::Command command;
  command.shell = command_;
  command.more_input = [&pieces] { return pieces.next(); };
  command.stop = watch.stop();
  command.extra_environment = {{"KCLPP_STREAM", delivery.stream},
                               {"KCLPP_SHARD", batch.shard_id()},
                               {"KCLPP_EPOCH", std::to_string(delivery.epoch)},
                               {"KCLPP_FIRST_SEQUENCE", std::string(batch.front().sequence_number())},
                               {"KCLPP_LAST_SEQUENCE", std::string(batch.back().sequence_number())},
                               {"KCLPP_RECORDS", std::to_string(batch.size())}};
  const kcl::base::Outcome outcome = kcl::base::run(command);
  if (outcome.ok()) return;
  if (outcome.kind == kcl::base::Outcome::Kind::stopped) throw kcl::RetryLater(std::chrono::milliseconds(100));
  const std::string what = "the command of --exec " + outcome.message;
  const bool exited = outcome.kind == kcl::base::Outcome::Kind::exited;
  if (exited && outcome.status == kTemporaryFailure) throw kcl::RetryLater(kNotNow);
  if (!exited ? outcome.kind == kcl::base::Outcome::Kind::not_started
              : outcome.status == kMayNotRun || outcome.status == kNotFound)
    throw CommandMissing(what);
  throw std::runtime_error(what);
}

}  // namespace kclpp::consume
