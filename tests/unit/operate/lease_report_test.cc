#include "operate/lease_report.h"

#include <gtest/gtest.h>

#include "operate/text.h"
#include "unit/operate/view.h"
#include "wire/json_reader.h"

namespace kcl::operate {
namespace {

using namespace std::chrono_literals;

Diagnosis two_shards() {
  auto lease = kclpp_lease(0, "host-of-a-long-name.example:4711:aaaaaaaa-0000-4000-8000-000000000001");
  lease.status = R"({"state":"idle","behind_ms":250})";
  lease.checkpoint =
      Position::at(*SequenceNumber::parse("49590338271490256608559692538361571095921575989136588898"), 3);
  return ViewBuilder().row(lease).row(kclpp_lease(1, "B"), false).diagnosis();
}

TEST(LeaseReport, TheListIsATableWithTheWorstFirst) {
  EXPECT_EQ(list_text(two_shards(), "orders"),
            "orders: 2 shards, 2 owners; 1 STUCK (1 silent, 1 held); watched for 11 s\n"
            "\n"
            "SHARD                 STATE       OWNER                         OWNED FOR  CHECKPOINT       BEHIND  WHY\n"
            "shardId-000000000001  silent      B                             1 min      4711             -       "
            "B wrote nothing in 11 s, longer than its failover time of 10 s: it is dead or paused\n"
            "shardId-000000000000  held: idle  host-of-a-long-name…00000001  1 min      …989136588898#3  250 ms\n"
            "\n"
            "silent: a live worker of the fleet takes the lease over by itself: see whether one runs\n"
            "note: shards without a lease show only with --stream\n");
}

TEST(LeaseReport, ShowTellsAllOfOneShard) {
  const std::string text = show_text(two_shards(), {shard(0)});
  for (const char* part : {"shardId-000000000000: held\n", "host-of-a-long-name.example:4711:aaaaaaaa",
                           "49590338271490256608559692538361571095921575989136588898#3", "250 ms, as its owner says"}) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  }
  EXPECT_EQ(text.find(shard(1)), std::string::npos) << text;
}

TEST(LeaseReport, AnEmptyTableSaysSo) {
  const std::string text = list_text(ViewBuilder().diagnosis(), "orders");
  EXPECT_NE(text.find("the table has no leases"), std::string::npos) << text;
}

TEST(LeaseReport, ControlCharactersOfARowDoNotReachATerminal) {
  const std::string text = list_text(ViewBuilder().row(kclpp_lease(0, "A\x1b[2J")).diagnosis(), "orders");
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(LeaseReport, JsonIsOneObjectOnOneLine) {
  const std::string text = json_text(two_shards(), "orders", {});
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  wire::JsonReader reader(text);
  std::vector<std::string> names;
  ASSERT_TRUE(reader.enter_map());
  while (reader.more()) {
    names.emplace_back(reader.name());
    reader.skip();
  }
  EXPECT_TRUE(reader.ok()) << reader.error();
  EXPECT_EQ(names.front(), "table");
  EXPECT_EQ(names.back(), "leases");
  EXPECT_NE(text.find(R"("verdict":"silent","stuck":true,"owner":"B")"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("behind_ms":250,"behind_is_measured":false)"), std::string::npos) << text;
}

TEST(LeaseReport, ShardsThatNobodyKnowsAreNamed) {
  EXPECT_EQ(unknown_shards(two_shards(), {shard(0), "shardId-9"}), std::vector<std::string>{"shardId-9"});
}

TEST(Text, DurationsReadLikeTimeOnAClock) {
  EXPECT_EQ(duration_text(0ms), "0 ms");
  EXPECT_EQ(duration_text(999ms), "999 ms");
  EXPECT_EQ(duration_text(12'900ms), "12 s");
  EXPECT_EQ(duration_text(60s), "1 min");
  EXPECT_EQ(duration_text(250s), "4 min 10 s");
  EXPECT_EQ(duration_text(3h + 5min + 1s), "3 h 5 min");
  EXPECT_EQ(duration_text(52h), "2 d 4 h");
}

}  // namespace
}  // namespace kcl::operate
