// Real child processes, small ones.
#include "multilang/children.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/descriptor.h"

namespace kcl::multilang {
namespace {

using namespace std::chrono_literals;

/// What a child has told so far.
class Told {
 public:
  void take(ChildEvent event) {
    const std::lock_guard lock(mutex_);
    if (auto* lines = std::get_if<ChildLines>(&event)) {
      lines_.insert(lines_.end(), lines->lines.begin(), lines->lines.end());
      ++pieces_;
    } else if (auto* broken = std::get_if<ChildBroken>(&event)) {
      broken_ = broken->why;
    } else if (auto* ended = std::get_if<ChildEnded>(&event)) {
      end_ = ended->how;
    } else {
      end_ = std::get<ChildNotStarted>(event).why;
      for_good_ = std::get<ChildNotStarted>(event).for_good;
    }
    changed_.notify_all();
  }

  std::vector<std::string> wait_for_lines(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return lines_.size() >= count; });
    return lines_;
  }
  std::string wait_for_end() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return end_.has_value(); });
    return *end_;
  }
  std::string wait_until_broken() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return broken_.has_value(); });
    return *broken_;
  }
  bool for_good() const { return for_good_; }
  /// Returns how many there are then.
  std::size_t wait_for_pieces(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return pieces_ >= count; });
    return pieces_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  std::size_t pieces_ = 0;
  std::optional<std::string> end_;
  std::optional<std::string> broken_;
  bool for_good_ = false;
};

/// A zombie of whoever inherited it does not.
bool lives(pid_t process) {
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(stat, text);
  const auto name_end = text.rfind(") ");
  return name_end != std::string::npos && text[name_end + 2] != 'Z' && text[name_end + 2] != 'X';
}

class ChildrenTest : public ::testing::Test {
 protected:
  ChildrenTest() {
    EXPECT_EQ(pipe_.open(), 0);
    writer_.emplace(pipe_.write.get());
    children_.emplace(*writer_, LogLevel::info);
  }

  std::unique_ptr<Child> start(std::vector<std::string> argv, std::chrono::milliseconds grace = 5s) {
    return start(std::move(argv), grace, told);
  }
  std::unique_ptr<Child> start(std::vector<std::string> argv, std::chrono::milliseconds grace, Told& told_of_it) {
    ChildStart start{
        .argv = std::move(argv), .stream = "orders", .shard_id = "shardId-1", .grace = grace, .on_event = {}};
    start.on_event = [&told_of_it](ChildEvent event) { told_of_it.take(std::move(event)); };
    return children_->start(std::move(start));
  }
  std::unique_ptr<Child> shell(const std::string& script, std::chrono::milliseconds grace = 5s) {
    return start({"/bin/sh", "-c", script}, grace);
  }

  /// What was written to stderr, once all children have ended.
  std::string errors() {
    children_.reset();
    writer_.reset();
    pipe_.write.close();
    std::string all;
    char block[4096];
    for (ssize_t got = 0; (got = ::read(pipe_.read.get(), block, sizeof block)) > 0;)
      all.append(block, static_cast<std::size_t>(got));
    return all;
  }

  Told told;

 private:
  base::Pipe pipe_;
  std::optional<StderrWriter> writer_;
  std::optional<Children> children_;
};

TEST_F(ChildrenTest, LinesGoInAndComeOut) {
  auto child = shell("while read -r line; do echo \"got $line\"; done");
  child->write("one");
  child->write("two");
  for (std::size_t i = 1; i <= 2; ++i) {
    told.wait_for_lines(i);
    child->go_on();
  }
  EXPECT_EQ(told.wait_for_lines(2), (std::vector<std::string>{"got one", "got two"}));
  child.reset();
  EXPECT_EQ(told.wait_for_end(), "exited with code 0");
}

TEST_F(ChildrenTest, ABatchIsOneLineHoweverLarge) {
  const std::string data(1'000'000, 'x');
  auto content = std::make_shared<RecordBatch::Content>();
  content->records.assign(10, Record({.sequence_number = "1", .partition_key = "key", .data = data}));
  auto child = shell("head -n 1 | wc -c; echo rest; cat");
  child->write(RecordBatch(content));
  child->write("next");
  const std::string size = told.wait_for_lines(1).front();
  EXPECT_GT(std::stoul(size), 13'333'000U);
  EXPECT_LT(std::stoul(size), 13'336'000U);
}

