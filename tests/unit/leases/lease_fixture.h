// Two kclpp workers, A and B, on one scripted table with one lease.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "leases/lease_hold.h"
#include "leases/lease_table.h"
#include "unit/base/started.h"
#include "unit/leases/scripted_store.h"

namespace kcl::leases {

inline constexpr const char* kShard = "shardId-000000000000";

inline Position at(std::string_view number) { return Position::at(*SequenceNumber::parse(number)); }

inline LeaseTableOptions options_of(std::string worker_id, std::string incarnation,
                                    LeaseFormat format = LeaseFormat::kcl) {
  LeaseTableOptions options;
  options.me = {.worker_id = std::move(worker_id), .incarnation = std::move(incarnation)};
  options.failover = std::chrono::seconds(10);
  options.call_timeout = std::chrono::milliseconds(2500);
  options.format = format;
  return options;
}

class LeaseTest : public ::testing::Test {
 protected:
  explicit LeaseTest(LeaseFormat rows = LeaseFormat::kcl) : format(rows) {}

  static constexpr Timestamp kStart{std::chrono::seconds(1'800'000'000)};

  template <class T>
  T run(base::Task<T> task) {
    return base::run(loop, std::move(task));
  }

  void create(LeaseTable& by, const std::string& key = kShard) {
    Lease lease;
    lease.key = key;
    lease.from = Timestamp{};
    ASSERT_EQ(run(by.create(std::move(lease), Origin::fresh)).kind, CreateResult::Kind::created);
  }
  /// Takes the lease as it is stored.
  std::unique_ptr<LeaseHold> take(LeaseTable& by, const std::string& key = kShard) {
    auto taken = run(by.take(store.lease(key), TakeMarks{}));
    EXPECT_TRUE(taken.hold) << taken.message;
    return std::move(taken.hold);
  }
  std::unique_ptr<LeaseHold> create_and_take(LeaseTable& by) {
    create(by);
    return take(by);
  }
  void claim(LeaseTable& by) { ASSERT_EQ(run(by.claim(store.lease(kShard))).kind, ChangeResult::Kind::done); }
  Lease row() { return store.lease(kShard); }

  LeaseFormat format;
  base::VirtualLoop loop{kStart};
  ScriptedStore store{loop, row_format(format)};
  LeaseTable a{loop, store, options_of("A", "aaaaaaaa-0000-4000-8000-000000000001", format)};
  LeaseTable b{loop, store, options_of("B", "bbbbbbbb-0000-4000-8000-000000000002", format)};
};

class LeaseHoldTest : public LeaseTest {
 protected:
  /// A runs the lease and knows that B claims it.
  std::unique_ptr<LeaseHold> claimed_hold() {
    auto hold = create_and_take(a);
    claim(b);
    EXPECT_TRUE(run(hold->renew()).committed());
    EXPECT_EQ(hold->claimed_by(), Claim::of(b.options().me));
    return hold;
  }
  void expect_free(const Lease& lease) {
    EXPECT_FALSE(lease.owner);
    EXPECT_TRUE(lease.last_written_by_kclpp());
  }
};

}  // namespace kcl::leases
