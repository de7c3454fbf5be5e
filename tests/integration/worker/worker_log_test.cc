// What a line about a shard says whatever it is about: which worker, stream, shard and epoch.
#include <atomic>
#include <map>
#include <set>
#include <stdexcept>

#include "integration/worker/workbench.h"

namespace kcl::test {
namespace {

/// About a lease that the worker does not hold: it has no epoch there.
const std::set<std::string> kOfOthersLeases{"lease_created", "lease_not_taken",       "lease_removed",
                                            "lease_claimed", "lease_claim_withdrawn", "lease_hole_repaired"};

class WorkerLog : public Workbench {
 protected:
  void expect_context() const {
    for (const LogEvent& event : log->events()) {
      std::map<std::string, LogValue> fields;
      for (const auto& [name, value] : event.fields)
        EXPECT_TRUE(fields.emplace(name, value).second) << name << " twice";
      const auto says = [&](const char* name) { return fields.contains(name) ? fields.at(name).text() : "nothing"; };
      EXPECT_EQ(says("worker"), "me") << event.name;
      EXPECT_EQ(says("stream"), "orders") << event.name;
      if (!fields.contains("shard") || kOfOthersLeases.contains(event.name)) continue;
      ASSERT_TRUE(fields.contains("epoch")) << event.name;
      EXPECT_TRUE(fields.at("epoch").is_number()) << event.name;
    }
  }
  void expect_told(std::initializer_list<const char*> names) const {
    for (const char* name : names) EXPECT_GT(log->count(name), 0U) << name;
  }
};

TEST_F(WorkerLog, EveryLineOfAShardsLifeNamesWorkerStreamShardAndEpoch) {
  put(0, 10);
  WorkerConfig with = config();
  with.stall_after = milliseconds(1'000);
  std::atomic<bool> fails{true};
  Callbacks callbacks;
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer&) {
    if (fails) throw std::runtime_error("no database");
    deliveries.add(batch);
  };
  kcl::Worker worker(with, callbacks.factory());
  worker.start();
  EXPECT_TRUE(eventually([&] { return log->count("shard_stalled") >= 1; }));
  fails = false;
  EXPECT_TRUE(eventually([&] { return log->count("shard_stall_ended") >= 1; }));
  ASSERT_TRUE(stream.split(first_shard));
  EXPECT_TRUE(eventually([&] { return log->count("shard_ended") >= 1 && worker.status().shards.size() == 2; }));
  EXPECT_TRUE(worker.shutdown(kPatience).ok());
  expect_told({"lease_created", "lease_taken", "processor_failed", "shard_stalled", "shard_stall_ended", "shard_ended",
               "lease_released"});
  expect_context();
}

TEST_F(WorkerLog, TheLossOfALeaseNamesThemToo) {
  put(0, 10);
  Callbacks callbacks;
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer&) { deliveries.add(batch); };
  kcl::Worker worker(config(), callbacks.factory());
  worker.start();
  EXPECT_TRUE(eventually([&] { return deliveries.count() == 10; }));
  steal();
  EXPECT_TRUE(eventually([&] { return log->count("lease_lost") >= 1; }));
  EXPECT_TRUE(worker.shutdown(kPatience).ok());
  expect_context();
}

}  // namespace
}  // namespace kcl::test
