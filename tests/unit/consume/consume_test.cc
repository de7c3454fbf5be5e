// The whole of `kclpp consume` but its main(), over an embedded stream and a real pipe.
#include "consume/consume.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <kcl/item_stores.h>
#include <kcl/testing/embedded_stream.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <mutex>
#include <set>
#include <thread>

#include "unit/worker/eventually.h"

namespace kclpp::consume {
namespace {

using kcl::test::eventually;
using std::chrono::milliseconds;

class LogBook final : public kcl::LogSink {
 public:
  void write(const kcl::LogEvent& event) override {
    const std::lock_guard lock(mutex_);
    events_.push_back(event);
  }
  std::size_t count(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count(events_, name, &kcl::LogEvent::name));
  }
  std::size_t count(kcl::LogLevel at_least) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(
        std::ranges::count_if(events_, [&](const kcl::LogEvent& event) { return event.level >= at_least; }));
  }
  /// Events that say this in a field.
  std::size_t mentions(const std::string& text) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count_if(events_, [&](const kcl::LogEvent& event) {
      return std::ranges::any_of(event.fields,
                                 [&](const auto& field) { return field.second.text().find(text) != text.npos; });
    }));
  }
  std::string field(const std::string& name, const std::string& key) const {
    const std::lock_guard lock(mutex_);
    for (const kcl::LogEvent& event : events_) {
      for (const auto& [field, value] : event.fields) {
        if (event.name == name && field == key) return value.text();
      }
    }
    return {};
  }

 private:
  mutable std::mutex mutex_;
  std::vector<kcl::LogEvent> events_;
};

class ConsumeTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ::signal(SIGPIPE, SIG_IGN); }
  ConsumeTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    reader = ends[0];
    writer = ends[1];
    options.stream = "orders";
    options.application = "billing";
    options.from = kcl::InitialPosition::trim_horizon();
    options.from_is_default = false;
    options.format = Format::raw;
    options.failover = milliseconds(2'000);
    options.checkpoint_interval = milliseconds(100);
  }
  ~ConsumeTest() override {
    close_reader();
    close_writer();
  }
  void close_writer() {
    if (writer >= 0) ::close(std::exchange(writer, -1));
  }
  void close_reader() {
    if (reader >= 0) ::close(std::exchange(reader, -1));
  }

  void put(std::size_t first, std::size_t count, std::size_t padding = 0) {
    for (std::size_t i = first; i < first + count; ++i) {
      const std::string data = "record-" + std::to_string(i) + std::string(padding, '.');
      ASSERT_TRUE(stream.put("key-" + std::to_string(i % 10), data));
    }
  }
  std::future<int> start() {
    return std::async(std::launch::async, [this] {
      return run(options, {.kinesis = stream.kinesis(), .lease_store = store, .log = log, .output = writer});
    });
  }
  /// Whole lines, sorted.
  std::vector<std::string> read_lines(std::size_t count) {
    std::vector<std::string> lines;
    std::string line;
    char c = 0;
    while (lines.size() < count && ::read(reader, &c, 1) == 1) {
      if (c != '\n') {
        line += c;
      } else {
        lines.push_back(std::exchange(line, {}));
      }
    }
    std::ranges::sort(lines);
    return lines;
  }
  static std::vector<std::string> records(std::size_t first, std::size_t count) {
    std::vector<std::string> names;
    for (std::size_t i = first; i < first + count; ++i) names.push_back("record-" + std::to_string(i));
    std::ranges::sort(names);
    return names;
  }
  std::string lease(const std::string& shard, const std::string& attribute) const {
    const auto read = store->get(shard, true, kcl::Call{});
    if (!read || !read->row) return {};
    const auto found = read->row->find(attribute);
    if (found == read->row->end()) return {};
    const auto* text = found->second.get_if<std::string>();
    return text == nullptr ? "" : *text;
  }
  static void terminate() { ::kill(::getpid(), SIGTERM); }

  kcl::testing::EmbeddedStream stream{{.name = "orders", .shards = 3, .limits = false}};
  std::shared_ptr<kcl::ItemStore> store = kcl::make_memory_item_store();
  std::shared_ptr<LogBook> log = std::make_shared<LogBook>();
  ConsumeOptions options;
  int reader = -1;
  int writer = -1;
};

