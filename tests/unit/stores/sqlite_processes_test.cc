// Several processes on one file: who waits, who gives up, and that nothing is lost or done twice.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "stores/cas_counter.h"
#include "stores/sqlite_item_store.h"
#include "unit/stores/scratch.h"

namespace kcl {
namespace {

using namespace std::chrono_literals;
using scratch::Child;
using scratch::options_for;
using scratch::Parent;
using scratch::ready_store;
using scratch::TempDirectory;
using stores::CasWriter;
using Kind = WriteOutcome::Kind;

constexpr auto kForAsLongAsItTakes = 1h;

WriteOutcome touch(ItemStore& store, const Call& call = {}) {
  return store.update({"k", {Action::add("n", Number::of(1))}, {}}, call);
}

/// The file with one row, and a store on it that waits `busy_timeout` for locks.
class SqliteLocks : public ::testing::Test {
 protected:
  SqliteLocks() { ready_store(options_for(path_))->create({{"leaseKey", "k"}}, Call{}); }

  std::shared_ptr<ItemStore> open(std::chrono::milliseconds busy_timeout) {
    auto options = options_for(path_);
    options.busy_timeout = busy_timeout;
    return ready_store(options);
  }

  /// A process that runs `sql` in a connection of its own, says so, and holds what it got until it is let on.
  std::unique_ptr<Child> holder_of(const std::string& sql) {
    auto child = std::make_unique<Child>([this, sql](Parent& parent) {
      sqlite3* db = nullptr;
      if (sqlite3_open(path_.c_str(), &db) != SQLITE_OK) return 1;
      if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return 2;
      parent.tell('L');
      parent.wait();
      return sqlite3_close(db) == SQLITE_OK ? 0 : 3;
    });
    EXPECT_EQ(child->hear(), 'L');
    return child;
  }

  void expect_locked(const WriteOutcome& outcome) {
    EXPECT_EQ(outcome.kind, Kind::not_applied);
    EXPECT_NE(outcome.message.find(path_ + " is locked by another process"), std::string::npos) << outcome.message;
    EXPECT_NE(outcome.message.find("fuser"), std::string::npos) << outcome.message;
  }

