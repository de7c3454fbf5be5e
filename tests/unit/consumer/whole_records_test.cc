#include "consumer/whole_records.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace kcl::consumer {
namespace {

Position at(std::uint64_t number, std::uint64_t sub = 0) {
  return Position::at(*SequenceNumber::parse(std::to_string(number)), sub);
}

/// Records by their numbers; what they are views into lives as long as the test.
class Batches {
 public:
  RecordBatch of(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& numbers) {
    auto content = std::make_shared<RecordBatch::Content>();
    for (const auto& [number, sub] : numbers) {
      Record::Fields fields;
      fields.sequence_number = kept_.emplace_back(std::to_string(number));
      fields.sub_sequence_number = sub;
      content->records.emplace_back(fields);
    }
    return RecordBatch(std::move(content));
  }

 private:
  std::deque<std::string> kept_;
};

class WholeRecordsTest : public ::testing::Test {
 protected:
  Batches batches;
  WholeRecords whole;
};

TEST_F(WholeRecordsTest, APositionInsideAnAggregateGoesBackToTheRecordBefore) {
  whole.add(batches.of({{7, 0}, {8, 0}, {8, 1}, {8, 2}, {9, 0}}), at(9));
  EXPECT_EQ(whole.floor(at(7)), at(7));
  EXPECT_EQ(whole.floor(at(8)), at(7));
  EXPECT_EQ(whole.floor(at(8, 1)), at(7));
  EXPECT_EQ(whole.floor(at(8, 2)), at(8, 2));
  EXPECT_EQ(whole.floor(at(9)), at(9));
}

TEST_F(WholeRecordsTest, ThereMayBeNothingBeforeIt) {
  whole.add(batches.of({{8, 0}, {8, 1}}), at(8, 1));
  EXPECT_EQ(whole.floor(at(8)), std::nullopt);
  EXPECT_EQ(whole.floor(at(8, 1)), at(8, 1));
}

TEST_F(WholeRecordsTest, TheRecordBeforeMayBeOfAnEarlierBatch) {
  whole.add(batches.of({{7, 0}}), at(7));
  whole.add(batches.of({{8, 0}, {8, 1}}), at(8, 1));
  EXPECT_EQ(whole.floor(at(8)), at(7));
}

TEST_F(WholeRecordsTest, AnAggregateWhoseLastUserRecordsWereLeftOutEndsWithThem) {
  whole.add(batches.of({{7, 0}, {8, 0}, {8, 1}}), at(8, 5));
  EXPECT_EQ(whole.floor(at(8, 1)), at(7));
  EXPECT_EQ(whole.floor(at(8, 5)), at(8, 5));
}

TEST_F(WholeRecordsTest, WhatIsStoredIsForgotten) {
  whole.add(batches.of({{7, 0}, {8, 0}, {8, 1}}), at(8, 1));
  whole.forget_before(at(8, 1));
  EXPECT_EQ(whole.floor(at(7)), std::nullopt);
  EXPECT_EQ(whole.floor(at(8, 1)), at(8, 1));
}

TEST_F(WholeRecordsTest, WithoutCheckpointsItStaysSmallAndNeverGoesForward) {
  for (std::uint64_t number = 1; number <= 200'000; ++number) whole.add(batches.of({{number, 1}}), at(number, 1));
  EXPECT_EQ(whole.floor(at(200'000, 1)), at(200'000, 1));
  for (std::uint64_t number = 1; number <= 200'000; number += 997) {
    EXPECT_LE(whole.floor(at(number)).value_or(at(number)), at(number));
  }
}

}  // namespace
}  // namespace kcl::consumer