TEST_F(ChildrenTest, OneThatPrintsWithoutEndIsHeldBack) {
  auto child = shell("yes");
  for (std::size_t pieces = 1; pieces < 20; ++pieces) {
    EXPECT_EQ(told.wait_for_pieces(pieces), pieces) << "nothing more comes before it was dealt with";
    child->go_on();
  }
  child->end();
  EXPECT_EQ(told.wait_for_end(), "was killed by signal 15");
}

TEST_F(ChildrenTest, OneThatAsksWithoutEndAndReadsNoReplyIsHeldBackUntilItReads) {
  const std::string go = ::testing::TempDir() + "kclpp-read-" + std::to_string(::getpid());
  auto child = shell("yes & while [ ! -e " + go + " ]; do sleep 0.01; done; rm " + go + "; cat >/dev/null");
  told.wait_for_pieces(1);
  // More than its pipe takes, a piece that is encoded, and what may wait.
  for (int i = 0; i < 300; ++i) child->write(std::string(1'000, 'r'));
  child->go_on();
  // The thread of the children has had every chance to read more by the time that another child is answered.
  Told other_told;
  auto other = start({"cat"}, 5s, other_told);
  for (std::size_t i = 1; i <= 5; ++i) {
    other->write("x");
    other_told.wait_for_lines(i);
    other->go_on();
  }
  EXPECT_EQ(told.wait_for_pieces(1), 1U);
  std::ofstream(go).put('x');
  told.wait_for_pieces(2);
  child->end();
  told.wait_for_end();
  other.reset();
  other_told.wait_for_end();
  EXPECT_NE(errors().find("child_does_not_read"), std::string::npos);
}

TEST_F(ChildrenTest, HowItEndedIsTold) {
  auto child = shell("exit 3");
  EXPECT_EQ(told.wait_for_end(), "exited with code 3");
  EXPECT_NE(errors().find("child_ended"), std::string::npos);
}

TEST_F(ChildrenTest, WhatItWroteBeforeItsEndIsToldBefore) {
  auto child = shell("printf 'a\\nb'; exit 0");
  told.wait_for_lines(1);
  child->go_on();
  told.wait_for_end();
  EXPECT_EQ(told.wait_for_lines(2), (std::vector<std::string>{"a", "b"}));
}

TEST_F(ChildrenTest, OneThatIsNotThereIsToldForGood) {
  auto child = start({"/nowhere/at-all"});
  EXPECT_EQ(told.wait_for_end(), "'/nowhere/at-all' could not be started: No such file or directory");
  EXPECT_TRUE(told.for_good());
}

TEST_F(ChildrenTest, OneThatClosesStdoutIsBroken) {
  auto child = shell("exec >&-; sleep 1000");
  EXPECT_EQ(told.wait_until_broken(), "it closed its stdout");
  child->end();
  told.wait_for_end();
}

TEST_F(ChildrenTest, OneThatIgnoresTheEndOfItsInputAndSigtermIsKilledWithItsGroup) {
  auto child = shell("trap '' TERM; sleep 1000 & echo $!; wait; sleep 1000", 50ms);
  const pid_t grandchild = std::stoi(told.wait_for_lines(1).front());
  child.reset();
  EXPECT_EQ(told.wait_for_end(), "was killed by signal 9");
  const std::string log = errors();
  EXPECT_NE(log.find("child_ignores_end_of_input"), std::string::npos) << log;
  EXPECT_NE(log.find("child_ignores_sigterm"), std::string::npos) << log;
  // It was killed by then, and is gone in a moment; else this test does not end.
  while (lives(grandchild)) std::this_thread::yield();
}

TEST_F(ChildrenTest, StderrIsForwardedWithStreamAndShard) {
  auto child = shell("echo oops >&2; printf 'no newline' >&2");
  told.wait_for_end();
  const std::string all = errors();
  EXPECT_NE(all.find("[orders shardId-1] oops\n[orders shardId-1] no newline"), std::string::npos) << all;
}

TEST_F(ChildrenTest, AllAreLetGoOfAtTheEnd) {
  auto child = shell("cat");
  auto other = shell("cat");
  child->write("x");
  told.wait_for_lines(1);
  const std::string log = errors();
  const auto first = log.find("child_ended");
  EXPECT_NE(log.find("child_ended", first + 1), std::string::npos) << log;
}

}  // namespace
}  // namespace kcl::multilang
