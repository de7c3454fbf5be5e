#include "service_fixture.h"

namespace kcl::local {
namespace {

using ServiceShards = ServiceTest;

std::string filter(const std::string& type, const std::string& more = {}) {
  return ", 'ShardFilter': {'Type': '" + type + "'" + more + "}";
}

std::string at(Timestamp time) {
  return ", 'Timestamp': " + std::to_string(static_cast<double>(time.time_since_epoch().count()) / 1'000);
}

TEST_F(ServiceShards, FiltersAsAwsDocuments) {
  create();
  const Timestamp before = now;
  now += seconds(10);
  split();  // 1 -> 2, 3
  now += seconds(10);
  EXPECT_EQ(listed(""), "0 1 2 3");
  EXPECT_EQ(listed(filter("AT_LATEST")), "0 2 3");
  EXPECT_EQ(listed(filter("AT_TRIM_HORIZON")), "0 1");
  EXPECT_EQ(listed(filter("FROM_TRIM_HORIZON")), "0 1 2 3");
  EXPECT_EQ(listed(filter("AT_TIMESTAMP", at(before))), "0 1");
  EXPECT_EQ(listed(filter("AT_TIMESTAMP", at(now))), "0 2 3");
  EXPECT_EQ(listed(filter("FROM_TIMESTAMP", at(before))), "0 1 2 3");
  EXPECT_EQ(listed(filter("FROM_TIMESTAMP", at(now))), "0 2 3");
  EXPECT_EQ(listed(filter("AFTER_SHARD_ID", ", 'ShardId': '" + kShard1 + "'")), "2 3");
  EXPECT_EQ(listed(", 'ExclusiveStartShardId': '" + kShard0 + "'"), "1 2 3");
  now += hours(25);
  EXPECT_EQ(listed(""), "0 2 3");
  EXPECT_EQ(listed(filter("AT_TRIM_HORIZON")), "0 2 3");
}

TEST_F(ServiceShards, RefusesFiltersThatSayTooLittleOrTooMuch) {
  create();
  const auto refused = [&](const std::string& given) {
    return code("ListShards", "{'StreamName': 'orders'" + given + "}");
  };
  EXPECT_EQ(refused(filter("SOMETIME")), "ValidationException");
  EXPECT_EQ(refused(", 'ShardFilter': {}"), "ValidationException");
  EXPECT_EQ(refused(filter("AT_TIMESTAMP")), "InvalidArgumentException");
  EXPECT_EQ(refused(filter("AT_LATEST", ", 'Timestamp': 5")), "InvalidArgumentException");
  EXPECT_EQ(refused(filter("AFTER_SHARD_ID")), "InvalidArgumentException");
  EXPECT_EQ(refused(", 'MaxResults': 10001"), "ValidationException");
}

TEST_F(ServiceShards, PagesKeepTheFilter) {
  create();
  split();
  ShardPage page = shards("'StreamName': 'orders', 'MaxResults': 1" + filter("AT_LATEST"));
  std::string ids = page.shards.at(0).id.substr(19);
  while (!page.next_token.empty()) {
    page = shards("'MaxResults': 1, 'NextToken': '" + page.next_token + "'");
    ids += page.shards.at(0).id.substr(19);
  }
  EXPECT_EQ(ids, "023");
}

TEST_F(ServiceShards, PageTokensStandAloneAndExpire) {
  create();
  const std::string token = shards("'StreamName': 'orders', 'MaxResults': 1").next_token;
  EXPECT_EQ(code("ListShards", "{'StreamName': 'orders', 'NextToken': '" + token + "'}"), "InvalidArgumentException");
  EXPECT_EQ(code("ListShards", "{'NextToken': 'x'}"), "InvalidArgumentException");
  for (const char* beside :
       {"'StreamCreationTimestamp': 1767225600", "'ExclusiveStartShardId': 'a'", "'ShardFilter': {'Type': 'AT_LATEST'}",
        "'StreamARN': 'arn:aws:kinesis:us-east-1:000000000000:stream/other'"}) {
    EXPECT_EQ(code("ListShards", "{'NextToken': '" + token + "', " + beside + "}"), "InvalidArgumentException")
        << beside;
  }
  EXPECT_EQ(shards("'NextToken': '" + token + "', 'StreamARN': 'arn:aws:kinesis:us-east-1:000000000000:stream/orders'")
                .shards.size(),
            1U);
  now += std::chrono::minutes(5);
  EXPECT_EQ(code("ListShards", "{'NextToken': '" + token + "'}"), "ExpiredNextTokenException");
}

TEST_F(ServiceShards, AreThoseOfTheStreamThatWasCreatedThen) {
  create();
  EXPECT_EQ(listed(", 'StreamCreationTimestamp': 1767225600"), "0 1");
  EXPECT_EQ(code("ListShards", "{'StreamName': 'orders', 'StreamCreationTimestamp': 1767225601}"),
            "ResourceNotFoundException");
}

TEST_F(ServiceShards, OnlyProvisionedStreamsAreReshardedByTheirUsers) {
  ok("CreateStream", "{'StreamName': 'orders', 'StreamModeDetails': {'StreamMode': 'ON_DEMAND'}}");
  now += milliseconds(100);
  for (const auto& [operation, body] :
       {std::pair("SplitShard", "'ShardToSplit': '" + kShard0 + "', 'NewStartingHashKey': '5'"),
        std::pair("MergeShards", "'ShardToMerge': '" + kShard0 + "', 'AdjacentShardToMerge': '" + kShard1 + "'"),
        std::pair("UpdateShardCount", std::string("'ScalingType': 'UNIFORM_SCALING', 'TargetShardCount': 8"))}) {
    EXPECT_EQ(code(operation, "{'StreamName': 'orders', " + body + "}"), "ValidationException") << operation;
  }
}

TEST_F(ServiceShards, AStreamIsUpdatingWhileItIsReshardedAndServesRecordsMeanwhile) {
  create();
  ok("SplitShard",
     "{'StreamName': 'orders', 'ShardToSplit': '" + kShard1 + "', 'NewStartingHashKey': '" + kUpperMiddle + "'}");
  EXPECT_EQ(code("MergeShards", "{'StreamName': 'orders', 'ShardToMerge': '" + kShard2 +
                                    "', 'AdjacentShardToMerge': '" + kShard3 + "'}"),
            "ResourceInUseException");
  ok("PutRecord", "{'StreamName': 'orders', 'PartitionKey': 'k', 'Data': 'YQ=='}");
  now += milliseconds(100);
  ok("MergeShards",
     "{'StreamName': 'orders', 'ShardToMerge': '" + kShard2 + "', 'AdjacentShardToMerge': '" + kShard3 + "'}");
  const auto page = shards("'StreamName': 'orders'");
  ASSERT_EQ(page.shards.size(), 5U);
  EXPECT_EQ(page.shards[4].parents(), (std::vector{kShard2, kShard3}));
  EXPECT_FALSE(page.shards[2].is_open());
}

TEST_F(ServiceShards, RefusesReshardsThatCannotBe) {
  create();
  const auto split_at = [&](const std::string& shard, const std::string& key) {
    return code("SplitShard",
                "{'StreamName': 'orders', 'ShardToSplit': '" + shard + "', 'NewStartingHashKey': '" + key + "'}");
  };
  EXPECT_EQ(split_at(kShard3, kMiddle), "ResourceNotFoundException");
  EXPECT_EQ(split_at(kShard0, kUpperMiddle), "InvalidArgumentException");
  EXPECT_EQ(split_at(kShard0, "x"), "ValidationException");
  EXPECT_EQ(split_at(kShard0, "05"), "ValidationException");
  now += seconds(1);
  EXPECT_EQ(split_at(kShard0, "340282366920938463463374607431768211456"), "InvalidArgumentException");  // 2^128
  now += seconds(1);
  EXPECT_EQ(code("MergeShards", "{'StreamName': 'orders', 'ShardToMerge': '" + kShard0 + "'}"), "ValidationException");
}

TEST_F(ServiceShards, ScalesToAnyCountWithinAFactorOfTwo) {
  create("orders", 4);
  const auto scale = [](int count) {
    return "{'StreamName': 'orders', 'ScalingType': 'UNIFORM_SCALING', 'TargetShardCount': " + std::to_string(count) +
           "}";
  };
  EXPECT_EQ(code("UpdateShardCount", scale(9)), "InvalidArgumentException");
  EXPECT_EQ(code("UpdateShardCount", scale(1)), "InvalidArgumentException");
  for (const int target : {7, 5, 8, 4, 3}) {
    now += seconds(1);
    ok("UpdateShardCount", scale(target));
    const auto page = shards("'StreamName': 'orders'" + filter("AT_LATEST"));
    ASSERT_EQ(page.shards.size(), static_cast<std::size_t>(target));
    // All of them together are the whole space, in parts of equal width.
    for (const Shard& shard : page.shards) {
      const std::uint64_t width = shard.hash_keys.end.high - shard.hash_keys.start.high;
      EXPECT_NEAR(static_cast<double>(width), 0x1p64 / target, 0x1p40);
    }
  }
  for (int i = 0; i < 5; ++i) {
    now += seconds(1);
    ok("UpdateShardCount", scale(i % 2 == 0 ? 4 : 3));
  }
  now += seconds(1);
  EXPECT_EQ(code("UpdateShardCount", scale(4)), "LimitExceededException");
  now += hours(24);
  ok("UpdateShardCount", scale(4));
}

TEST_F(ServiceShards, AListingWithHolesIsOneThatLacksShards) {
  create("orders", 4);
  const auto parameters = decode_parameters(Protocol::json, json("{'StreamName': 'orders'}"));
  const auto body = service->call(Operation::list_shards, *parameters, Protocol::json, now, Listing::with_holes);
  EXPECT_EQ(wire::decode_list_shards(Protocol::json, *body)->shards.size(), 2U);
}

}  // namespace
}  // namespace kcl::local
