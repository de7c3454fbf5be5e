// The rules of C3 and C6 on small trees.
#include "shards/rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "unit/shards/tree.h"

namespace kcl::shards {
namespace {

using namespace std::chrono_literals;
using leases::Lease;

/// The example of kcl-java.md 3.3: 0+1 -> 6, 2+3 -> 7, 6+7 -> 8, 4, 5 -> 9 and 10.
const std::vector<Node> kExample{
    {"0"},        {"1"},        {"2"}, {"3"}, {"4"}, {"5"}, {"6", {"0", "1"}}, {"7", {"2", "3"}}, {"8", {"6", "7"}},
    {"9", {"5"}}, {"10", {"5"}}};

constexpr Timestamp kT{1'800'000'000s};

StartPoint latest() { return {.instant = kT, .sentinel = InitialPosition::latest}; }

// ---- Listing

TEST(Listing, AncestorsComeFirst) {
  // Ids that sort against the family.
  const auto tree = listing({{"a", {"y", "z"}}, {"b", {"a"}}, {"y"}, {"z", {"gone"}}});
  Ids order;
  for (const Shard* shard : tree.ancestors_first()) order.push_back(shard->id);
  EXPECT_EQ(order, (Ids{"y", "z", "a", "b"}));
}

TEST(Listing, EvenACycleEnds) {
  const auto tree = listing({{"a", {"b"}}, {"b", {"a"}}});
  EXPECT_EQ(tree.ancestors_first().size(), 2U);
  EXPECT_FALSE(has_started_descendant("a", tree, {}));
}

// ---- the start instant (C6)

TEST(StartInstant, IsTheSmallestThatAnyRowCarries) {
  EXPECT_FALSE(start_instant({}));
  auto leases = rows({}, {{"0"}, {"1"}, {"2"}});
  EXPECT_FALSE(start_instant(leases)) << "rows of Java carry none";
  leases.at("1").from = kT + 1s;
  EXPECT_EQ(start_instant(leases), kT + 1s);
  leases.at("2").from = kT;
  EXPECT_EQ(start_instant(leases), kT);
  leases.at("0").at = kT - 1h;
  EXPECT_EQ(start_instant(leases), kT) << "a row's own start is no part of it";
  leases.at("0").from = kTrimHorizon;
  EXPECT_EQ(start_instant(leases), kTrimHorizon);
}

// ---- must_create

TEST(MustCreate, IffItDeservesALeaseAndNothingBelowItHasStarted) {
  const std::vector<Node> nodes{{"p"}, {"k1", {"p"}}, {"k2", {"p"}}, {"g", {"k1"}}};
  struct Case {
    const char* why;
    std::vector<Row> rows;
    std::vector<std::string> since_start;
    bool parent;
    bool child;
  };
  const std::vector<Case> cases{
      {"an empty table", {}, {"p", "k1", "k2", "g"}, true, true},
      {"closed before the start", {}, {"k1", "k2", "g"}, false, true},
      {"it has one", {{"p"}}, {"p", "k1", "k2", "g"}, false, true},
      {"its child is only a row (R6)", {{"k2"}}, {"p", "k1", "k2", "g"}, true, true},
      {"its child has started", {{"k2", "5"}}, {"p", "k1", "k2", "g"}, false, true},
      {"its child has ended", {{"k1", "SHARD_END"}}, {"p", "k1", "k2", "g"}, false, false},
      {"its grandchild has started, the rows between were removed", {{"g", "7"}}, {"p", "k1", "k2", "g"}, false, false},
      {"LATEST is no real checkpoint", {{"g", "LATEST"}}, {"p", "k1", "k2", "g"}, true, true},
  };
  for (const Case& c : cases) {
    const auto tree = listing(nodes, c.since_start);
    const auto leases = rows(tree, c.rows);
    EXPECT_EQ(must_create("p", tree, leases), c.parent) << c.why;
    EXPECT_EQ(must_create("k1", tree, leases), c.child) << c.why;
  }
}

// lease-traces 7: cleaned up, and still listed for a day to a year.
TEST(MustCreate, Trace7ACleanedUpShardIsNotResurrected) {
  const auto tree = listing({{"p"}, {"k1", {"p"}}, {"k2", {"p"}}});
  EXPECT_EQ(ids_of(missing_leases(tree, rows(tree, {{"k1", "5"}, {"k2", "6"}}), {})), Ids{});
}

// Once failed: an operator's rewind of one shard brings the parents back whose rows were cleaned up, to be read once
// more from their beginning, and the rewound one waits for them. DESIGN: never a shard of which a descendant row
// exists.
TEST(MustCreate, ARewoundShardDoesNotResurrectItsParents) {
  const auto tree = listing({{"p1"}, {"p2"}, {"c", {"p1", "p2"}}});
  auto leases = rows(tree, {{"c", "AT_TIMESTAMP"}});
  leases.at("c").at = kT;
  EXPECT_EQ(ids_of(missing_leases(tree, leases, {})), Ids{});
  EXPECT_EQ(blocking_parents(leases.at("c"), tree, leases), Ids{});
}

// ---- blocking_parents (C3)

TEST(BlockingParents, Table) {
  const std::vector<Node> nodes{{"p1"}, {"p2"}, {"c", {"p1", "p2"}}, {"d", {"c"}}};
  struct Case {
    const char* why;
    std::vector<Row> rows;
    Ids blocking;
    std::vector<std::string> since_start = {};
  };
  const std::vector<Case> cases{
      {"both unfinished", {{"p1", "5"}, {"p2", "TRIM_HORIZON"}, {"c"}}, {"p1", "p2"}},
      {"one of two", {{"p1", "SHARD_END"}, {"p2", "5"}, {"c"}}, {"p2"}},
      {"both ended", {{"p1", "SHARD_END"}, {"p2", "SHARD_END"}, {"c"}}, {}},
      {"a parent without a row that deserves one (13)", {{"p1", "SHARD_END"}, {"c"}}, {"p2"}},
      {"parents closed before the start", {{"c", "LATEST"}}, {}, {"c", "d"}},
      {"started, never blocked again (7)", {{"p1", "5"}, {"p2", "5"}, {"c", "9"}}, {}},
      {"at the end, never blocked again", {{"p1", "5"}, {"p2", "5"}, {"c", "SHARD_END"}}, {}},
      {"LATEST has not started", {{"p1", "5"}, {"p2", "SHARD_END"}, {"c", "LATEST"}}, {"p1"}},
      {"parents cleaned up: a descendant of theirs has started", {{"c"}, {"d", "5"}}, {}},
  };
  for (const Case& c : cases) {
    const auto tree = listing(nodes, c.since_start);
    const auto leases = rows(tree, c.rows);
    EXPECT_EQ(blocking_parents(leases.at("c"), tree, leases), c.blocking) << c.why;
  }
}

TEST(BlockingParents, AParentThatNobodyListsBlocksOnlyByItsRow) {
  const auto tree = listing({{"c", {"p"}}});
  auto leases = rows(tree, {{"c"}});
  EXPECT_TRUE(blocking_parents(leases.at("c"), tree, leases).empty()) << "gone, and without a row";
  leases = rows(tree, {{"c"}, {"p", "5"}});
  EXPECT_EQ(blocking_parents(leases.at("c"), tree, leases), Ids{"p"});
}

TEST(BlockingParents, BothTheRowAndTheListingNameParents) {
  const auto tree = listing({{"p1"}, {"p2"}, {"c", {"p1", "p2"}}});
  auto leases = rows(tree, {{"p1", "SHARD_END"}, {"p2", "5"}, {"c"}});
  leases.at("c").parents = {"p1"};
  EXPECT_EQ(blocking_parents(leases.at("c"), tree, leases), Ids{"p2"});
  leases.at("c").parents = {"p1", "p2"};
  EXPECT_EQ(blocking_parents(leases.at("c"), Listing{}, leases), Ids{"p2"}) << "before any listing";
}

// One function decides both questions (7): whoever blocks for want of a row gets one.
TEST(BlockingParents, WhoeverBlocksWithoutARowIsAmongTheMissing) {
  const auto tree = listing(kExample);
  for (const std::vector<Row>& some :
       {std::vector<Row>{}, {{"4"}, {"5"}, {"7"}}, {{"8"}}, {{"8"}, {"6", "SHARD_END"}}, {{"9", "5"}, {"10"}}}) {
    auto leases = rows(tree, some);
    const auto missing = ids_of(missing_leases(tree, leases, {}));
    for (const auto& [id, lease] : leases) {
      for (const std::string& parent : blocking_parents(lease, tree, leases)) {
        EXPECT_TRUE(leases.contains(parent) || std::count(missing.begin(), missing.end(), parent) == 1) << parent;
      }
    }
  }
}

// ---- missing_leases

TEST(MissingLeases, JavasExampleFromTheTrimHorizon) {
  const auto tree = listing(kExample);
  // 7 has started, so 2 and 3 are done with. Java creates {0, 1} and leaves the rest to later looks; one look is enough
  // for us.
  const auto missing = missing_leases(tree, rows(tree, {{"4", "5"}, {"5", "5"}, {"7", "5"}}), {});
  EXPECT_EQ(ids_of(missing), (Ids{"0", "1", "10", "6", "8", "9"}));
  for (const Lease& lease : missing) {
    EXPECT_EQ(lease.checkpoint, Position::trim_horizon());
    EXPECT_EQ(lease.from, kTrimHorizon);
  }
  // Not started: its parents come first.
  EXPECT_EQ(ids_of(missing_leases(tree, rows(tree, {{"4"}, {"5"}, {"7"}}), {})),
            (Ids{"0", "1", "10", "2", "3", "6", "8", "9"}));
}

TEST(MissingLeases, JavasExampleFromLatest) {
  // At the start 4, 5, 6 and 7 were open; 8, 9 and 10 were born later.
  const auto tree = listing(kExample, {"4", "5", "6", "7", "8", "9", "10"});
  const auto missing = missing_leases(tree, rows(tree, {{"4", "LATEST"}, {"5", "LATEST"}, {"7", "LATEST"}}), latest());
  EXPECT_EQ(ids_of(missing), (Ids{"10", "6", "8", "9"}));
  for (const Lease& lease : missing) {
    const bool was_there = lease.key == "6";
    EXPECT_EQ(lease.checkpoint, was_there ? Position::latest() : Position::trim_horizon()) << lease.key;
    EXPECT_EQ(lease.from, kT);
  }
}

TEST(MissingLeases, RowsCarryWhatJavaAndTheChildrenNeed) {
  auto tree = listing(kExample);
  tree.shards.at("8").hash_keys = {.start = {.high = 1, .low = 2}, .end = {.high = 3, .low = 4}};
  const auto missing = missing_leases(tree, rows(tree, {{"6", "5"}, {"7", "5"}, {"4"}, {"5"}, {"9", "5"}, {"10"}}), {});
  ASSERT_EQ(ids_of(missing), Ids{"8"});
  EXPECT_EQ(missing[0].parents, (std::set<std::string>{"6", "7"}));
  EXPECT_EQ(missing[0].hash_keys, tree.shards.at("8").hash_keys);
  EXPECT_FALSE(missing[0].owner);
}

// lease-traces 13: a Java worker takes "no row" for "not blocking".
TEST(MissingLeases, Trace13EveryParentComesBeforeItsChildren) {
  const auto tree = listing({{"a", {"x", "y"}}, {"b", {"a"}}, {"c", {"a"}}, {"d", {"b", "c"}}, {"x"}, {"y"}});
  EXPECT_EQ(ids_of(missing_leases(tree, {}, {})), (Ids{"x", "y", "a", "b", "c", "d"}));
}

// ---- the anchor (R6)

TEST(AnchorLease, TraceR6IsTheSmallestShardIdWhoeverLooks) {
  const auto anchor = anchor_lease(listing({{"b"}, {"a"}, {"c"}}), latest());
  ASSERT_TRUE(anchor);
  EXPECT_EQ(anchor->key, "a");
  EXPECT_EQ(anchor->checkpoint, Position::latest());
  EXPECT_EQ(anchor->from, kT);
  EXPECT_FALSE(anchor_lease(Listing{}, latest()));
}

TEST(AnchorLease, TraceR6IsAtItsEndIfItDeservesNoLease) {
  const auto anchor = anchor_lease(listing({{"p"}, {"q1", {"p"}}, {"q2", {"p"}}}, {"q1", "q2"}), latest());
  ASSERT_TRUE(anchor);
  EXPECT_EQ(anchor->key, "p");
  EXPECT_TRUE(anchor->ended());
  EXPECT_EQ(anchor->from, kT);
}

// Once failed: p was split long before the application's start at LATEST, and is the smallest id, so it is the anchor,
// stored at SHARD_END. Its children were there at the start. They get TRIM_HORIZON, because "a parent has a row", and a
// day of old records is delivered.
TEST(AnchorLease, AnAnchorThatOnlyCarriesTheInstantMakesNoChildReadFromItsBeginning) {
  const auto tree = listing({{"p"}, {"q1", {"p"}}, {"q2", {"p"}}}, {"q1", "q2"});
  LeasesByShard leases;
  const auto anchor = *anchor_lease(tree, latest());
  leases.emplace(anchor.key, anchor);
  for (const Lease& lease : missing_leases(tree, leases, latest())) {
    EXPECT_EQ(lease.checkpoint, Position::latest()) << lease.key << " existed then, and starts then (C6)";
  }
}

// ---- children at a shard's end

TEST(CompleteChildren, ToldAndListedMakeOne) {
  const auto tree = listing({{"p1"}, {"p2"}, {"c", {"p1", "p2"}}});
  const std::vector<std::pair<const char*, std::vector<ChildShard>>> told{
      {"nothing", {}},
      {"without parents", {{.id = "c", .parents = {}, .hash_keys = {}}}},
      {"one of two parents", {{.id = "c", .parents = {"p1"}, .hash_keys = {}}}},
      {"all", {{.id = "c", .parents = {"p1", "p2"}, .hash_keys = {}}}},
  };
  for (const auto& [why, children] : told) {
    const auto complete = complete_children("p1", children, tree);
    ASSERT_EQ(complete.size(), 1U) << why;
    EXPECT_EQ(complete[0].id, "c");
    EXPECT_EQ(complete[0].parents, (Ids{"p1", "p2"})) << why;
  }
}

TEST(CompleteChildren, AChildThatIsNotListedYetIsTakenAtItsWord) {
  const auto complete = complete_children("p", {{.id = "k", .parents = {}, .hash_keys = {}}}, listing({{"p"}}));
  ASSERT_EQ(complete.size(), 1U);
  EXPECT_EQ(complete[0].parents, Ids{"p"});
  EXPECT_TRUE(complete_children("p", {}, listing({{"p"}})).empty()) << "nobody knows them: the shard must not end (C6)";
}

TEST(ChildLease, IsReadFromItsBeginningWhateverTheApplicationsStart) {
  const auto lease =
      child_lease({.id = "k", .parents = {"p1", "p2"}, .hash_keys = {.start = {.high = 1, .low = 0}}}, kT);
  EXPECT_EQ(lease.checkpoint, Position::trim_horizon());
  EXPECT_EQ(lease.from, kT) << "children inherit it";
  EXPECT_EQ(lease.parents, (std::set<std::string>{"p1", "p2"}));
  EXPECT_EQ(lease.hash_keys->start.high, 1U);
}

// ---- where reading starts

TEST(ReadFrom, Table) {
  using Kind = ReadFrom::Kind;
  struct Case {
    const char* checkpoint;
    bool parent_has_row;
    Timestamp instant;
    std::optional<Timestamp> own;
    Kind kind;
    Timestamp timestamp;
  };
  const std::vector<Case> cases{
      {"4711", false, kT, {}, Kind::after_user_record, {}},
      {"4711", true, kT, kT, Kind::after_user_record, {}},
      {"TRIM_HORIZON", false, kT, {}, Kind::trim_horizon, {}},
      {"LATEST", false, kT, {}, Kind::timestamp, kT},
      {"AT_TIMESTAMP", false, kT, {}, Kind::timestamp, kT},
      // Born after the start: all of it is new.
      {"LATEST", true, kT, {}, Kind::trim_horizon, {}},
      {"AT_TIMESTAMP", true, kT, {}, Kind::trim_horizon, {}},
      // The application started at the trim horizon, whatever Java wrote into the row.
      {"LATEST", false, kTrimHorizon, {}, Kind::trim_horizon, {}},
      // A row's own start counts only while the checkpoint is AT_TIMESTAMP.
      {"AT_TIMESTAMP", true, kT, kT + 1h, Kind::timestamp, kT + 1h},
      {"AT_TIMESTAMP", false, kTrimHorizon, kT + 1h, Kind::timestamp, kT + 1h},
      {"AT_TIMESTAMP", false, kT, kTrimHorizon, Kind::trim_horizon, {}},
      {"LATEST", false, kT, kT + 1h, Kind::timestamp, kT},
      {"TRIM_HORIZON", false, kT, kT + 1h, Kind::trim_horizon, {}},
  };
  for (const Case& c : cases) {
    Lease lease;
    lease.checkpoint = *Position::parse(c.checkpoint);
    lease.at = c.own;
    const auto from = read_from(lease, c.parent_has_row, c.instant);
    SCOPED_TRACE(c.checkpoint);
    EXPECT_EQ(from.kind, c.kind);
    EXPECT_EQ(from.timestamp, c.timestamp);
    EXPECT_EQ(from.sequence_number, c.kind == Kind::after_user_record ? c.checkpoint : "");
  }
}

// ---- clean-up

TEST(RemovableLeases, Table) {
  const std::vector<Node> nodes{{"p"}, {"k1", {"p"}}, {"k2", {"p"}}, {"g", {"k1"}}};
  struct Case {
    const char* why;
    std::vector<Row> rows;
    Ids removable;
  };
  const std::vector<Case> cases{
      {"both children have started", {{"p", "SHARD_END"}, {"k1", "5"}, {"k2", "5"}}, {"p"}},
      {"one has not", {{"p", "SHARD_END"}, {"k1", "5"}, {"k2", "LATEST"}}, {}},
      {"one has no row", {{"p", "SHARD_END"}, {"k1", "5"}}, {}},
      {"not ended", {{"p", "5"}, {"k1", "5"}, {"k2", "5"}}, {}},
      {"no children", {{"g", "SHARD_END"}}, {}},
      {"oldest first", {{"p", "SHARD_END"}, {"k1", "SHARD_END"}, {"k2", "5"}, {"g", "5"}}, {"p"}},
      {"then the next", {{"k1", "SHARD_END"}, {"k2", "5"}, {"g", "5"}}, {"k1"}},
      {"a child that was cleaned up itself", {{"p", "SHARD_END"}, {"k2", "5"}, {"g", "5"}}, {"p"}},
  };
  for (const Case& c : cases) {
    const auto tree = listing(nodes);
    EXPECT_EQ(removable_leases(tree, rows(tree, c.rows)), c.removable) << c.why;
  }
}

TEST(RemovableLeases, ChildrenThatTheRowNamesCountTooOnceNobodyListsThem) {
  auto leases = rows({}, {{"p", "SHARD_END"}, {"k1", "5"}});
  leases.at("p").children = {"k1", "k2"};
  EXPECT_TRUE(removable_leases(Listing{}, leases).empty()) << "k2 is not known to have started";
  leases.at("p").children = {"k1"};
  EXPECT_EQ(removable_leases(Listing{}, leases), Ids{"p"});
}

// What is removed is not missing: the two rules agree, else clean-up and hole repair fight for ever.
TEST(RemovableLeases, WhatIsRemovedStaysAway) {
  const auto tree = listing(kExample);
  auto leases = rows(tree, {{"0", "SHARD_END"},
                            {"1", "SHARD_END"},
                            {"2", "SHARD_END"},
                            {"3", "SHARD_END"},
                            {"4", "5"},
                            {"5", "SHARD_END"},
                            {"6", "SHARD_END"},
                            {"7", "SHARD_END"},
                            {"8", "5"},
                            {"9", "5"},
                            {"10", "5"}});
  for (int round = 0; round < 5; ++round) {
    for (const std::string& id : removable_leases(tree, leases)) leases.erase(id);
    EXPECT_EQ(ids_of(missing_leases(tree, leases, {})), Ids{});
  }
  EXPECT_EQ(leases.size(), 4U) << "the open ones are left";
}

}  // namespace
}  // namespace kcl::shards