  const TempDirectory directory_;
  const std::string path_ = directory_.file("leases.db");
};

TEST_F(SqliteLocks, AFileLockedByAnotherProcessIsNotApplied) {
  const auto store = open(20ms);
  const auto holder = holder_of("BEGIN IMMEDIATE");
  expect_locked(touch(*store));
  expect_locked(store->create({{"leaseKey", "new"}}, Call{}));
  expect_locked(store->remove("k", {}, Call{}));
  EXPECT_TRUE(store->get("k", true, Call{}));  // a writer that has not begun to commit leaves readers alone
  EXPECT_TRUE(store->scan({}, Call{}));
  holder->let_on();
  EXPECT_EQ(holder->wait(), 0);
  EXPECT_EQ(touch(*store).row, (Item{{"leaseKey", "k"}, {"n", Number::of(1)}}));
}

TEST_F(SqliteLocks, AWriterWaitsForItsTurn) {
  const auto store = open(kForAsLongAsItTakes);
  const auto holder = holder_of("BEGIN IMMEDIATE");
  WriteOutcome outcome;
  std::jthread writer([&] { outcome = touch(*store, {.timeout = kForAsLongAsItTakes}); });
  holder->let_on();
  writer.join();
  EXPECT_EQ(outcome.kind, Kind::applied) << outcome.message;
}

TEST_F(SqliteLocks, TheCallsOwnTimeoutCounts) {
  const auto store = open(kForAsLongAsItTakes);
  const auto holder = holder_of("BEGIN IMMEDIATE");
  expect_locked(touch(*store, {.timeout = 10ms}));
  expect_locked(touch(*store, {.timeout = 0ms}));
}

TEST_F(SqliteLocks, ARequestToStopEndsWaiting) {
  const auto store = open(kForAsLongAsItTakes);
  const auto holder = holder_of("BEGIN IMMEDIATE");
  std::stop_source stop;
  WriteOutcome outcome;
  std::jthread writer([&] { outcome = touch(*store, {.timeout = kForAsLongAsItTakes, .stop = stop.get_token()}); });
  stop.request_stop();
  writer.join();
  expect_locked(outcome);
}

TEST_F(SqliteLocks, WaitingForOtherThreadsCountsAgainstTheCall) {
  const auto store = open(kForAsLongAsItTakes);
  const auto holder = holder_of("BEGIN IMMEDIATE");
  std::stop_source stop;
  std::vector<std::jthread> writers;
  std::vector<WriteOutcome> outcomes(2);
  for (auto& outcome : outcomes) {
    writers.emplace_back([&] { outcome = touch(*store, {.timeout = kForAsLongAsItTakes, .stop = stop.get_token()}); });
  }
  const auto read = store->get("k", true, {.timeout = 10ms});  // may come before the writers, or have to wait for them
  EXPECT_TRUE(read || read.error().kind == StoreError::Kind::unavailable);
  stop.request_stop();
  writers.clear();
  for (const auto& outcome : outcomes) EXPECT_EQ(outcome.kind, Kind::not_applied);
}

TEST_F(SqliteLocks, AStoppedProcessThatHoldsTheLockDoesNotHangUs) {
  const auto store = open(20ms);
  const auto holder = holder_of("BEGIN IMMEDIATE; UPDATE app SET item = '{}'");
  holder->signal(SIGSTOP);
  holder->wait_until_stopped();
  expect_locked(touch(*store));
  EXPECT_TRUE(store->get("k", true, Call{}));
  holder->signal(SIGKILL);
  EXPECT_EQ(holder->wait(), -SIGKILL);
  EXPECT_EQ(touch(*store).row, (Item{{"leaseKey", "k"}, {"n", Number::of(1)}}));  // what it had written is gone
}

TEST_F(SqliteLocks, AReaderThatStaysMakesTheCommitNotApplied) {
  const auto store = open(20ms);
  const auto holder = holder_of("BEGIN; SELECT * FROM app");
  expect_locked(touch(*store));
  holder->let_on();
  EXPECT_EQ(holder->wait(), 0);
  EXPECT_EQ(store->get("k", true, Call{}).value().row, (Item{{"leaseKey", "k"}}));
  EXPECT_EQ(touch(*store).row, (Item{{"leaseKey", "k"}, {"n", Number::of(1)}}));
}

TEST_F(SqliteLocks, AnExclusiveLockMakesReadingAndOpeningUnavailable) {
  const auto store = open(20ms);
  const auto holder = holder_of("BEGIN EXCLUSIVE");
  expect_locked(touch(*store));
  const auto read = store->get("k", true, Call{});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, StoreError::Kind::unavailable);
  EXPECT_FALSE(store->scan({}, Call{}));
  auto options = options_for(path_);
  options.busy_timeout = 20ms;
  const auto another = open_sqlite_item_store(options);
  ASSERT_FALSE(another);
  EXPECT_EQ(another.error().kind, StoreError::Kind::unavailable);
}

TEST_F(SqliteLocks, AFileThatIsLockedJustNowCanBeOpenedByTheFirstCallThatFindsItFree) {
  ASSERT_TRUE(open(20ms));
  const auto holder = holder_of("BEGIN EXCLUSIVE");
  auto options = options_for(path_);
  options.busy_timeout = 20ms;
  const auto store = stores::open_sqlite_item_store_now_or_later(options);
  ASSERT_TRUE(store);
  const auto ensured = (*store)->ensure(CreateTable::never, Call{});
  ASSERT_FALSE(ensured);
  EXPECT_EQ(ensured.error().kind, StoreError::Kind::unavailable);
  holder->let_on();
  EXPECT_EQ(holder->wait(), 0);
  EXPECT_TRUE((*store)->ensure(CreateTable::never, Call{}));
  EXPECT_EQ(touch(**store).kind, Kind::applied);

  options.path = path_ + ".missing/leases";
  const auto useless = stores::open_sqlite_item_store_now_or_later(options);
  ASSERT_FALSE(useless);
  EXPECT_EQ(useless.error().kind, StoreError::Kind::misuse);
}

TEST_F(SqliteLocks, AFileThatSomebodyElseKeepsInWalModeIsUnavailable) {
  const auto holder = holder_of("PRAGMA journal_mode=WAL; BEGIN; SELECT * FROM app");
  auto options = options_for(path_);
  options.busy_timeout = 20ms;
  const auto store = open_sqlite_item_store(options);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().kind, StoreError::Kind::unavailable) << store.error().message;
  holder->let_on();
  EXPECT_EQ(holder->wait(), 0);
  EXPECT_EQ(touch(*open(20ms)).kind, Kind::applied);  // it is put back into our journal mode
}