TEST_F(ConsumeTest, DeliversEverythingAndEndsInOrderAtASignal) {
  put(0, 300);
  auto code = start();
  EXPECT_EQ(read_lines(300), records(0, 300));
  terminate();
  EXPECT_EQ(code.get(), 0);
  EXPECT_EQ(log->field("consume_started", "stream"), "orders");
  EXPECT_EQ(log->field("consume_started", "from"), "TRIM_HORIZON");
  EXPECT_EQ(log->field("consume_ended", "records"), "300");
  EXPECT_EQ(log->field("consume_ended", "shards"), "3");
  EXPECT_EQ(log->field("consume_ended", "ended"), "in order");
  EXPECT_EQ(log->field("consume_ended", "stream"), "orders");
  EXPECT_EQ(log->count(kcl::LogLevel::warning), 0U);
}

// A sink that is slow just when the worker ends: what consume says goes into the same queue, behind it.
TEST_F(ConsumeTest, WhatItSaysStandsInOrderWithWhatTheWorkerSays) {
  class Slow final : public kcl::LogSink {
   public:
    void write(const kcl::LogEvent& event) override {
      if (event.name != "lease_released" && event.name != "consume_ended") return;
      std::unique_lock lock(mutex);
      const auto was_overtaken = [&] { return !names.empty(); };
      if (event.name == "lease_released") overtaken.wait_for(lock, milliseconds(300), was_overtaken);
      names.push_back(event.name);
      overtaken.notify_all();
    }
    std::mutex mutex;
    std::condition_variable overtaken;
    std::vector<std::string> names;
  };
  const auto slow = std::make_shared<Slow>();
  put(0, 300);
  auto code = std::async(std::launch::async, [&] {
    return run(options, {.kinesis = stream.kinesis(), .lease_store = store, .log = slow, .output = writer});
  });
  EXPECT_EQ(read_lines(300), records(0, 300));
  terminate();
  EXPECT_EQ(code.get(), 0);
  EXPECT_EQ(slow->names,
            (std::vector<std::string>{"lease_released", "lease_released", "lease_released", "consume_ended"}));
}

TEST_F(ConsumeTest, TheNextRunGoesOnWhereThisOneEnded) {
  put(0, 100);
  auto code = start();
  EXPECT_EQ(read_lines(100), records(0, 100));
  terminate();
  EXPECT_EQ(code.get(), 0);
  put(100, 100);
  code = start();
  EXPECT_EQ(read_lines(100), records(100, 100));
  terminate();
  EXPECT_EQ(code.get(), 0);
}

TEST_F(ConsumeTest, AReaderThatWentAwayEndsItWithOneErrorAndNoCheckpoint) {
  put(0, 300);
  close_reader();
  auto code = start();
  EXPECT_EQ(code.get(), 1);
  EXPECT_EQ(log->count("output_gone"), 1U);
  EXPECT_EQ(log->count(kcl::LogLevel::warning), 1U) << "nothing but that";
  EXPECT_EQ(log->field("output_gone", "error"), "Broken pipe");
  for (const kcl::Shard& shard : stream.list()) {
    EXPECT_EQ(lease(shard.id, "leaseOwner"), "") << "released";
    const std::string stored = lease(shard.id, "checkpoint");
    EXPECT_TRUE(stored.empty() || stored == "TRIM_HORIZON") << stored;
  }
}

TEST_F(ConsumeTest, AReaderThatStoppedKeepsItsRecordsForTheNextRun) {
  // Far more than the pipe holds.
  constexpr std::size_t kRecords = 3'000;
  put(0, kRecords, 1'000);
  auto code = start();
  std::set<std::string> seen;
  for (const std::string& line : read_lines(10)) seen.insert(line);
  terminate();
  EXPECT_EQ(code.get(), 0);
  EXPECT_EQ(log->field("consume_ended", "ended"), "in order");

  // The first run's last line may be cut, and the next run's first one follows it.
  code = start();
  std::atomic<std::size_t> distinct{0};
  std::thread reading([&] {
    for (auto line = read_lines(1); !line.empty(); line = read_lines(1)) {
      seen.insert(line[0].substr(line[0].rfind("record-")));
      distinct = seen.size();
    }
  });
  EXPECT_TRUE(eventually([&] { return distinct == kRecords; }));
  terminate();
  EXPECT_EQ(code.get(), 0);
  close_writer();
  reading.join();
}

TEST_F(ConsumeTest, ACommandThatFailsGetsItsBatchAgain) {
  const std::string directory = ::testing::TempDir() + "kclpp-consume-" + std::to_string(::getpid());
  ASSERT_EQ(::mkdir(directory.c_str(), 0700), 0);
  put(0, 50);
  // Each shard's first try fails.
  options.exec = "cd '" + directory + "'; if [ ! -e $KCLPP_SHARD ]; then touch $KCLPP_SHARD; exit 9; fi; cat >> all";
  auto code = start();
  const std::string all = directory + "/all";
  std::size_t lines = 0;
  EXPECT_TRUE(eventually([&] {
    std::ifstream file(all);
    lines = static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>(file), {}, '\n'));
    return lines >= 50;
  }));
  terminate();
  EXPECT_EQ(code.get(), 0);
  std::filesystem::remove_all(directory);
  EXPECT_EQ(lines, 50U);
  EXPECT_NE(log->field("processor_failed", "error").find("code 9"), std::string::npos);
  for (const kcl::Shard& shard : stream.list()) EXPECT_NE(lease(shard.id, "checkpoint"), "TRIM_HORIZON");
}

