// Many tables, of leases and not, seen by one watch.
#include "operate/fleets_watch.h"

#include <gtest/gtest.h>

#include "operate/fleet_metrics.h"
#include "unit/coordinator/sync_fixture.h"
#include "unit/operate/view.h"

namespace kcl::operate {
namespace {

using namespace std::chrono_literals;
using leases::ScriptedStore;

/// The same table, for somebody who owns his handle.
class Handle final : public ports::ItemStore {
 public:
  explicit Handle(ports::ItemStore& store) : store_(store) {}
  Reply<void> ensure(CreateTable create, base::BootTime deadline) override { return store_.ensure(create, deadline); }
  Reply<ReadItem> get(std::string key, bool consistent, base::BootTime deadline) override {
    return store_.get(std::move(key), consistent, deadline);
  }
  WriteReply create(Item row, base::BootTime deadline) override { return store_.create(std::move(row), deadline); }
  WriteReply update(ItemUpdate update, base::BootTime deadline) override {
    return store_.update(std::move(update), deadline);
  }
  WriteReply remove(std::string key, std::vector<Condition> conditions, base::BootTime deadline) override {
    return store_.remove(std::move(key), std::move(conditions), deadline);
  }
  Reply<ScanPage> scan(ScanRequest request, base::BootTime deadline) override {
    return store_.scan(std::move(request), deadline);
  }

 private:
  ports::ItemStore& store_;
};

class Account final : public FleetTables {
 public:
  explicit Account(base::VirtualLoop& loop) : loop_(loop) {}

  struct Table {
    Result<TableKind, std::string> kind = TableKind{};
    std::unique_ptr<ScriptedStore> store;
  };

  ScriptedStore& add(const std::string& name, LeaseFormat rows) {
    Table table;
    table.kind = TableKind{.rows = rows, .key = std::string(key_attribute_of(rows))};
    table.store = std::make_unique<ScriptedStore>(loop_, leases::row_format(rows));
    return *tables.insert_or_assign(name, std::move(table)).first->second.store;
  }
  void add_other(const std::string& name) {
    tables[name].kind = TableKind{.rows = std::nullopt, .key = "id (N)", .passing = false};
  }

  base::Task<Result<std::vector<std::string>, std::string>> names() override {
    if (!listing_error.empty()) co_return Failure{listing_error};
    std::vector<std::string> all;
    for (const auto& [name, table] : tables) all.push_back(name);
    co_return all;
  }
  base::Task<Result<TableKind, std::string>> kind(std::string name) override {
    ++kinds_asked;
    co_return tables.at(name).kind;
  }
  std::unique_ptr<ports::ItemStore> open(const std::string& name, LeaseFormat) override {
    return std::make_unique<Handle>(*tables.at(name).store);
  }

  std::map<std::string, Table> tables;
  std::string listing_error;
  int kinds_asked = 0;

 private:
  base::VirtualLoop& loop_;
};

class FleetsWatchTest : public ::testing::Test {
 protected:
  using Texts = std::vector<std::string>;

  Texts look() { return base::run(loop, watch.look()); }
  /// Names of those whose last look succeeded, or did not.
  Texts names(bool up) const {
    Texts found;
    for (const FleetSample* sample : watch.samples()) {
      if (sample->up == up) found.push_back(sample->application);
    }
    return found;
  }