TEST_F(SqliteLocks, AStoreIsNotUsedAcrossFork) {
  const auto store = open(20ms);
  Child child([&](Parent&) {
    const auto outcome = touch(*store);
    if (outcome.kind != Kind::misuse || outcome.message.find("forked") == std::string::npos) return 1;
    return touch(*ready_store(options_for(path_))).kind == Kind::applied ? 0 : 2;
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(touch(*store).row, (Item{{"leaseKey", "k"}, {"n", Number::of(2)}}));
}

TEST_F(SqliteLocks, RunningOutOfDescriptorsIsUnavailable) {
  const auto options = options_for(path_);
  Child child([&](Parent&) {
    if (!open_sqlite_item_store(options)) return 1;
    const rlimit none{0, 0};
    if (::setrlimit(RLIMIT_NOFILE, &none) != 0) return 2;
    const auto store = open_sqlite_item_store(options);
    if (store) return 3;
    if (store.error().message.find("Too many open files") == std::string::npos) return 4;
    return store.error().kind == StoreError::Kind::unavailable ? 0 : 5;
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(SqliteLocks, AFullDiskIsNeverApplied) {
  Child child([&](Parent&) {
    ::signal(SIGXFSZ, SIG_IGN);
    const auto store = ready_store(options_for(path_));
    const rlimit before = [] {
      rlimit limit{};
      ::getrlimit(RLIMIT_FSIZE, &limit);
      return limit;
    }();
    // The file may not grow: the kernel answers EFBIG, an I/O error like a quota's.
    const rlimit full{std::filesystem::file_size(path_), before.rlim_max};
    if (::setrlimit(RLIMIT_FSIZE, &full) != 0) return 1;
    const std::string large(100'000, 'x');
    const auto outcome = store->update({"k", {Action::set("large", large)}, {}}, Call{});
    if (outcome.kind == Kind::applied || outcome.kind == Kind::misuse) return 2;
    if (outcome.message.find(path_) == std::string::npos) return 3;
    if (store->get("k", true, Call{}).value().row != Item{{"leaseKey", "k"}}) return 4;
    if (::setrlimit(RLIMIT_FSIZE, &before) != 0) return 5;
    return store->update({"k", {Action::set("large", large)}, {}}, Call{}).kind == Kind::applied ? 0 : 6;
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST(SqliteProcesses, CreateOneTableTogether) {
  const TempDirectory directory;
  const std::string path = directory.file("leases.db");
  std::vector<std::unique_ptr<Child>> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(std::make_unique<Child>([&](Parent& parent) {
      parent.wait();
      const auto store = open_sqlite_item_store({.path = path, .table = "app", .busy_timeout = 1min});
      if (!store || !(*store)->ensure(CreateTable::if_missing, Call{.timeout = 1min})) return 1;
      const auto outcome = (*store)->create({{"leaseKey", "k"}}, Call{.timeout = 1min});
      return outcome.kind == Kind::applied ? 10 : outcome.kind == Kind::refused ? 0 : 2;
    }));
  }
  for (auto& child : children) child->let_on();
  int winners = 0;
  for (auto& child : children) {
    const int code = child->wait();
    EXPECT_TRUE(code == 0 || code == 10) << code;
    winners += code == 10 ? 1 : 0;
  }
  EXPECT_EQ(winners, 1);
}

TEST(SqliteProcesses, RaiseOneCounterExactlyThoughOneIsKilled) {
  constexpr int kIncrements = 40;
  const TempDirectory directory;
  const std::string path = directory.file("leases.db");
  ready_store(options_for(path))->create({{"leaseKey", "k"}, {"counter", Number::of(0)}}, Call{});

  const auto raise = [&](const std::string& name, int count, Parent& parent) {
    const auto store = open_sqlite_item_store({.path = path, .table = "app", .busy_timeout = 1min});
    if (!store) return 1;
    CasWriter writer(**store, "k", name);
    for (int i = 1; i <= count; ++i) {
      if (!writer.run(i).empty()) return 2;
      parent.tell('+');  // only once it is known to have committed
    }
    return writer.committed() == count ? 0 : 3;
  };
  Child victim([&](Parent& parent) { return raise("victim", 1'000'000, parent); });
  std::vector<std::unique_ptr<Child>> survivors;
  const std::vector<std::string> names{"a", "b", "c"};
  for (const auto& name : names) {
    survivors.push_back(std::make_unique<Child>([&](Parent& parent) { return raise(name, kIncrements, parent); }));
  }

  std::int64_t reported = 0;
  for (; reported < 10; ++reported) ASSERT_EQ(victim.hear(), '+');
  victim.signal(SIGKILL);
  while (victim.hear() == '+') ++reported;
  EXPECT_EQ(victim.wait(), -SIGKILL);
  for (auto& survivor : survivors) EXPECT_EQ(survivor->wait(), 0);

  const Item row = *ready_store(options_for(path))->get("k", true, Call{}).value().row;
  const std::int64_t by_victim = CasWriter::count_of(row, "victim");
  EXPECT_GE(by_victim, reported);  // no commit that was answered is lost
  EXPECT_LE(by_victim, reported + 1);
  for (const auto& name : names) EXPECT_EQ(CasWriter::count_of(row, name), kIncrements);
  EXPECT_EQ(CasWriter::counter_of(row), by_victim + 3 * kIncrements);
}

}  // namespace
}  // namespace kcl