TEST_F(ConsumeTest, UnderBisectTheRecordsThatFailGoToTheDeadLetterFile) {
  const std::string directory = ::testing::TempDir() + "kclpp-bisect-" + std::to_string(::getpid());
  ASSERT_EQ(::mkdir(directory.c_str(), 0700), 0);
  put(0, 200);
  options.exec = "cd '" + directory +
                 "'; cat > in.$KCLPP_SHARD; grep -q -e '^record-1[37]$' in.$KCLPP_SHARD && exit 3; "
                 "cat in.$KCLPP_SHARD >> all";
  options.on_error = kcl::OnError::bisect;
  options.attempts = 1;
  options.dead_letter_file = directory + "/dead";
  options.exit_when_caught_up = true;
  EXPECT_EQ(start().get(), 0);
  const auto content = [](const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    std::ranges::sort(lines);
    return lines;
  };
  const auto all = content(directory + "/all");
  const auto dead = content(directory + "/dead");
  std::filesystem::remove_all(directory);
  auto expected = records(0, 200);
  std::erase_if(expected, [](const std::string& name) { return name == "record-13" || name == "record-17"; });
  EXPECT_EQ(all, expected) << "each once: a half that was taken does not come again";
  ASSERT_EQ(dead.size(), 2U);
  for (const std::string& line : dead) {
    EXPECT_NE(line.find(R"("error":"the command of --exec exited with code 3","attempts":1,)"), std::string::npos)
        << line;
  }
  EXPECT_EQ(log->count("record_dead_lettered"), 2U);
  EXPECT_EQ(log->field("consume_ended", "dead_letters"), "2");
  EXPECT_EQ(log->field("consume_ended", "records"), "198");
}

TEST_F(ConsumeTest, ACommandThatIsMissingMakesNoDeadLetters) {
  const std::string dead = ::testing::TempDir() + "kclpp-no-dead-" + std::to_string(::getpid());
  put(0, 10);
  options.exec = "no-such-command-anywhere 2>/dev/null";
  options.on_error = kcl::OnError::bisect;
  options.attempts = 1;
  options.dead_letter_file = dead;
  auto code = start();
  EXPECT_TRUE(eventually([&] { return log->count("exec_failed_to_start") >= 3; }));
  terminate();
  EXPECT_EQ(code.get(), 0);
  EXPECT_EQ(std::filesystem::file_size(dead), 0U);
  std::filesystem::remove(dead);
  EXPECT_EQ(log->count("record_dead_lettered"), 0U);
}

TEST_F(ConsumeTest, UnderStopAShardStandsStillUntilTheNextRun) {
  const std::string all = ::testing::TempDir() + "kclpp-stop-" + std::to_string(::getpid());
  put(0, 100);
  options.exec = "cat > '" + all + "'.$KCLPP_SHARD && ! grep -q -e '^record-13$' '" + all + "'.$KCLPP_SHARD";
  options.on_error = kcl::OnError::stop;
  options.attempts = 2;
  auto code = start();
  EXPECT_TRUE(eventually([&] { return log->count("shard_stopped") == 1; }));
  const std::string attempts = log->field("shard_stopped", "attempts");
  terminate();
  EXPECT_EQ(code.get(), 0) << "an orderly end all the same";
  EXPECT_EQ(attempts, "2");
  std::size_t untouched = 0;
  for (const kcl::Shard& shard : stream.list()) untouched += lease(shard.id, "checkpoint") == "TRIM_HORIZON" ? 1 : 0;
  EXPECT_EQ(untouched, 1U);
  options.exec = "cat >> '" + all + "'";
  options.exit_when_caught_up = true;
  EXPECT_EQ(start().get(), 0);
  std::ifstream in(all);
  std::set<std::string> read;
  for (std::string line; std::getline(in, line);) read.insert(line);
  EXPECT_TRUE(read.contains("record-13"));
  std::filesystem::remove(all);
  for (const kcl::Shard& shard : stream.list()) std::filesystem::remove(all + "." + shard.id);
}