  base::VirtualLoop loop{kNow};
  base::Random random{7};
  Account account{loop};
  FleetsWatch watch{loop, random, account, {}};
};

TEST_F(FleetsWatchTest, LooksAtLeaseTablesOfBothFormatsAndLeavesOthersOutTellingOnce) {
  account.add("team-a", LeaseFormat::kcl).put_lease(java_lease(0));
  account.add("team-b", LeaseFormat::vmware_go);
  account.add_other("team-invoices");
  const Texts told = look();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told[0].find("team-invoices is no lease table, by its key id (N)"), std::string::npos) << told[0];
  EXPECT_EQ(names(true), Texts({"team-a", "team-b"}));
  EXPECT_EQ(names(false), Texts());
  EXPECT_EQ(look(), Texts());
  EXPECT_EQ(account.kinds_asked, 3) << "what is known is not asked again";
}

TEST_F(FleetsWatchTest, NoticesNewTablesAndForgetsThoseThatAreGone) {
  account.add("team-a", LeaseFormat::kcl);
  look();
  account.add("team-b", LeaseFormat::kcl);
  look();
  EXPECT_EQ(names(true), Texts({"team-a", "team-b"}));
  account.tables.erase("team-a");
  EXPECT_EQ(look(), Texts());
  EXPECT_EQ(names(true), Texts({"team-b"}));
}

TEST_F(FleetsWatchTest, ATableThatFailsDoesNotHideTheOthersAndIsToldOnce) {
  auto& broken = account.add("team-a", LeaseFormat::kcl);
  account.add("team-b", LeaseFormat::kcl);
  broken.set_reads_fail(true);
  EXPECT_EQ(look().size(), 1U);
  EXPECT_EQ(look(), Texts());
  EXPECT_EQ(names(false), Texts({"team-a"}));
  EXPECT_EQ(names(true), Texts({"team-b"}));
  broken.set_reads_fail(false);
  EXPECT_EQ(look(), Texts());
  EXPECT_EQ(names(true), Texts({"team-a", "team-b"}));
  broken.set_reads_fail(true);
  EXPECT_EQ(look().size(), 1U) << "it was well in between";
}

TEST_F(FleetsWatchTest, ATableThatCannotBeRecognisedCountsAsOneThatFails) {
  account.add("team-a", LeaseFormat::kcl);
  account.tables.at("team-a").kind = Failure{std::string("table team-a: denied")};
  EXPECT_EQ(look(), Texts({"table team-a: denied"}));
  EXPECT_EQ(look(), Texts());
  EXPECT_EQ(names(false), Texts({"team-a"}));
  account.tables.at("team-a").kind = TableKind{.rows = LeaseFormat::kcl, .key = "leaseKey", .passing = false};
  EXPECT_EQ(look(), Texts());
  EXPECT_EQ(names(true), Texts({"team-a"}));
}

TEST_F(FleetsWatchTest, WhileTheTablesCannotBeListedThoseThatAreKnownAreLookedAt) {
  account.add("team-a", LeaseFormat::kcl);
  look();
  EXPECT_TRUE(watch.listed());
  account.listing_error = "denied";
  EXPECT_EQ(look(), Texts({"the tables cannot be listed: denied"}));
  EXPECT_EQ(look(), Texts());
  EXPECT_FALSE(watch.listed());
  ASSERT_EQ(names(true), Texts({"team-a"}));
  EXPECT_EQ(watch.samples()[0]->looks, 3U);
}

TEST_F(FleetsWatchTest, ATableThatIsBeingMadeIsLookedAtOnceItIsThere) {
  account.add("team-a", LeaseFormat::kcl);
  account.tables.at("team-a").kind->passing = true;
  EXPECT_EQ(look(), Texts());
  EXPECT_TRUE(watch.samples().empty());
  account.tables.at("team-a").kind->passing = false;
  look();
  EXPECT_EQ(names(true), Texts({"team-a"}));
}

TEST_F(FleetsWatchTest, ATableThatCameAgainWithOtherRowsIsReadAsThose) {
  account.add("team-a", LeaseFormat::kcl).put_lease(java_lease(0));
  look();
  account.tables.at("team-a").kind = TableKind{.rows = LeaseFormat::vmware_go, .key = "ShardID", .passing = false};
  account.tables.at("team-a").store->set_reads_fail(true);
  EXPECT_EQ(look().size(), 1U);
  account.add("team-a", LeaseFormat::vmware_go);
  look();
  EXPECT_EQ(names(true), Texts({"team-a"}));
  EXPECT_TRUE(watch.samples()[0]->view->table.leases.empty());
}

TEST_F(FleetsWatchTest, WhatStoodStillBeforeAFailureStillCounts) {
  auto& store = account.add("team-a", LeaseFormat::kcl);
  store.put_lease(java_lease(0));
  look();
  loop.run_for(30s);
  store.set_reads_fail(true);
  look();
  store.set_reads_fail(false);
  look();
  EXPECT_GE(watch.samples()[0]->view->still_for.at(shard(0)), 30s);
}

TEST_F(FleetsWatchTest, MetricsOfAllAreOneFamilyEach) {
  account.add("team-a", LeaseFormat::kcl).put_lease(java_lease(0));
  account.add("team-b", LeaseFormat::kcl).put_lease(java_lease(1));
  account.add("team-c", LeaseFormat::kcl).set_reads_fail(true);
  look();
  const std::string text = fleet_metrics(watch.samples(), watch.listed());
  for (const char* line :
       {"kclpp_fleet_listing_up 1\n", "kclpp_fleet_up{application=\"team-a\"} 1\n",
        "kclpp_fleet_up{application=\"team-c\"} 0\n",
        "kclpp_fleet_leases{application=\"team-b\",verdict=\"unwatched\"} 1\n",
        "kclpp_fleet_lease_still_seconds{application=\"team-a\",shard=\"shardId-000000000000\"} 0\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
  EXPECT_EQ(text.find("kclpp_fleet_leases{application=\"team-c\""), std::string::npos);
  for (const char* family : {"kclpp_fleet_up", "kclpp_fleet_leases", "kclpp_fleet_lease_stuck"}) {
    const std::string head = std::string("# TYPE ") + family + ' ';
    EXPECT_EQ(text.find(head), text.rfind(head)) << family << " is told of in one place";
  }
}

}  // namespace
}  // namespace kcl::operate
