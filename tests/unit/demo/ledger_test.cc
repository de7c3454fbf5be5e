#include "demo/ledger.h"

#include <gtest/gtest.h>

namespace kclpp::demo {
namespace {

using kcl::Position;
using kcl::testing::EmbeddedStream;
using kcl::testing::PutRecord;

/// One shard, and a worker that reads it.
class LedgerTest : public testing::Test {
 protected:
  LedgerTest() : stream_({.name = "demo", .limits = false}), shard_(stream_.list().front().id) {}

  void put(std::size_t count) {
    std::vector<PutRecord> records;
    for (std::size_t i = 0; i < count; ++i) {
      records.push_back({.partition_key = "customer", .data = "a pear", .explicit_hash_key = {}});
    }
    EXPECT_TRUE(ledger_.put(stream_, std::move(records)).empty());
  }

  /// Everything that is on the stream.
  kcl::RecordBatch all() const {
    const auto kinesis = stream_.kinesis();
    const kcl::Call call{.timeout = std::chrono::seconds(1), .stop = {}};
    const auto iterator = kinesis->get_shard_iterator(
        {.stream = "demo", .shard_id = shard_, .sequence_number = {}, .timestamp = {}}, call);
    auto page = kinesis->get_records({.stream = "demo", .iterator = iterator->iterator}, call);
    auto content = std::make_shared<kcl::RecordBatch::Content>();
    content->shard_id = shard_;
    content->records = std::move(page->records);
    content->buffer = std::move(page->buffer);
    return kcl::RecordBatch(std::move(content));
  }

  void checkpoint_after(const kcl::Record& record) { ledger_.checkpoint_stored(shard_, record.position()); }

  EmbeddedStream stream_;
  std::string shard_;
  Ledger ledger_;
};

TEST_F(LedgerTest, EverythingDeliveredOnceIsWell) {
  put(5);
  ledger_.epoch_began(shard_, 1, Position::trim_horizon());
  ledger_.delivered(1, all());
  EXPECT_EQ(ledger_.counts().missing(), 0U);
  EXPECT_EQ(ledger_.counts().problems, 0U);
}

TEST_F(LedgerTest, WhatComesAgainAfterTheCheckpointIsADuplicate) {
  put(5);
  ledger_.epoch_began(shard_, 1, Position::trim_horizon());
  ledger_.delivered(1, all());
  checkpoint_after(all()[2]);
  ledger_.epoch_began(shard_, 2, all()[2].position());
  ledger_.delivered(2, all().part(3, 2));
  EXPECT_EQ(ledger_.counts().duplicated, 2U);
  EXPECT_EQ(ledger_.counts().problems, 0U);
}

TEST_F(LedgerTest, WhatComesAgainFromBeforeTheCheckpointIsAProblem) {
  put(5);
  ledger_.epoch_began(shard_, 1, Position::trim_horizon());
  ledger_.delivered(1, all());
  checkpoint_after(all()[2]);
  ledger_.epoch_began(shard_, 2, all()[2].position());
  ledger_.delivered(2, all().part(2, 3));
  EXPECT_EQ(ledger_.counts().problems, 1U);
}

TEST_F(LedgerTest, ACheckpointPastWhatWasDeliveredDoesNotHideTheLoss) {
  put(5);
  ledger_.epoch_began(shard_, 1, Position::trim_horizon());
  ledger_.delivered(1, all().part(0, 2));
  checkpoint_after(all()[4]);
  EXPECT_EQ(ledger_.counts().missing(), 3U);
}

TEST_F(LedgerTest, WhatIsSkippedIsAProblem) {
  put(5);
  ledger_.epoch_began(shard_, 1, Position::trim_horizon());
  ledger_.delivered(1, all().part(0, 1));
  ledger_.delivered(1, all().part(2, 3));
  EXPECT_GT(ledger_.counts().problems, 0U);
  EXPECT_EQ(ledger_.counts().missing(), 1U);
}

TEST_F(LedgerTest, ACheckpointThatGoesBackIsAProblem) {
  put(5);
  ledger_.epoch_began(shard_, 1, Position::trim_horizon());
  ledger_.delivered(1, all());
  checkpoint_after(all()[4]);
  checkpoint_after(all()[2]);
  EXPECT_EQ(ledger_.counts().problems, 1U);
}

TEST_F(LedgerTest, AnEpochThatWasStalledMayRepeatWhatOthersHaveStored) {
  put(5);
  ledger_.epoch_began(shard_, 1, Position::trim_horizon());
  ledger_.delivered(1, all().part(0, 1));
  ledger_.epoch_began(shard_, 2, Position::trim_horizon());
  ledger_.delivered(2, all());
  checkpoint_after(all()[2]);
  ledger_.delivered(1, all().part(1, 4));
  EXPECT_EQ(ledger_.counts().duplicated, 1U + 4U);
  EXPECT_EQ(ledger_.counts().problems, 0U);
  EXPECT_EQ(ledger_.counts().missing(), 0U);
}

TEST_F(LedgerTest, AnEpochMayBeToldOfWhenALaterOneHasGoneOn) {
  put(5);
  ledger_.epoch_began(shard_, 2, Position::trim_horizon());
  ledger_.delivered(2, all());
  checkpoint_after(all()[2]);
  ledger_.epoch_began(shard_, 1, Position::trim_horizon());
  EXPECT_EQ(ledger_.counts().problems, 0U);
  ledger_.epoch_began(shard_, 3, Position::trim_horizon());
  EXPECT_EQ(ledger_.counts().problems, 1U) << "the last one begins at what is stored";
}

TEST_F(LedgerTest, AnEpochMayGoOnBehindWhatWasSettled) {
  put(5);
  ledger_.epoch_began(shard_, 1, Position::trim_horizon());
  ledger_.delivered(1, all());
  checkpoint_after(all()[4]);
  put(3);
  ledger_.delivered(1, all().part(5, 3));
  EXPECT_EQ(ledger_.counts().delivered, 8U);
  EXPECT_EQ(ledger_.counts().problems, 0U);
}

}  // namespace
}  // namespace kclpp::demo