TEST_F(ConsumeTest, ADeadLetterFileThatCannotBeWrittenEndsItAtTheStart) {
  options.exec = "cat";
  options.on_error = kcl::OnError::bisect;
  options.dead_letter_file = "/nonexistent/dead";
  EXPECT_EQ(start().get(), 1);
  EXPECT_EQ(log->count("consume_started"), 0U);
}

TEST_F(ConsumeTest, ExitOnStallNamesTheShardAndTheCause) {
  put(0, 1);
  options.exec = "exit 3";
  options.stall_after = milliseconds(1'000);
  options.exit_on_stall = true;
  EXPECT_EQ(start().get(), 1);
  EXPECT_EQ(log->count("shard_stalled"), 1U);
  EXPECT_NE(log->field("shard_stalled", "cause").find("exited with code 3"), std::string::npos);
  const std::string error = log->field("worker_failed", "error");
  EXPECT_NE(error.find("shard " + log->field("shard_stalled", "shard") + " is stalled"), std::string::npos) << error;
  EXPECT_NE(error.find("exited with code 3"), std::string::npos) << error;
}

TEST_F(ConsumeTest, ASecondSignalEndsItAtOnceAlsoWhenACommandDoesNot) {
  const std::string begun = ::testing::TempDir() + "kclpp-consume-begun-" + std::to_string(::getpid());
  put(0, 1);
  options.exec = "touch '" + begun + "'; while :; do sleep 0.01; done";
  options.shutdown_time = std::chrono::minutes(10);
  auto code = start();
  EXPECT_TRUE(eventually([&] { return ::access(begun.c_str(), F_OK) == 0; }));
  ::unlink(begun.c_str());
  terminate();
  EXPECT_EQ(code.wait_for(milliseconds(700)), std::future_status::timeout) << "the command may finish";
  terminate();
  EXPECT_EQ(code.get(), 1);
  EXPECT_EQ(log->field("consume_ended", "ended"), "by a failure");
  EXPECT_TRUE(eventually([&] { return log->count("worker_failed") == 1; }));
  EXPECT_NE(log->field("worker_failed", "error").find("second signal"), std::string::npos);
}

TEST_F(ConsumeTest, AStreamThatDoesNotExistIsOneError) {
  options.stream = "no-such-stream";
  EXPECT_EQ(start().get(), 1);
  EXPECT_EQ(log->count(kcl::LogLevel::warning), 1U);
  EXPECT_EQ(log->count("worker_failed"), 1U);
  EXPECT_EQ(log->mentions(log->field("worker_failed", "error")), 1U) << "told once";
}

TEST_F(ConsumeTest, TheWorkerIsToldEveryOptionThatIsItsOwn) {
  options.aws.region = "eu-west-1";
  options.prometheus.drop_shard_label = true;
  options.worker_id = "me";
  options.create_table = kcl::CreateTable::never;
  options.max_records = 17;
  options.fan_out = true;
  options.consumer_arn = "arn:x";
  options.consumer_name = "reader";
  options.poll_if_refused = true;
  options.shutdown_time = milliseconds(3);
  options.on_error = kcl::OnError::stop;
  options.attempts = 9;
  options.stall_after = milliseconds(5);
  options.exit_on_stall = true;
  const kcl::WorkerConfig config = worker_config(options);
  EXPECT_EQ(config.application, "billing");
  EXPECT_EQ(config.stream, "orders");
  EXPECT_EQ(config.region, "eu-west-1");
  EXPECT_EQ(config.worker_id, "me");
  EXPECT_EQ(config.initial_position.kind(), kcl::InitialPosition::Kind::trim_horizon);
  EXPECT_EQ(config.create_table, kcl::CreateTable::never);
  EXPECT_EQ(config.max_records, 17U);
  EXPECT_TRUE(config.fan_out);
  EXPECT_EQ(config.consumer_arn, "arn:x");
  EXPECT_EQ(config.consumer_name, "reader");
  EXPECT_TRUE(config.poll_if_refused);
  EXPECT_EQ(config.failover_time, milliseconds(2'000));
  EXPECT_EQ(config.checkpoint_interval, milliseconds(100));
  EXPECT_EQ(config.shutdown_time, milliseconds(3));
  EXPECT_EQ(config.on_error, kcl::OnError::stop);
  EXPECT_EQ(config.max_attempts, 9U);
  EXPECT_EQ(config.stall_after, milliseconds(5));
  EXPECT_TRUE(config.stop_on_stall);
  EXPECT_TRUE(config.prometheus.drop_shard_label);
  EXPECT_TRUE(config.handle_signals);
}

}  // namespace
}  // namespace kclpp::consume
