// vmware-go-kcl's defect 23, data races: whatever a program's threads do to a worker while it works, hands over and
// ends. ThreadSanitizer looks on when scripts/test --preset tsan runs it.
#include <array>
#include <atomic>
#include <thread>

#include "integration/worker/workbench.h"

namespace kcl::test {
namespace {

class WorkerThreads : public Workbench {
 protected:
  WorkerThreads() : Workbench(4) {}

  WorkerConfig named(const char* id) const {
    WorkerConfig with = config();
    with.worker_id = id;
    with.checkpointing = Checkpointing::manual;
    return with;
  }
  /// Three threads at once; what each of them was told.
  static std::array<ShutdownReport, 3> shut_down_by_three(kcl::Worker& worker) {
    std::array<ShutdownReport, 3> reports;
    std::array<std::jthread, 3> threads;
    for (std::size_t i = 0; i < threads.size(); ++i) {
      threads[i] = std::jthread([&worker, &report = reports[i]] { report = worker.shutdown(kPatience); });
    }
    for (std::jthread& thread : threads) thread.join();
    return reports;
  }
};

TEST_F(WorkerThreads, Defect23StatusCheckpointsHandOffsAndShutdownsMayComeFromAnyThreadAtAnyTime) {
  put(0, 200);
  Callbacks callbacks;
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer& checkpointer) {
    deliveries.add(batch);
    std::array<std::jthread, 2> others;
    for (std::jthread& other : others) {
      other = std::jthread([&] {
        try {
          checkpointer.checkpoint();
        } catch (const CheckpointError&) {
          return;  // The lease is on its way to the other worker.
        }
      });
    }
  };
  Runtime runtime;
  kcl::Worker one(named("one"), callbacks.factory(), runtime);
  kcl::Worker two(named("two"), callbacks.factory(), runtime);
  std::atomic<bool> looks{true};
  std::jthread looker([&] {
    while (looks) {
      static_cast<void>(one.status());
      static_cast<void>(two.status());
    }
  });
  one.start();
  EXPECT_TRUE(eventually([&] { return one.status().shards.size() == 4; }));
  two.start();
  EXPECT_TRUE(eventually([&] { return two.status().shards.size() == 2; })) << "handed over while records are processed";
  put(200, 200);
  for (const ShutdownReport& report : shut_down_by_three(one)) EXPECT_TRUE(report.ok()) << report.failure;
  EXPECT_TRUE(eventually([&] { return two.status().shards.size() == 4; }));
  put(400, 200);
  EXPECT_TRUE(eventually([&] { return deliveries.distinct().size() == 600; }));
  for (const ShutdownReport& report : shut_down_by_three(two)) EXPECT_TRUE(report.ok()) << report.failure;
  looks = false;
  for (const Shard& shard : stream.list()) EXPECT_EQ(owner(shard.id), "") << "released in the table";
}

}  // namespace
}  // namespace kcl::test
