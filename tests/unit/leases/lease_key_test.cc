// How a lease is named, alone and among those of other streams.
#include "leases/lease_key.h"

#include <gtest/gtest.h>

#include <string>

namespace kcl::leases {
namespace {

const std::string kStreamPart = "123456789012:orders:1790000000";

StreamDescription described(const std::string& arn) {
  return {.name = "orders", .arn = arn, .created = Timestamp(std::chrono::milliseconds(1'790'000'000'999))};
}

TEST(LeaseKey, IsTheShardIdOfAStreamAlone) {
  EXPECT_EQ(lease_key("", "shardId-000000000007"), "shardId-000000000007");
  EXPECT_EQ(stream_part("shardId-000000000007"), "");
  EXPECT_EQ(shard_part("shardId-000000000007"), "shardId-000000000007");
}

TEST(LeaseKey, NamesItsStreamAsJavaDoes) {
  const std::string key = kStreamPart + ":shardId-000000000007";
  EXPECT_EQ(lease_key(kStreamPart, "shardId-000000000007"), key);
  EXPECT_EQ(stream_part(key), kStreamPart);
  EXPECT_EQ(shard_part(key), "shardId-000000000007");
  const std::set<std::string> ids{"shardId-000000000001", "shardId-000000000002"};
  EXPECT_EQ(shard_parts(lease_keys(kStreamPart, ids)), ids);
  EXPECT_EQ(lease_keys("", ids), ids);
}

TEST(LeaseKey, ComesFromTheStreamsDescription) {
  EXPECT_EQ(stream_part_of(described("arn:aws:kinesis:eu-west-1:123456789012:stream/orders")), kStreamPart)
      << "whole seconds, as the service gives them to everyone";
  EXPECT_EQ(stream_part_of(described("arn:aws-cn:kinesis:cn-north-1:123456789012:stream/orders")), kStreamPart);
  for (const std::string arn : {"", "orders", "arn:aws:kinesis:eu-west-1::stream/orders", "a:b:c:d:1 2:stream/orders"})
    EXPECT_FALSE(stream_part_of(described(arn))) << arn;
}

}  // namespace
}  // namespace kcl::leases
