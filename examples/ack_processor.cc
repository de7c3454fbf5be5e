// Level 3: records are handed to threads of the program's own and acknowledged when those are done, in any order. kclpp
// checkpoints only what has been acknowledged without a gap.
#include <kcl/kcl.h>
#include <kcl/testing/embedded_stream.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int kMails = 200;

/// Runs tasks on a few threads. At its end it runs what it still has.
class ThreadPool {
 public:
  explicit ThreadPool(int threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
  }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool() {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    wake_.notify_all();
  }

  void submit(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    wake_.notify_one();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return closing_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      task = nullptr;
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool closing_ = false;
  std::vector<std::jthread> threads_;
};

/// Sends a mail per record: slow, so many at a time.
class Mailer final : public kcl::AckProcessor {
 public:
  Mailer(ThreadPool& senders, std::atomic<int>& sent) : senders_(senders), sent_(sent) {}

  void initialize(const kcl::ShardContext& context) override { context_ = context; }

  void process_records(kcl::RecordBatch batch, kcl::Ack ack) override {
    // Each task keeps the batch, which its record is a view into, and the ack, which keeps this processor. Should one
    // be dropped without done(), the batch has failed and comes again.
    for (std::size_t i = 0; i < batch.size(); ++i) {
      senders_.submit([this, batch, ack, i] {
        send(batch[i]);
        ack.done(batch[i]);
      });
    }
  }

 private:
  void send(const kcl::Record& /*mail*/) {
    if (++sent_ >= kMails) context_->stop_worker();
  }

  ThreadPool& senders_;
  std::atomic<int>& sent_;
  std::optional<kcl::ShardContext> context_;
};

}  // namespace

int main() {
  kcl::testing::EmbeddedStream mails({.name = "mails", .shards = 2});
  for (int i = 0; i < kMails; ++i) mails.put("customer-" + std::to_string(i), "hello").value();

  kcl::WorkerConfig config{.stream = "mails", .initial_position = kcl::InitialPosition::trim_horizon()};
  config.kinesis = mails.kinesis();

  std::atomic<int> sent{0};
  ThreadPool senders(8);
  kcl::Worker worker(config, kcl::AckProcessorFactory([&] { return std::make_unique<Mailer>(senders, sent); }));
  const kcl::ShutdownReport report = worker.run();
  std::cout << "sent " << sent << " mails\n";
  return report.ok() ? 0 : 1;
}
