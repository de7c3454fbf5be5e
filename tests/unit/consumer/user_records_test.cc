#include "consumer/user_records.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "base/md5.h"
#include "kpl/aggregate_writer.h"

namespace kcl::consumer {
namespace {

using kpl::aggregate_of;
using kpl::Entry;

/// What the service delivered: record i has the sequence number 100 + i.
class Page {
 public:
  Page& add(std::string data, std::string key = "outer") {
    const std::string& number = kept_.emplace_back(std::to_string(100 + records_.size()));
    Record::Fields fields;
    fields.sequence_number = number;
    fields.partition_key = kept_.emplace_back(std::move(key));
    fields.data = kept_.emplace_back(std::move(data));
    fields.approximate_arrival = Timestamp(std::chrono::milliseconds(7'000 + records_.size()));
    records_.emplace_back(fields);
    return *this;
  }
  const std::vector<Record>& records() const { return records_; }

 private:
  std::deque<std::string> kept_;
  std::vector<Record> records_;
};

/// "number/sub-sequence number key=data" of each.
std::vector<std::string> lines(const std::vector<Record>& records) {
  std::vector<std::string> lines;
  for (const Record& record : records) {
    lines.push_back(std::string(record.sequence_number()) + '/' + std::to_string(record.sub_sequence_number()) + ' ' +
                    std::string(record.partition_key()) + '=' + std::string(record.text()));
  }
  return lines;
}
using Lines = std::vector<std::string>;

std::string damaged(std::string aggregate) {
  aggregate.back() ^= 1;
  return aggregate;
}

TEST(UserRecords, TakeTheirAggregatesPlace) {
  Page page;
  page.add("before").add(aggregate_of({{"a", "1"}, {"b", "2"}})).add("after");
  const Unpacked got = unpack(page.records(), {});
  EXPECT_EQ(lines(got.records), (Lines{"100/0 outer=before", "101/0 a=1", "101/1 b=2", "102/0 outer=after"}));
  EXPECT_EQ(got.records[2].approximate_arrival(), page.records()[1].approximate_arrival());
  EXPECT_EQ(got.end, Position::parse("102"));
  EXPECT_EQ(got.aggregates, 1U);
  EXPECT_EQ(got.damaged, 0U);
}

TEST(UserRecords, ADamagedAggregateStaysInItsPlaceAsItIs) {
  const std::string broken = damaged(aggregate_of({{"a", "1"}}));
  Page page;
  page.add(aggregate_of({{"a", "1"}})).add(broken).add(aggregate_of({{"b", "2"}}));
  const Unpacked got = unpack(page.records(), {});
  EXPECT_EQ(lines(got.records), (Lines{"100/0 a=1", "101/0 outer=" + broken, "102/0 b=2"}));
  EXPECT_EQ(got.damaged, 1U);
  EXPECT_EQ(got.first_damaged, "101");
  EXPECT_EQ(got.aggregates, 2U);
}

TEST(UserRecords, TheEndIsTheLastOneOfTheLastAggregate) {
  Page page;
  page.add("plain").add(aggregate_of({{"a", "1"}, {"a", "2"}, {"a", "3"}}));
  EXPECT_EQ(unpack(page.records(), {}).end, Position::parse("101", 2));
}

TEST(UserRecords, WhatIsDoneDoesNotComeAgain) {
  Page page;
  page.add(aggregate_of({{"a", "1"}, {"a", "2"}, {"a", "3"}})).add("next");
  const auto after = [&](const std::string& number, std::uint64_t sub) {
    return lines(
        unpack(page.records(), {.done = UserRecordId{.sequence_number = number, .sub_sequence = sub}}).records);
  };
  EXPECT_EQ(after("100", 0), (Lines{"100/1 a=2", "100/2 a=3", "101/0 outer=next"}));
  EXPECT_EQ(after("100", 1), (Lines{"100/2 a=3", "101/0 outer=next"}));
  EXPECT_EQ(after("100", 2), Lines{"101/0 outer=next"});
  EXPECT_EQ(after("101", 0), Lines{});
  EXPECT_EQ(after("99", 5).size(), 4U);
}

TEST(UserRecords, APlainRecordThatIsDoneDoesNotComeAgainEither) {
  Page page;
  page.add("done").add("next");
  const auto got = unpack(page.records(), {.done = UserRecordId{.sequence_number = "100"}});
  EXPECT_EQ(lines(got.records), Lines{"101/0 outer=next"});
}

// ---- strays

/// A range in which the key "in" lies, and "out" does not.
HashKeyRange around_in() {
  const HashKey in = base::hash_of_partition_key("in");
  return {.start = in, .end = in};
}

Unpacked with_strays(StrayRecords strays, const std::vector<Entry>& entries) {
  static Page page;
  page = Page();
  page.add(aggregate_of(entries), "out").add("plain", "out").add(aggregate_of({{"in", "good"}}));
  return unpack(page.records(), {.strays = strays, .hash_keys = around_in()});
}

TEST(StrayRecordsTest, AreDeliveredAndCounted) {
  const Unpacked got = with_strays(StrayRecords::deliver, {{"in", "1"}, {"out", "2"}, {"in", "3"}, {"out", "4"}});
  EXPECT_EQ(lines(got.records),
            (Lines{"100/0 in=1", "100/1 out=2", "100/2 in=3", "100/3 out=4", "101/0 out=plain", "102/0 in=good"}));
  EXPECT_EQ(got.strays, 2U);
  EXPECT_EQ(got.left_out, 0U);
}

TEST(StrayRecordsTest, AreLeftOutOneByOneAndTheOthersKeepTheirNumbers) {
  const Unpacked got = with_strays(StrayRecords::leave_out, {{"out", "1"}, {"in", "2"}, {"out", "3"}});
  EXPECT_EQ(lines(got.records), (Lines{"100/1 in=2", "101/0 out=plain", "102/0 in=good"}));
  EXPECT_EQ(got.strays, 2U);
  EXPECT_EQ(got.left_out, 2U);
}

TEST(StrayRecordsTest, TakeTheirAggregateWithThemAsInJava) {
  const Unpacked got = with_strays(StrayRecords::drop_aggregate, {{"in", "1"}, {"out", "2"}, {"in", "3"}});
  EXPECT_EQ(lines(got.records), (Lines{"101/0 out=plain", "102/0 in=good"}));
  EXPECT_EQ(got.strays, 1U);
  EXPECT_EQ(got.left_out, 3U);
}

TEST(StrayRecordsTest, AnExplicitHashKeyGoesBeforeTheKeys) {
  const Unpacked got = with_strays(StrayRecords::leave_out, {{"out", "1", around_in().start.text()}, {"in", "2", "0"}});
  EXPECT_EQ(got.records.front().text(), "1");
  EXPECT_EQ(got.left_out, 1U);
}

TEST(StrayRecordsTest, AHashKeyThatIsNoneIsNoReasonToLeaveOneOut) {
  for (const char* none : {"", "-1", "ten", "340282366920938463463374607431768211456"}) {
    EXPECT_EQ(with_strays(StrayRecords::drop_aggregate, {{"out", "1", none}}).left_out, 0U) << none;
  }
}

TEST(StrayRecordsTest, WithoutARangeThereAreNone) {
  Page page;
  page.add(aggregate_of({{"a", "1"}}));
  EXPECT_EQ(unpack(page.records(), {.strays = StrayRecords::drop_aggregate}).records.size(), 1U);
}

TEST(StrayRecordsTest, TheEndIsBehindWhatWasLeftOut) {
  Page page;
  page.add(aggregate_of({{"in", "1"}, {"out", "2"}}));
  const auto got = unpack(page.records(), {.strays = StrayRecords::leave_out, .hash_keys = around_in()});
  EXPECT_EQ(got.records.back().position(), Position::parse("100", 0));
  EXPECT_EQ(got.end, Position::parse("100", 1));
}

// ---- damage

/// Whatever happens to one aggregate, its neighbours come whole and in their places (C12).
RC_GTEST_PROP(UserRecords, DamageCostsNoNeighbour,
              (std::vector<std::pair<std::uint16_t, std::uint8_t>> hits, bool cut)) {
  std::string victim = aggregate_of({{"x", "one"}, {"y", std::string(60, 'z')}});
  for (const auto& [place, bits] : hits) victim[place % victim.size()] ^= static_cast<char>(bits);
  if (cut) victim.resize(victim.size() - (1 + hits.size()) % victim.size());
  Page page;
  page.add(aggregate_of({{"a", "1"}, {"b", "2"}})).add("plain").add(victim).add(aggregate_of({{"c", "3"}}));
  const Unpacked got = unpack(page.records(), {.hash_keys = around_in()});
  const Lines all = lines(got.records);
  RC_ASSERT(all.size() >= 5U);
  RC_ASSERT(Lines(all.begin(), all.begin() + 3) == (Lines{"100/0 a=1", "100/1 b=2", "101/0 outer=plain"}));
  RC_ASSERT(all.back() == "103/0 c=3");
  // The victim itself: its user records, or all of its bytes.
  const bool raw = all.size() == 5 && all[3] == "102/0 outer=" + victim;
  const bool whole = all.size() == 6 && all[3] == "102/0 x=one";
  RC_ASSERT(raw || whole);
}

}  // namespace
}  // namespace kcl::consumer
