// A check that cannot fail checks nothing: each is shown the history that it is for.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "leases/kcl_row.h"
#include "simulation/journal.h"

namespace kcl::simulation {
namespace {

using namespace std::chrono_literals;

constexpr const char* kShard = "shardId-000000000000";
constexpr const char* kChild = "shardId-000000000001";

class Checks : public ::testing::Test {
 protected:
  Checks() {
    journal.worker_starts(shards::InitialPosition::trim_horizon);
    for (int i = 1; i <= 9; ++i) journal.put(kShard, std::to_string(i), world.server_time());
  }

  /// The row as `change` makes it, written by that process.
  template <class Change>
  void write(const std::string& process, Change change, const std::string& key = kShard) {
    auto& row = journal.truth().shards[key].row;
    const std::optional<Item> before = row ? std::optional(items.at(key)) : std::nullopt;
    leases::Lease lease = row.value_or(leases::Lease{.key = key, .counter = 1'000, .from = Timestamp{}});
    change(lease);
    items[key] = leases::kcl_row::render(lease);
    journal.row_changed({.kind = Writer::Kind::kclpp, .process = process}, key, before ? &*before : nullptr,
                        &items[key]);
  }
  void sign(leases::Lease& lease, const std::string& process, std::int64_t steps = 1) {
    lease.counter += steps;
    lease.token = leases::Token{.incarnation = "life of " + process, .counter = lease.counter, .attempt = ++attempts};
  }
  void create(const std::string& key = kShard) {
    write("w0", [this](auto& lease) { sign(lease, "w0"); }, key);
  }
  ports::ShardEpoch take(const std::string& process, const std::string& key = kShard) {
    write(
        process,
        [&](auto& lease) {
          lease.owner = process;
          sign(lease, process, 100);
        },
        key);
    const auto& row = *journal.truth().shards[key].row;
    return {.shard_id = key, .epoch = static_cast<std::uint64_t>(row.counter), .checkpoint = row.checkpoint};
  }
  void checkpoint(const std::string& process, const Position& position) {
    write(process, [&](auto& lease) {
      lease.checkpoint = position;
      sign(lease, process);
    });
  }
  static RecordBatch batch(int first, int last) {
    auto content = std::make_shared<RecordBatch::Content>();
    auto numbers = std::make_shared<std::deque<std::string>>();
    content->shard_id = kShard;
    for (int i = first; i <= last; ++i)
      content->records.emplace_back(Record::Fields{.sequence_number = numbers->emplace_back(std::to_string(i))});
    content->buffer = numbers;
    return RecordBatch(content);
  }
  void deliver(const std::string& process, const ports::ShardEpoch& epoch, int first, int last) {
    const RecordBatch records = batch(first, last);
    journal.call_began(process, epoch, records);
    journal.call_ended(epoch, records, true);
  }
  static Position at(int number) { return *Position::parse(std::to_string(number)); }

  void expect_blame(const std::string& text) {
    const bool found = std::ranges::any_of(
        world.violations(), [&](const std::string& what) { return what.find(text) != std::string::npos; });
    EXPECT_TRUE(found) << "expected: " << text
                       << "\nfound: " << (world.violations().empty() ? "nothing" : world.violations().front());
  }
  void expect_peace() { EXPECT_TRUE(world.violations().empty()) << world.violations().front(); }

  World world{1};
  Journal journal{world};
  std::map<std::string, Item> items;
  std::uint64_t attempts = 0;
};

TEST_F(Checks, C4WhatIsSaidToBeStoredIs) {
  create();
  const auto epoch = take("w1");
  deliver("w1", epoch, 1, 4);
  checkpoint("w1", at(3));
  journal.told_stored("w1", kShard, at(3));
  journal.told_stored("w1", kShard, at(2));
  ASSERT_TRUE(world.violations().empty()) << world.violations().front();
  journal.told_stored("w1", kShard, at(4));
  expect_blame("w1 was told that 4 is stored");
  journal.told_stored("w1", kShard, Position::shard_end());
  expect_blame("w1 was told that SHARD_END is stored");
}

TEST_F(Checks, AnOrdinaryHistoryIsFine) {
  create();
  const auto first = take("w1");
  journal.epoch_began("w1", first);
  deliver("w1", first, 1, 3);
  deliver("w1", first, 4, 5);
  checkpoint("w1", at(5));
  const auto second = take("w2");
  journal.epoch_began("w2", second);
  deliver("w2", second, 6, 9);
  checkpoint("w2", at(9));
  journal.check_complete();
  EXPECT_TRUE(journal.all_done());
  expect_peace();
}

TEST_F(Checks, C1FindsACheckpointPastWhatIsDone) {
  create();
  journal.epoch_began("w1", take("w1"));
  checkpoint("w1", at(3));
  expect_blame("C1 shardId-000000000000: checkpoint 3 by w1 is past record 0");
}

TEST_F(Checks, C1FindsWhatIsLeftUndone) {
  create();
  const auto epoch = take("w1");
  journal.epoch_began("w1", epoch);
  deliver("w1", epoch, 1, 8);
  journal.check_complete();
  expect_blame("1 of 9 records were never processed");
}

TEST_F(Checks, C2FindsAGap) {
  create();
  const auto epoch = take("w1");
  journal.epoch_began("w1", epoch);
  deliver("w1", epoch, 1, 2);
  deliver("w1", epoch, 4, 5);
  expect_blame("record 2 should come next, not 3");
}

TEST_F(Checks, C2FindsTwoCallsAtOnce) {
  create();
  const auto epoch = take("w1");
  journal.epoch_began("w1", epoch);
  journal.call_began("w1", epoch, batch(1, 2));
  journal.call_began("w1", epoch, batch(1, 2));
  expect_blame("2 calls at once");
}

TEST_F(Checks, C2AllowsAsManyCallsAtOnceAsTheProgramTakes) {
  create();
  const auto epoch = take("w1");
  journal.epoch_began("w1", epoch, 2);
  journal.call_began("w1", epoch, batch(1, 2));
  journal.call_began("w1", epoch, batch(3, 4));
  journal.call_ended(epoch, batch(3, 4), true);
  journal.call_ended(epoch, batch(1, 2), true);
  EXPECT_TRUE(world.violations().empty());
}

TEST_F(Checks, C2FindsACallBesideABatchThatFailed) {
  create();
  const auto epoch = take("w1");
  journal.epoch_began("w1", epoch, 3);
  journal.call_began("w1", epoch, batch(1, 2));
  journal.call_began("w1", epoch, batch(3, 4));
  journal.call_ended(epoch, batch(1, 2), false);
  journal.call_began("w1", epoch, batch(1, 2));
  expect_blame("a call beside a batch that has failed");
}

TEST_F(Checks, C2FindsThatAFailedBatchIsPassedOver) {
  create();
  const auto epoch = take("w1");
  journal.epoch_began("w1", epoch);
  journal.call_began("w1", epoch, batch(1, 2));
  journal.call_ended(epoch, batch(1, 2), false);
  journal.call_began("w1", epoch, batch(3, 4));
  expect_blame("record 0 should come next, not 2");
}

TEST_F(Checks, C5FindsACallAfterTheProgramAskedToStartOver) {
  create();
  const auto epoch = take("w1");
  journal.epoch_began("w1", epoch);
  deliver("w1", epoch, 1, 2);
  journal.started_over("w1", epoch, std::nullopt);
  EXPECT_EQ(journal.undone(), 9U) << "what it had done is lost";
  journal.call_began("w1", epoch, batch(3, 4));
  expect_blame("a call after the program asked to start over");
}

TEST_F(Checks, C3FindsAChildThatStartsEarly) {
  create();
  journal.resharded({kShard}, {kChild});
  create(kChild);
  journal.epoch_began("w1", take("w1", kChild));
  expect_blame("starts before its parent shardId-000000000000 has ended");
}

TEST_F(Checks, C4FindsACheckpointThatGoesBack) {
  create();
  const auto epoch = take("w1");
  journal.epoch_began("w1", epoch);
  deliver("w1", epoch, 1, 5);
  checkpoint("w1", at(5));
  checkpoint("w1", at(4));
  expect_blame("the checkpoint went backwards");
}

TEST_F(Checks, C4FindsACheckpointOfWhoIsNotTheHolder) {
  create();
  const auto epoch = take("w1");
  journal.epoch_began("w1", epoch);
  deliver("w1", epoch, 1, 5);
  take("w2");
  checkpoint("w1", at(5));
  expect_blame("the checkpoint was moved by w1, which is not the holder");
}

TEST_F(Checks, C4FindsATokenWrittenTwice) {
  create();
  take("w1");
  const auto token = journal.truth().shards[kShard].row->token;
  write("w1", [this](auto& lease) { sign(lease, "w1"); });
  write("w1", [&](auto& lease) {
    lease.counter = token->counter;
    lease.token = token;
  });
  EXPECT_TRUE(std::ranges::any_of(
      world.violations(), [](const std::string& what) { return what.find("is written twice") != std::string::npos; }));
}

TEST_F(Checks, C4FindsAnEpochThatDoesNotGrow) {
  create();
  const auto old_epoch = take("w1");
  journal.epoch_began("w1", old_epoch);
  journal.epoch_began("w1", old_epoch);
  expect_blame("is not greater than the last");
}

TEST_F(Checks, C6FindsAnotherStartInstant) {
  create();
  journal.resharded({kShard}, {kChild});
  write(
      "w0",
      [&](auto& lease) {
        lease.from = world.server_time();
        sign(lease, "w0");
      },
      kChild);
  expect_blame("C6 shardId-000000000001: carries the start instant");
}

TEST_F(Checks, C6FindsTheEndOfAnOpenShard) {
  create();
  const auto epoch = take("w1");
  journal.epoch_began("w1", epoch);
  deliver("w1", epoch, 1, 9);
  checkpoint("w1", Position::shard_end());
  expect_blame("SHARD_END on an open shard");
}

TEST_F(Checks, C6FindsAnEndWithoutRowsForTheChildren) {
  create();
  const auto epoch = take("w1");
  journal.epoch_began("w1", epoch);
  deliver("w1", epoch, 1, 9);
  journal.resharded({kShard}, {kChild});
  write("w1", [this](auto& lease) {
    lease.checkpoint = Position::shard_end();
    lease.children = {kChild};
    lease.owner.reset();
    sign(lease, "w1");
  });
  expect_blame("SHARD_END before its child");
}

TEST_F(Checks, C3FindsARemovalBeforeTheChildStarted) {
  create();
  const auto epoch = take("w1");
  journal.epoch_began("w1", epoch);
  deliver("w1", epoch, 1, 9);
  journal.resharded({kShard}, {kChild});
  create(kChild);
  const auto remove = [&](Writer::Kind kind, const std::string& process, const std::string& key) {
    const Item before = items.at(key);
    journal.row_changed({.kind = kind, .process = process}, key, &before, nullptr);
  };
  const auto end = [&] {
    write("w1", [this](auto& lease) {
      lease.checkpoint = Position::shard_end();
      lease.children = {kChild};
      lease.owner.reset();
      sign(lease, "w1");
    });
  };
  end();
  // The child had started when a person deleted its row: a look from just before that still shows it.
  const Item before = items.at(kChild);
  leases::Lease row = *journal.truth().shards[kChild].row;
  row.checkpoint = at(5);
  items[kChild] = leases::kcl_row::render(row);
  journal.row_changed({.kind = Writer::Kind::person, .process = "an operator"}, kChild, &before, &items[kChild]);
  remove(Writer::Kind::person, "an operator", kChild);
  remove(Writer::Kind::kclpp, "w1", kShard);
  expect_peace();
  // A minute later nobody can have seen it any more.
  end();
  world.run_for(1min);
  remove(Writer::Kind::kclpp, "w1", kShard);
  expect_blame("w1 removed its row before its child");
}

TEST_F(Checks, C3FindsARowThatComesBack) {
  create();
  take("w1");
  journal.resharded({kShard}, {kChild});
  create(kChild);
  const auto change = [&](const std::string& key, const Position& position) {
    write(
        "w1",
        [&](auto& lease) {
          lease.checkpoint = position;
          sign(lease, "w1");
        },
        key);
  };
  const auto remove_by_us = [&] {
    const Item before = items.at(kShard);
    journal.row_changed({.kind = Writer::Kind::kclpp, .process = "w1"}, kShard, &before, nullptr);
  };
  const auto blamed = [&] {
    return std::ranges::any_of(world.violations(), [](const std::string& what) {
      return what.find("w0 created its row again") != std::string::npos;
    });
  };
  // One that is not read to its end is created again by right.
  remove_by_us();
  create();
  EXPECT_FALSE(blamed());
  change(kChild, at(1));
  change(kShard, Position::shard_end());
  remove_by_us();
  // A person deleted the child's row: then its parent may deserve one.
  journal.truth().shards[kChild].deleted_started = world.server_time();
  create();
  EXPECT_FALSE(blamed());
  change(kShard, Position::shard_end());
  remove_by_us();
  journal.truth().shards[kChild].deleted_started.reset();
  create();
  EXPECT_TRUE(blamed());
}

TEST_F(Checks, C3FindsAWaitingLeaseThatWasLostUnnoticed) {
  create();
  const auto waiting = take("w1");
  ShardStatus status;
  status.shard_id = kShard;
  status.state = ShardState::waiting_for_parents;
  status.epoch = waiting.epoch;
  world.run_for(10min);
  checks::waiting_lease_is_kept(journal.truth(), "w1", status);
  take("w2");
  world.run_for(1min);
  checks::waiting_lease_is_kept(journal.truth(), "w1", status);
  expect_peace();
  world.run_for(2min);
  checks::waiting_lease_is_kept(journal.truth(), "w1", status);
  expect_blame("C3 shardId-000000000000: w1 waits for its parents, and does not renew the lease");
}

TEST_F(Checks, C8FindsACallAfterTheLeaseWasTaken) {
  create();
  const auto epoch = take("w1");
  journal.epoch_began("w1", epoch);
  take("w2");
  journal.call_began("w1", epoch, batch(1, 2));
  expect_blame("C8 shardId-000000000000: w1 starts a call");
}

TEST_F(Checks, C9FindsAWaitWithoutACauseAndIdlenessBesideRecords) {
  create();
  const auto epoch = take("w1");
  world.run_for(10min);
  ShardStatus status{.shard_id = kShard, .state = ShardState::ending, .since = kWorldStart, .epoch = epoch.epoch};
  checks::status_is_honest(journal.truth(), "w1", status, world.server_time());
  expect_blame("is ending for long and names no cause");
  status.state = ShardState::idle;
  checks::status_is_honest(journal.truth(), "w1", status, world.server_time());
  expect_blame("beside record 0");
}

TEST_F(Checks, C10FindsAReleaseUnderARunningCallback) {
  create();
  const auto epoch = take("w1");
  journal.epoch_began("w1", epoch);
  journal.call_began("w1", epoch, batch(1, 2));
  write("w1", [this](auto& lease) {
    lease.owner.reset();
    sign(lease, "w1");
  });
  expect_blame("gives it up under a running callback");
}

TEST_F(Checks, C14FindsAttributesThatAreNobodysBusiness) {
  create();
  take("w1");
  write("w1", [this](auto& lease) {
    lease.failover = 1s;
    sign(lease, "w1");
  });
  expect_blame("a holder's write by w1 changes kclppFailover");
}

TEST_F(Checks, TheSinkFindsAGapAndRefusesSmallerEpochs) {
  create();
  EXPECT_TRUE(checks::sink_takes(journal.truth(), kShard, 7, {.begin = 0, .count = 3}));
  EXPECT_FALSE(checks::sink_takes(journal.truth(), kShard, 6, {.begin = 0, .count = 9}));
  expect_peace();
  EXPECT_TRUE(checks::sink_takes(journal.truth(), kShard, 8, {.begin = 4, .count = 1}));
  expect_blame("record 3 is missing");
}

TEST_F(Checks, RetentionExcusesWhatIsGone) {
  create();
  const auto epoch = take("w1");
  journal.epoch_began("w1", epoch);
  journal.truth().retention = 1min;
  world.run_for(2min);
  journal.put(kShard, "10", world.server_time());
  deliver("w1", epoch, 10, 10);
  checkpoint("w1", at(10));
  journal.check_complete();
  expect_peace();
}

TEST_F(Checks, ARewindWantsRecordsAgain) {
  create();
  const auto epoch = take("w1");
  journal.epoch_began("w1", epoch);
  deliver("w1", epoch, 1, 9);
  EXPECT_TRUE(journal.all_done());
  const Item before = items.at(kShard);
  leases::Lease row = *journal.truth().shards[kShard].row;
  row.checkpoint = at(4);
  items[kShard] = leases::kcl_row::render(row);
  journal.row_changed({.kind = Writer::Kind::person, .process = "an operator"}, kShard, &before, &items[kShard]);
  EXPECT_EQ(journal.undone(), 5U);
  expect_peace();
}

}  // namespace
}  // namespace kcl::simulation
