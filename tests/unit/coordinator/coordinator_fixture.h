// Worker B's coordinator on a table of rows that others write to as well.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "coordinator/coordinator.h"
#include "unit/coordinator/sync_fixture.h"

namespace kcl::coordinator {

using leases::Claim;
using leases::kShard;
using leases::LeaseHold;

/// Worker B's coordinator on a table of rows; A and J are others. F is ten seconds.
class CoordinatorTest : public SyncTest {
 protected:
  explicit CoordinatorTest(LeaseFormat rows = LeaseFormat::kcl) : SyncTest(2, rows) {}

  /// The coordinator and what it has acquired. Made when the table has rows, so that its first look adds none.
  struct Member {
    Member(CoordinatorTest& test, leases::LeaseTable& table, CoordinatorOptions options = {})
        : sync(test.looking(table)),
          coordinator(
              test.loop, test.random, table, [this](const std::string&) { return sync.get(); },
              base::EventLog(test.loop, [this](const LogEvent& event) { events.push_back(event.name); }), options,
              [this] {
                std::set<std::string> keys;
                for (const auto& [key, hold] : holds) keys.insert(key);
                return keys;
              },
              [this](std::unique_ptr<LeaseHold> hold) {
                const std::string key = hold->key();
                holds[key] = std::move(hold);
              }),
          running(test.loop, coordinator.run(stop)) {}

    bool has(const std::string& key) const { return holds.contains(key); }

    std::map<std::string, std::unique_ptr<LeaseHold>> holds;
    std::vector<std::string> events;
    std::unique_ptr<ShardSync> sync;
    base::Stop stop;
    Coordinator coordinator;
    base::Started<void> running;
  };

  std::unique_ptr<ShardSync> looking(leases::LeaseTable& table) {
    auto made = make_sync(table);
    sync(*made);
    return made;
  }
  /// Whoever holds the lease renews it every three seconds of `time`.
  void renew_for(base::Duration time, LeaseHold& hold) {
    for (base::Duration passed{}; passed < time; passed += std::chrono::seconds(3)) {
      loop.run_for(std::chrono::seconds(3));
      EXPECT_TRUE(run(hold.renew()).committed());
    }
  }
  void java_row(std::optional<std::string> owner, std::int64_t counter) {
    Lease lease;
    lease.key = kShard;
    lease.owner = std::move(owner);
    lease.counter = counter;
    store.put_lease(lease);
  }
};

}  // namespace kcl::coordinator
