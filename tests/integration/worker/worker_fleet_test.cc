// Several workers of one application, over one SQLite file, as they would be in several processes of one host.
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <latch>

#include "integration/worker/workbench.h"

namespace kcl::test {
namespace {

class WorkerFleet : public Workbench {
 public:
  ~WorkerFleet() override { std::filesystem::remove_all(directory_); }

 protected:
  WorkerFleet() : Workbench(6) {
    std::string pattern = ::testing::TempDir() + "kclpp-fleet-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    store = open();
  }

  /// A store object of its own for each worker, as each process would have.
  std::shared_ptr<ItemStore> open() const {
    auto opened = open_sqlite_item_store({.path = directory_ + "/leases.db", .table = "billing"});
    if (!opened) ADD_FAILURE() << opened.error().message;
    return *opened;
  }

  std::unique_ptr<kcl::Worker> start(const std::string& id, milliseconds failover) {
    WorkerConfig with = config();
    with.worker_id = id;
    with.lease_store = open();
    with.failover_time = failover;
    Callbacks callbacks;
    callbacks.process_records = [this](const RecordBatch& batch, Checkpointer&) { deliveries.add(batch); };
    auto worker = std::make_unique<kcl::Worker>(with, callbacks.factory());
    worker->start();
    return worker;
  }

  std::map<std::string, int> owners() const {
    std::map<std::string, int> owners;
    for (const Shard& shard : stream.list()) ++owners[owner(shard.id)];
    return owners;
  }

 private:
  std::string directory_;
};

TEST_F(WorkerFleet, TwoWorkersShareTheShardsAndOneGoesOnWithAllWhenTheOtherIsDestroyed) {
  put(0, 300);
  auto one = start("one", milliseconds(3'000));
  auto two = start("two", milliseconds(3'000));
  const std::map<std::string, int> halves{{"one", 3}, {"two", 3}};
  EXPECT_TRUE(eventually([&] { return owners() == halves; }));
  EXPECT_TRUE(eventually([&] { return deliveries.distinct().size() == 300; }));

  one.reset();
  put(300, 300);
  const std::map<std::string, int> all{{"two", 6}};
  EXPECT_TRUE(eventually([&] { return owners() == all; }));
  EXPECT_TRUE(eventually([&] { return deliveries.distinct().size() == 600; }));
  EXPECT_TRUE(two->shutdown(kPatience).ok());
  const std::map<std::string, int> none{{"", 6}};
  EXPECT_EQ(owners(), none);
}

TEST_F(WorkerFleet, AWorkerThatJoinsIsHandedItsShareWithoutARecordTwice) {
  put(0, 300);
  auto one = start("one", milliseconds(3'000));
  EXPECT_TRUE(eventually([&] { return deliveries.distinct().size() == 300; }));
  auto two = start("two", milliseconds(3'000));
  const std::map<std::string, int> halves{{"one", 3}, {"two", 3}};
  EXPECT_TRUE(eventually([&] { return owners() == halves; }));
  put(300, 300);
  EXPECT_TRUE(eventually([&] { return deliveries.distinct().size() == 600; }));
  EXPECT_EQ(deliveries.count(), 600U);
}

TEST_F(WorkerFleet, WhatAStuckWorkerLeavesBehindIsTakenByAgeAndItsLateCheckpointIsRefused) {
  put(0, 60);
  std::atomic<int> refused{0};
  std::atomic<int> blocked{0};
  std::latch go_on(1);
  Callbacks stuck;
  stuck.process_records = [&](const RecordBatch&, Checkpointer& checkpointer) {
    ++blocked;
    go_on.wait();
    try {
      checkpointer.checkpoint();
    } catch (const LeaseLost&) {
      ++refused;
    }
  };
  WorkerConfig with = config();
  with.worker_id = "zombie";
  with.lease_store = open();
  with.failover_time = milliseconds(1'000);
  auto zombie = std::make_unique<kcl::Worker>(with, stuck.factory());
  zombie->start();
  EXPECT_TRUE(eventually([&] { return blocked == 6; }));
  EXPECT_EQ(zombie->shutdown(milliseconds(1)).unfinished.size(), 6U);

  auto heir = start("heir", milliseconds(1'000));
  EXPECT_TRUE(eventually([&] { return deliveries.distinct().size() == 60; }));
  go_on.count_down();
  zombie.reset();
  EXPECT_EQ(refused, 6);
  EXPECT_TRUE(heir->shutdown(kPatience).ok());
}

}  // namespace
}  // namespace kcl::test
