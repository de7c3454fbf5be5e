// What a `vmware-go` row says. Rules are those of the table's other writers, vmware-go-kcl's workers.
#include "leases/vmware_go_row.h"

#include <gtest/gtest.h>

#include "leases/row_format.h"

namespace kcl::leases {
namespace {

using namespace vmware_go_row;

constexpr const char* kShard = "shardId-000000000003";

Lease parsed(const Item& row) {
  const auto lease = parse(row);
  EXPECT_TRUE(lease) << (lease ? "" : lease.error());
  return lease ? *lease : Lease{};
}

TEST(VmwareGoRow, ARowOfAGoWorkerIsRead) {
  const Lease lease = parsed({{"ShardID", kShard},
                              {"AssignedTo", "go-1"},
                              {"LeaseTimeout", "2026-01-02T15:04:05.123456789Z"},
                              {"Checkpoint", "49590338271490256608559692538361571095921575989136588898"},
                              {"ParentShardId", "shardId-000000000000"},
                              {"ClaimRequest", "go-2"}});
  EXPECT_EQ(lease.key, kShard);
  EXPECT_EQ(lease.owner, "go-1");
  EXPECT_EQ(lease.counter, 1'767'366'245'123'456'789);
  EXPECT_EQ(to_iso8601(*lease.timeout), "2026-01-02T15:04:05.124Z") << "rounded to when it has passed";
  EXPECT_EQ(lease.checkpoint.text(), "49590338271490256608559692538361571095921575989136588898");
  EXPECT_EQ(lease.parents, std::set<std::string>{"shardId-000000000000"});
  ASSERT_TRUE(lease.claim);
  EXPECT_EQ(lease.claim->worker_id, "go-2");
  EXPECT_EQ(lease.go->timeout, "2026-01-02T15:04:05.123456789Z") << "conditions compare texts";
}

TEST(VmwareGoRow, ARowAtItsEndHasEnded) {
  EXPECT_TRUE(parsed({{"ShardID", kShard}, {"Checkpoint", "SHARD_END"}}).ended());
}

TEST(VmwareGoRow, WithoutACheckpointReadingStartsAtTheApplicationsStart) {
  const Lease lease = parsed({{"ShardID", kShard}});
  EXPECT_EQ(lease.checkpoint.kind(), Position::Kind::at_timestamp);
  EXPECT_FALSE(lease.started());
}

// A Go worker whose checkpoint comes after it has let go writes an empty owner.
TEST(VmwareGoRow, AnEmptyOwnerIsNobodyAndIsRemembered) {
  const Lease lease = parsed({{"ShardID", kShard}, {"AssignedTo", ""}, {"LeaseTimeout", "2026-01-02T15:04:05.12Z"}});
  EXPECT_FALSE(lease.owner);
  EXPECT_EQ(lease.go->owner, "") << "absent would be another condition";
  EXPECT_FALSE(lease.let_go()) << "a zombie's: a holder of ours may be within its deadline";
}

TEST(VmwareGoRow, ATimeThatIsNoneIsNoReasonToLeaveTheRowAlone) {
  for (const char* time : {"", "soon", "0001-01-01T00:00:00Z"}) {
    const Lease lease = parsed({{"ShardID", kShard}, {"AssignedTo", "go-1"}, {"LeaseTimeout", time}});
    EXPECT_FALSE(lease.timeout) << time;
    EXPECT_EQ(lease.owner, "go-1");
    EXPECT_EQ(lease.go->timeout, time);
  }
}

TEST(VmwareGoRow, WhatIsNoneOfOurBusinessIsNoLease) {
  const RowFormat& format = vmware_go_format();
  EXPECT_TRUE(format.is_lease({{"ShardID", kShard}}));
  EXPECT_FALSE(format.is_lease({{"ShardID", "kclpp"}, {"kclppFrom", Number::of(0)}}));
  EXPECT_FALSE(format.is_lease({{"ShardID", "somebody's note"}}));
}

TEST(VmwareGoRow, WhatCannotBeReadIsSaid) {
  EXPECT_FALSE(parse({{"leaseKey", kShard}}));
  const auto number = parse({{"ShardID", kShard}, {"AssignedTo", Number::of(7)}});
  ASSERT_FALSE(number) << "vmware-go-kcl itself would crash";
  EXPECT_EQ(number.error(), "attribute AssignedTo is not a string");
  EXPECT_FALSE(parse({{"ShardID", kShard}, {"Checkpoint", "49590:17"}}));
}

// R4: an operator takes AssignedTo away from a live holder of ours.
TEST(VmwareGoRow, TraceR4WithoutAnOwnerItIsFreeOnlyIfItsHolderSaidSo) {
  struct Case {
    const char* time;
    bool let_go;
  };
  for (const auto& [time, let_go] :
       {Case{"2026-01-02T15:04:05.123000159Z", true}, Case{"2026-01-02T15:04:05.123000111Z", false},
        Case{"2026-01-02T15:04:05.123000137Z", false}, Case{"2026-01-02T15:04:05.123456789Z", false},
        Case{"2026-01-02T15:04:05Z", false}, Case{"soon", false}}) {
    EXPECT_EQ(parsed({{"ShardID", kShard}, {"LeaseTimeout", time}}).let_go(), let_go) << time;
    EXPECT_FALSE(parsed({{"ShardID", kShard}, {"AssignedTo", "A"}, {"LeaseTimeout", time}}).let_go()) << time;
  }
  EXPECT_TRUE(parsed({{"ShardID", kShard}}).let_go()) << "new";
}

TEST(VmwareGoRow, TheApplicationsMarksAreReadAsTheyWereWritten) {
  const RowFormat& format = vmware_go_format();
  ApplicationMarks marks;
  marks.start_instant = Timestamp(std::chrono::milliseconds(1'767'366'245'123));
  marks.stream_created = std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000));
  const auto again = format.application(format.application_row(marks));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->start_instant, marks.start_instant);
  EXPECT_EQ(again->stream_created, marks.stream_created);
  EXPECT_FALSE(format.application({{"ShardID", kShard}, {"kclppFrom", Number::of(1)}}));
}

}  // namespace
}  // namespace kcl::leases
