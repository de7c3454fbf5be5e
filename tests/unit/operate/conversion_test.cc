// What a lease of a vmware-go-kcl table becomes in a table of Java's rows, and when it is refused.
#include "operate/conversion.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "leases/row_format.h"
#include "unit/operate/view.h"

namespace kcl::operate {
namespace {

using leases::Lease;

Lease go_lease(int index, Position checkpoint, std::string owner = "") {
  Lease lease;
  lease.key = shard(index);
  if (!owner.empty()) lease.owner = std::move(owner);
  lease.checkpoint = std::move(checkpoint);
  lease.go.emplace();
  return lease;
}

TEST(Conversion, EveryCheckpointIsCarriedOverAndNobodyOwnsAnything) {
  ViewBuilder old;
  Lease child = go_lease(1, number("4711"), "A");
  child.parents = {shard(2)};
  old.row(child, false);
  old.row(go_lease(2, Position::shard_end()), false);
  const auto conversion = plan_conversion(old.view, {}, {});
  EXPECT_EQ(conversion.refusals, std::vector<std::string>{});
  ASSERT_EQ(conversion.rows.size(), 2U);
  EXPECT_EQ(conversion.rows[0].key, shard(2)) << "ancestors first";
  EXPECT_TRUE(conversion.rows[0].ended());
  EXPECT_EQ(conversion.rows[1].checkpoint, number("4711"));
  EXPECT_EQ(conversion.rows[1].parents, std::set<std::string>{shard(2)});
  for (const Lease& row : conversion.rows) {
    EXPECT_FALSE(row.owner);
    EXPECT_FALSE(row.go);
    EXPECT_EQ(row.from, Timestamp{}) << "shards born since are read from their beginning";
  }
}

TEST(Conversion, AsKclppsRowsTheyCanBeTakenAtOnce) {
  ViewBuilder old;
  old.row(go_lease(1, number("4711"), "A"), false);
  const auto conversion = plan_conversion(old.view, {}, {});
  ASSERT_EQ(conversion.rows.size(), 1U);
  const leases::RowFormat& format = leases::kcl_format();
  const leases::Author author{
      .me = {.worker_id = "tool", .incarnation = kIncarnation}, .attempt = 1, .server_now = kNow};
  const auto row = format.render(format.created(conversion.rows[0], leases::Origin::fresh, author));
  const auto lease = format.parse(row);
  ASSERT_TRUE(lease) << lease.error();
  EXPECT_TRUE(lease->let_go());
  EXPECT_EQ(lease->checkpoint, number("4711"));
}

TEST(Conversion, WhereTheApplicationBeganIsOnRecordOrToldOrAskedFor) {
  ViewBuilder old;
  old.row(go_lease(1, Position::at_timestamp()), false);
  const auto refused = plan_conversion(old.view, {}, {});
  ASSERT_EQ(refused.refusals.size(), 1U);
  EXPECT_NE(refused.refusals[0].find("--from"), std::string::npos) << refused.refusals[0];

  const auto trimmed = plan_conversion(old.view, {}, {.start = Timestamp{}});
  ASSERT_EQ(trimmed.rows.size(), 1U);
  EXPECT_EQ(trimmed.rows[0].checkpoint, Position::trim_horizon());

  const Timestamp instant = kNow - std::chrono::hours(1);
  const auto told = plan_conversion(old.view, {}, {.start = instant});
  ASSERT_EQ(told.rows.size(), 1U);
  EXPECT_EQ(told.rows[0].checkpoint, Position::at_timestamp());
  EXPECT_EQ(told.rows[0].from, instant);

  const std::chrono::sys_seconds created{std::chrono::seconds(1'700'000'000)};
  old.view.application = leases::ApplicationMarks{.start_instant = instant, .stream_created = created};
  const auto recorded = plan_conversion(old.view, {}, {});
  EXPECT_EQ(recorded.refusals, std::vector<std::string>{});
  ASSERT_EQ(recorded.rows.size(), 1U);
  EXPECT_EQ(recorded.rows[0].from, instant);
  EXPECT_EQ(recorded.rows[0].stream_created, created);
  EXPECT_EQ(plan_conversion(old.view, {}, {.start = Timestamp{}}).refusals.size(), 1U) << "the table knows better";
}

TEST(Conversion, AFleetThatLivesIsNotConvertedUnlessForced) {
  ViewBuilder old;
  old.row(go_lease(1, number("4711"), "A"), true);
  old.row(go_lease(2, number("4711"), "B"), false);
  old.row(go_lease(3, Position::shard_end(), "A"), true);
  const auto refused = plan_conversion(old.view, {}, {});
  ASSERT_EQ(refused.refusals.size(), 1U);
  EXPECT_NE(refused.refusals[0].find("A lives"), std::string::npos) << refused.refusals[0];
  EXPECT_EQ(plan_conversion(old.view, {}, {.start = {}, .force = true}).refusals.size(), 0U);
}

TEST(Conversion, TheSecondRunGoesOnAndOverwritesNothing) {
  ViewBuilder old;
  old.row(go_lease(1, number("4711")), false);
  old.row(go_lease(2, number("4712")), false);
  const auto first = plan_conversion(old.view, {}, {});
  const auto second = plan_conversion(old.view, {first.rows[0]}, {});
  EXPECT_EQ(second.refusals, std::vector<std::string>{});
  ASSERT_EQ(second.rows.size(), 1U);
  EXPECT_EQ(second.rows[0].key, shard(2));
  EXPECT_EQ(second.there.size(), 1U);

  Lease moved_on = first.rows[0];
  moved_on.checkpoint = number("5000");
  EXPECT_EQ(plan_conversion(old.view, {moved_on}, {}).refusals.size(), 1U);
}

TEST(Conversion, WhatCannotBeReadIsNotLeftOutSilently) {
  ViewBuilder old;
  EXPECT_EQ(plan_conversion(old.view, {}, {}).refusals.size(), 1U) << "no leases at all";
  old.row(go_lease(1, number("4711")), false);
  old.view.unreadable.push_back({.key = shard(2), .problem = "attribute Checkpoint is not a string"});
  EXPECT_EQ(plan_conversion(old.view, {}, {}).refusals.size(), 1U);
}

}  // namespace
}  // namespace kcl::operate
