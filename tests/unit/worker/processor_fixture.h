// A UserProcessor on real threads, with a program that does as the test says.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/task_scope.h"
#include "unit/worker/eventually.h"
#include "worker/user_processor.h"

namespace kcl::worker {

using ports::CallbackResult;
using ports::CheckpointResult;
using test::eventually;
using Kind = CallbackResult::Kind;

class FakeCheckpoints final : public ports::Checkpoints {
 public:
  explicit FakeCheckpoints(base::Loop& loop) : loop_(loop) {}

  base::Task<CheckpointResult> checkpoint(std::optional<Position> position) override {
    asked.push_back(position);
    while (held) co_await released.wait_uninterruptibly(loop_);
    co_return next;
  }
  base::Task<CheckpointResult> checkpoint_done() override {
    ++asked_for_done;
    co_return next;
  }
  bool may_begin() const override { return !in_the_way && loop_.now() < valid; }
  base::BootTime valid_until() const override { return valid; }
  bool lost() const override { return is_lost; }
  void start_over(std::string) override {}

  std::vector<std::optional<Position>> asked;
  int asked_for_done = 0;
  bool in_the_way = false;
  CheckpointResult next;
  bool held = false;
  base::Event released;
  base::BootTime valid = base::kForever;
  bool is_lost = false;

 private:
  base::Loop& loop_;
};

/// Does in each callback what the test put there, and checks the thread rules.
struct Script {
  std::map<std::string, std::function<void(Checkpointer*)>> callbacks;
  std::function<void()> factory;
  std::function<void(RecordBatch, Ack)> ack;
  std::optional<ShardContext> context;
  std::vector<std::string> called;
  std::atomic<bool> destroyed{false};
  std::atomic<bool> on_strand{false};
  base::EventLoop* loop = nullptr;

  void play(const std::string& name, Checkpointer* checkpointer = nullptr) {
    if (loop->is_current()) on_strand = true;
    called.push_back(name);
    if (const auto found = callbacks.find(name); found != callbacks.end()) found->second(checkpointer);
  }
};

class Scripted final : public RecordProcessor {
 public:
  explicit Scripted(Script& script) : script_(script) {}
  ~Scripted() override {
    if (script_.loop->is_current()) script_.on_strand = true;
    script_.destroyed = true;
  }
  void initialize(const ShardContext& context) override {
    script_.context = context;
    script_.play("initialize");
  }
  void process_records(const RecordBatch&, Checkpointer& c) override { script_.play("process_records", &c); }
  void lease_lost() override { script_.play("lease_lost"); }
  void shard_ended(Checkpointer& c) override { script_.play("shard_ended", &c); }
  void shutdown_requested(Checkpointer& c) override { script_.play("shutdown_requested", &c); }

 private:
  Script& script_;
};

class ScriptedAck final : public AckProcessor {
 public:
  explicit ScriptedAck(Script& script) : script_(script) {}
  ~ScriptedAck() override { script_.destroyed = true; }
  void process_records(RecordBatch batch, Ack ack) override {
    script_.play("process_records");
    script_.ack(std::move(batch), std::move(ack));
  }

 private:
  Script& script_;
};

class ScriptedSink final : public DeadLetterSink {
 public:
  explicit ScriptedSink(Script& script) : script_(script) {}
  void take(const DeadLetter& letter) override {
    letters.push_back(std::string(letter.record.sequence_number()) + " of " + letter.shard.shard_id() + ": " +
                      std::string(letter.error) + ", " + std::to_string(letter.attempts));
    script_.play("dead_letter");
  }
  std::vector<std::string> letters;

 private:
  Script& script_;
};

class WorkerProcessor : public ::testing::Test {
 public:
  ~WorkerProcessor() override {
    destroy();
    threads.loop.run_and_wait([this] {
      scope.reset();
      processors.reset();
    });
    in_flight.wait_until_none();
    EXPECT_FALSE(script.on_strand) << "the program's code ran on the strand";
  }

 protected:
  explicit WorkerProcessor(Runtime::Options options = {}) : threads(options) {
    script.loop = &threads.loop;
    use(RecordProcessorFactory([this] {
      if (threads.loop.is_current()) script.on_strand = true;
      if (script.factory) script.factory();
      return std::make_unique<Scripted>(script);
    }));
  }

  template <class Factory>
  void use(Factory factory) {
    threads.loop.run_and_wait([&] {
      processor.reset();
      ProcessorHost host{.threads = threads,
                         .in_flight = in_flight,
                         .registry = registry,
                         .application = "billing",
                         .worker_id = "me",
                         .stop_worker = [this] { ++worker_stops; },
                         .failover = std::chrono::milliseconds(50),
                         .dead_letters = sink,
                         .on_failure = [](const std::string&, const std::exception_ptr&) { ADD_FAILURE(); }};
      processors = std::make_unique<UserProcessors>(std::move(host), program_factory(std::move(factory)));
      ports::ShardEpoch epoch;
      epoch.stream = "orders";
      epoch.shard_id = "shard-1";
      epoch.epoch = 7;
      processor = processors->create(epoch, checkpoints);
      if (!scope)
        scope = std::make_unique<base::TaskScope>(
            threads.loop, [](const std::string&, const std::exception_ptr&) { ADD_FAILURE() << "a task threw"; });
    });
  }

  static base::Task<void> keep(base::Task<CallbackResult> task, std::promise<CallbackResult> into) {
    auto result = co_await std::move(task);
    into.set_value(std::move(result));
  }

  std::future<CallbackResult> start(const std::string& callback) {
    std::promise<CallbackResult> promise;
    auto result = promise.get_future();
    threads.loop.run_and_wait([&] { scope->spawn(callback, keep(call(callback), std::move(promise))); });
    return result;
  }
  CallbackResult run(const std::string& callback) { return start(callback).get(); }

  base::Task<CallbackResult> call(const std::string& callback) {
    if (callback == "initialize") return processor->initialize();
    if (callback == "process_records") return processor->process_records(batch());
    if (callback == "dead_letter")
      return processor->dead_letter({.batch = batch().part(1, 1), .error = "bad", .attempts = 5});
    if (callback == "lease_lost") return processor->lease_lost();
    if (callback == "shard_ended") return processor->shard_ended();
    return processor->shutdown_requested();
  }

  static RecordBatch batch() {
    auto content = std::make_shared<RecordBatch::Content>();
    for (const char* number : {"1", "2", "3"})
      content->records.emplace_back(Record::Fields{.sequence_number = number, .data = "d"});
    return RecordBatch(content);
  }

  void destroy() {
    threads.loop.run_and_wait([this] {
      if (scope) scope.reset();
      processor.reset();
    });
  }
  template <class F>
  void on_strand(F action) {
    threads.loop.run_and_wait(action);
  }

  Threads threads;
  InFlight in_flight;
  metrics::Registry registry;
  FakeCheckpoints checkpoints{threads.loop};
  Script script;
  std::shared_ptr<ScriptedSink> sink = std::make_shared<ScriptedSink>(script);
  std::atomic<int> worker_stops{0};
  std::unique_ptr<UserProcessors> processors;
  std::unique_ptr<ports::Processor> processor;
  std::unique_ptr<base::TaskScope> scope;
};

}  // namespace kcl::worker
