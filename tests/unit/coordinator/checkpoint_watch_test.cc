#include "coordinator/checkpoint_watch.h"

#include <gtest/gtest.h>

namespace kcl::coordinator {
namespace {

leases::Lease at(std::string_view number, std::string owner = "go-1") {
  leases::Lease lease;
  lease.key = "shard";
  lease.owner = std::move(owner);
  lease.checkpoint = *Position::parse(number);
  return lease;
}

TEST(CheckpointWatch, TellsOnceOfACheckpointThatWentBack) {
  CheckpointWatch watch;
  EXPECT_TRUE(watch.look({at("5")}).empty());
  EXPECT_TRUE(watch.look({at("9", "A")}).empty());
  EXPECT_TRUE(watch.look({at("7")}).empty()) << "a scan may be older than the one before";
  const auto setbacks = watch.look({at("7")});
  ASSERT_EQ(setbacks.size(), 1U);
  EXPECT_EQ(setbacks[0].key, "shard");
  EXPECT_EQ(setbacks[0].from.text(), "9");
  EXPECT_EQ(setbacks[0].to.text(), "7");
  EXPECT_EQ(setbacks[0].owner, "go-1");
  EXPECT_TRUE(watch.look({at("7")}).empty());
  EXPECT_TRUE(watch.look({at("8")}).empty());
}

TEST(CheckpointWatch, OneStaleScanIsNoSetback) {
  CheckpointWatch watch;
  for (const char* number : {"5", "9", "5", "9", "5", "9"}) EXPECT_TRUE(watch.look({at(number)}).empty()) << number;
}

TEST(CheckpointWatch, AnUndoneEndAndALostCheckpointAreSetbacks) {
  CheckpointWatch watch;
  watch.look({at("SHARD_END")});
  watch.look({at("5")});
  EXPECT_EQ(watch.look({at("5")}).size(), 1U);
  watch.look({at("AT_TIMESTAMP")});
  EXPECT_EQ(watch.look({at("AT_TIMESTAMP")}).size(), 1U);
}

TEST(CheckpointWatch, ARowThatIsGoneIsForgotten) {
  CheckpointWatch watch;
  watch.look({at("5")});
  watch.look({});
  EXPECT_TRUE(watch.look({at("3")}).empty());
  EXPECT_TRUE(watch.look({at("3")}).empty());
}

}  // namespace
}  // namespace kcl::coordinator
