// The processor with real children: scripts of the shell that say what a test has them say.
#include "multilang/child_processor.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/descriptor.h"

namespace kcl::multilang {
namespace {

using namespace std::chrono_literals;
using ports::CallbackResult;
using ports::CheckpointResult;
using Kind = CallbackResult::Kind;

class FakeCheckpoints final : public ports::Checkpoints {
 public:
  base::Task<CheckpointResult> checkpoint(std::optional<Position> position) override {
    asked.push_back(position ? position->text() + '/' + std::to_string(position->sub_sequence())
                             : "as far as possible");
    co_return next;
  }
  base::Task<CheckpointResult> checkpoint_done() override { return checkpoint(std::nullopt); }
  bool may_begin() const override { return true; }
  base::BootTime valid_until() const override { return base::kForever; }
  bool lost() const override { return is_lost; }
  void start_over(std::string why) override {
    if (started_over.empty()) changed.set_value();
    started_over.push_back(std::move(why));
  }

  std::vector<std::string> asked;
  CheckpointResult next;
  bool is_lost = false;
  std::vector<std::string> started_over;
  std::promise<void> changed;
};

/// Answers an action with its status.
constexpr const char* kShell = R"(
read_action() { read -r action && echo "$action" >&2; }
status() { printf '\n{"action":"status","responseFor":"%s"}\n' "$1"; }
checkpoint() { printf '{"action":"checkpoint","sequenceNumber":%s}\n' "$1"; read -r reply; echo "$reply" >&2; }
read_action; status initialize
)";

class ChildProcessorTest : public ::testing::Test {
 protected:
  ChildProcessorTest() {
    EXPECT_EQ(pipe_.open(), 0);
    writer_.emplace(pipe_.write.get());
    children_.emplace(*writer_, LogLevel::info);
  }
  ~ChildProcessorTest() override {
    threads_.loop.run_and_wait([this] {
      scope_.reset();
      processor_.reset();
      processors_.reset();
    });
  }

  void use(const std::string& script, std::optional<std::chrono::milliseconds> timeout = std::nullopt,
           std::size_t restarts = 10) {
    use_whole(kShell + script, timeout, restarts);
  }
  void use_whole(const std::string& script, std::optional<std::chrono::milliseconds> timeout = std::nullopt,
                 std::size_t restarts = 10) {
    threads_.loop.run_and_wait([&] {
      ChildSettings settings;
      settings.argv = {"/bin/sh", "-c", script};
      settings.stream = "orders";
      settings.timeout = timeout;
      settings.restarts = restarts;
      settings.told_after = told_after;
      const auto on_failure = [](const std::string& task, const std::exception_ptr&) { ADD_FAILURE() << task; };
      worker::ProcessorHost host{.threads = threads_,
                                 .in_flight = in_flight_,
                                 .registry = registry_,
                                 .application = "billing",
                                 .worker_id = "me",
                                 .stop_worker = [this] { worker_stopped = true; },
                                 .on_failure = on_failure};
      base::EventLog log(threads_.loop, [this](const LogEvent& event) {
        events.push_back(event.name);
        for (const auto& [name, value] : event.fields) last_fields[event.name].insert_or_assign(name, value.text());
      });
      processors_ = std::make_unique<ChildProcessors>(std::move(host), std::move(log), std::move(settings), *children_,
                                                      [this](const std::string& why) { given_up = why; });
      ports::ShardEpoch epoch;
      epoch.shard_id = "shard-1";
      epoch.epoch = 7;
      processor_ = processors_->create(epoch, checkpoints);
      scope_.emplace(threads_.loop, on_failure);
    });
  }

  CallbackResult run(base::Task<CallbackResult> (ports::Processor::*callback)()) {
    return run([this, callback] { return (*processor_.*callback)(); });
  }
  CallbackResult process() {
    return run([this] {
      auto content = std::make_shared<RecordBatch::Content>();
      content->records.emplace_back(Record::Fields{.sequence_number = "49", .partition_key = "key", .data = "hello"});
      return processor_->process_records(RecordBatch(content));
    });
  }
  CallbackResult run(std::function<base::Task<CallbackResult>()> start) {
    std::promise<CallbackResult> result;
    threads_.loop.post([&] { scope_->spawn("callback", await(start, result)); });
    return result.get_future().get();
  }
  static base::Task<void> await(std::function<base::Task<CallbackResult>()> start,
                                std::promise<CallbackResult>& result) {
    CallbackResult got = co_await start();
    result.set_value(std::move(got));
  }
  template <class F>
  auto on_strand(F look) {
    decltype(look()) seen;
    threads_.loop.run_and_wait([&] { seen = look(); });
    return seen;
  }

  /// What the children wrote to stderr, once they have ended.
  std::string said() {
    threads_.loop.run_and_wait([this] {
      scope_.reset();
      processor_.reset();
    });
    children_.reset();
    writer_.reset();
    pipe_.write.close();
    std::string all;
    char block[4096];
    for (ssize_t got = 0; (got = ::read(pipe_.read.get(), block, sizeof block)) > 0;) {
      all.append(block, static_cast<std::size_t>(got));
    }
    return all;
  }

  FakeCheckpoints checkpoints;
  std::chrono::milliseconds told_after{300'000};
  std::vector<std::string> events;
  std::map<std::string, std::map<std::string, std::string>> last_fields;
  std::string given_up;
  bool worker_stopped = false;

 private:
  worker::Threads threads_{Runtime::Options{}};
  worker::InFlight in_flight_;
  metrics::Registry registry_;
  base::Pipe pipe_;
  std::optional<StderrWriter> writer_;
  std::optional<Children> children_;
  std::unique_ptr<ChildProcessors> processors_;
  std::unique_ptr<ports::Processor> processor_;
  std::optional<base::TaskScope> scope_;
};

TEST_F(ChildProcessorTest, AConversationFromTheFirstToTheLastWord) {
  use(R"(read_action; checkpoint '"49"'; checkpoint null; status processRecords
         read_action; checkpoint null; status shutdownRequested
         read_action; checkpoint null; status leaseLost
         read_action || echo end >&2)");
  EXPECT_TRUE(run(&ports::Processor::initialize).ok());
  EXPECT_TRUE(process().ok());
  EXPECT_TRUE(run(&ports::Processor::shutdown_requested).ok());
  const std::string said = this->said();
  for (const char* line :
       {R"({"action":"initialize","shardId":"shard-1","sequenceNumber":"TRIM_HORIZON","subSequenceNumber":0})",
        R"({"action":"checkpoint","sequenceNumber":"49","subSequenceNumber":null,"error":null})",
        R"({"action":"checkpoint","sequenceNumber":null,"subSequenceNumber":null,"error":null})",
        R"({"action":"checkpoint","sequenceNumber":null,"subSequenceNumber":null,"error":"InvalidStateException"})",
        R"({"action":"leaseLost"})", "] end\n"}) {
    EXPECT_NE(said.find(line), std::string::npos) << line << '\n' << said;
  }
  EXPECT_EQ(checkpoints.asked, (std::vector<std::string>{"49/0", "as far as possible", "as far as possible"}));
  EXPECT_EQ(checkpoints.started_over, std::vector<std::string>{});
}

TEST_F(ChildProcessorTest, ARefusedCheckpointIsToldByTheNameOfTheException) {
  use("read_action; checkpoint null; status processRecords; cat");
  checkpoints.next = {CheckpointResult::Kind::invalid, "too far"};
  EXPECT_TRUE(run(&ports::Processor::initialize).ok());
  EXPECT_TRUE(process().ok());
  EXPECT_NE(said().find("IllegalArgumentException"), std::string::npos);
}

TEST_F(ChildProcessorTest, WithTheLeaseLostACheckpointIsRefusedWithoutAQuestion) {
  use("read_action; checkpoint null; status processRecords; cat");
  checkpoints.is_lost = true;
  EXPECT_TRUE(run(&ports::Processor::initialize).ok());
  EXPECT_TRUE(process().ok());
  EXPECT_EQ(checkpoints.asked.size(), 0U);
  EXPECT_NE(said().find("ShutdownException"), std::string::npos);
}

TEST_F(ChildProcessorTest, OneThatDiesBetweenActionsStartsOverWithoutWaitingForTheNext) {
  use("read_action; status processRecords; exit 5");
  EXPECT_TRUE(run(&ports::Processor::initialize).ok());
  EXPECT_TRUE(process().ok());
  checkpoints.changed.get_future().get();
  const auto why = on_strand([&] { return checkpoints.started_over; });
  ASSERT_EQ(why.size(), 1U);
  EXPECT_TRUE(why.front().ends_with("exited with code 5")) << why.front();
  EXPECT_EQ(process().kind, Kind::threw);
}

TEST_F(ChildProcessorTest, OneThatFailsBeforeItHadAnythingHasNothingToStartOver) {
  use_whole("exit 5");
  EXPECT_EQ(run(&ports::Processor::initialize).kind, Kind::threw);
  EXPECT_EQ(on_strand([&] { return checkpoints.started_over.size(); }), 0U);
  EXPECT_EQ(run(&ports::Processor::initialize).kind, Kind::retry_later);
}

TEST_F(ChildProcessorTest, OneThatDoesNotAnswerInTimeHasFailed) {
  use("read_action; sleep 1000", 50ms);
  EXPECT_TRUE(run(&ports::Processor::initialize).ok());
  const CallbackResult result = process();
  EXPECT_EQ(result.kind, Kind::threw);
  EXPECT_NE(result.what.find("timeoutInSeconds"), std::string::npos) << result.what;
  EXPECT_EQ(on_strand([&] { return checkpoints.started_over.size(); }), 1U);
}

TEST_F(ChildProcessorTest, OneThatDoesNotAnswerIsToldOfByItsShardAndAction) {
  told_after = 20ms;
  const std::string go = ::testing::TempDir() + "kclpp-answer-" + std::to_string(::getpid());
  use("read_action; while [ ! -e " + go + " ]; do sleep 0.01; done; rm " + go + "; status processRecords; cat");
  EXPECT_TRUE(run(&ports::Processor::initialize).ok());
  auto result = std::async(std::launch::async, [this] { return process(); });
  const auto told = [this] { return std::count(events.begin(), events.end(), "child_does_not_answer"); };
  while (on_strand(told) < 2) std::this_thread::yield();
  std::ofstream(go).put('x');
  EXPECT_TRUE(result.get().ok()) << "it was told of, and nothing else";
  const auto fields = on_strand([this] { return last_fields["child_does_not_answer"]; });
  EXPECT_EQ(fields.at("shard"), "shard-1");
  EXPECT_EQ(fields.at("action"), "processRecords");
}

TEST_F(ChildProcessorTest, AfterItsLastAnswerAChildMayEnd) {
  use("read_action; checkpoint null; status shardEnded; exit 0");
  EXPECT_TRUE(run(&ports::Processor::initialize).ok());
  EXPECT_TRUE(run(&ports::Processor::shard_ended).ok());
  EXPECT_NE(said().find("exited with code 0"), std::string::npos);
  EXPECT_EQ(checkpoints.started_over.size(), 0U);
  EXPECT_EQ(std::count(events.begin(), events.end(), "child_failed"), 0);
}

TEST_F(ChildProcessorTest, AShardThatEndedWithoutACheckpointStartsOver) {
  use("read_action; status shardEnded; cat");
  EXPECT_TRUE(run(&ports::Processor::initialize).ok());
  EXPECT_TRUE(run(&ports::Processor::shard_ended).ok());
  // The consumer asks again, since nothing was stored.
  EXPECT_EQ(run(&ports::Processor::shard_ended).kind, Kind::threw);
  EXPECT_EQ(on_strand([&] { return checkpoints.started_over.size(); }), 1U);
  EXPECT_EQ(std::count(events.begin(), events.end(), "shard_end_without_checkpoint"), 1);
}

TEST_F(ChildProcessorTest, WhenItsRestartsAreUsedUpTheWorkerIsStopped) {
  use("read_action; exit 5", std::nullopt, 0);
  EXPECT_TRUE(run(&ports::Processor::initialize).ok());
  EXPECT_EQ(process().kind, Kind::threw);
  EXPECT_TRUE(on_strand([&] { return worker_stopped; }));
  EXPECT_NE(given_up.find("exited with code 5"), std::string::npos) << given_up;
  EXPECT_EQ(run(&ports::Processor::initialize).kind, Kind::retry_later) << "the pause comes first";
}

}  // namespace
}  // namespace kcl::multilang
