// The public DynamoDB store against whatever answers at AWS_ENDPOINT_URL_DYNAMODB. Run by dynamodb_conformance_test.py,
// which starts a server, gives each run a name of its own (KCLPP_TEST_RUN), and stands between the two to break things.
#include <gtest/gtest.h>
#include <kcl/item_stores.h>
#include <kcl/testing/item_store_conformance.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "stores/cas_counter.h"

namespace kcl {
namespace {

using stores::CasWriter;
using Kind = WriteOutcome::Kind;

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

/// Without an endpoint of its own a test would end up in somebody's account.
std::shared_ptr<ItemStore> store_of(const std::string& table, const std::string& key_attribute = "leaseKey") {
  if (from_environment("AWS_ENDPOINT_URL_DYNAMODB").empty() || from_environment("KCLPP_TEST_RUN").empty()) {
    ADD_FAILURE() << "AWS_ENDPOINT_URL_DYNAMODB or KCLPP_TEST_RUN is not set; run dynamodb_conformance_test.py";
    return nullptr;
  }
  DynamoDbOptions options;
  options.table = from_environment("KCLPP_TEST_RUN") + "-" + table;
  options.key_attribute = key_attribute;
  auto store = make_dynamodb_item_store(options);
  if (!store) {
    ADD_FAILURE() << store.error().message;
    return nullptr;
  }
  return *store;
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& test : testing::item_store_conformance()) names.push_back(test.name);
  return names;
}

class Conformance : public ::testing::TestWithParam<std::string> {};

TEST_P(Conformance, OfTheDynamoDbStore) {
  const auto store = store_of(GetParam());
  ASSERT_TRUE(store);
  for (const auto& test : testing::item_store_conformance()) {
    if (test.name != GetParam()) continue;
    EXPECT_EQ(test.run(*store), "");
  }
}

INSTANTIATE_TEST_SUITE_P(Each, Conformance, ::testing::ValuesIn(case_names()),
                         [](const auto& test) { return test.param; });

TEST(ConformanceSuite, RunsInOneTableWithAnotherKeyAttribute) {
  const auto store = store_of("one-table", "ShardID");
  ASSERT_TRUE(store);
  for (const auto& test : testing::item_store_conformance("ShardID")) EXPECT_EQ(test.run(*store), "") << test.name;
}

TEST(OneTable, IsMisusedUnderAnotherKeyAttribute) {
  ASSERT_TRUE(store_of("misused")->ensure(CreateTable::if_missing, Call{}));
  const auto ensured = store_of("misused", "ShardID")->ensure(CreateTable::if_missing, Call{});
  ASSERT_FALSE(ensured);
  EXPECT_EQ(ensured.error().kind, StoreError::Kind::misuse);
  EXPECT_NE(ensured.error().message.find("leaseKey (S)"), std::string::npos) << ensured.error().message;
}

TEST(OneTable, ThatIsMissingIsMisuseWhenItMayNotBeCreated) {
  const auto store = store_of("missing");
  const auto ensured = store->ensure(CreateTable::never, Call{});
  ASSERT_FALSE(ensured);
  EXPECT_EQ(ensured.error().kind, StoreError::Kind::misuse);
  EXPECT_NE(ensured.error().message.find("does not exist"), std::string::npos) << ensured.error().message;
  EXPECT_EQ(store->update({"k", {}, {}}, Call{}).kind, Kind::misuse);
  const auto read = store->get("k", true, Call{});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, StoreError::Kind::misuse);
}

// --- one of several processes: KCLPP_TEST_WRITER is its name ---

TEST(OneOfSeveral, EnsuresATableThatIsThenReady) {
  const auto store = store_of("ensured");
  ASSERT_TRUE(store);
  const auto ensured = store->ensure(CreateTable::if_missing, Call{});
  ASSERT_TRUE(ensured) << ensured.error().message;
  const std::string writer = from_environment("KCLPP_TEST_WRITER");
  const auto created = store->create({{"leaseKey", writer}}, Call{});
  EXPECT_EQ(created.kind, Kind::applied) << created.message;
}

TEST(OneOfSeveral, RaisesACounterExactly) {
  constexpr std::int64_t kIncrements = 60;
  const auto store = store_of("counted");
  ASSERT_TRUE(store);
  const auto ensured = store->ensure(CreateTable::if_missing, Call{});
  ASSERT_TRUE(ensured) << ensured.error().message;
  const std::string writer = from_environment("KCLPP_TEST_WRITER");
  // One of them creates it; whose answer is lost finds it there.
  static_cast<void>(store->create({{"leaseKey", "counter"}, {"counter", Number::of(0)}}, Call{}));
  CasWriter counting(*store, "counter", writer);
  EXPECT_EQ(counting.run(kIncrements), "");
  EXPECT_EQ(counting.committed(), kIncrements);
  const auto read = store->get("counter", true, Call{});
  ASSERT_TRUE(read && read->row);
  EXPECT_EQ(CasWriter::count_of(*read->row, writer), kIncrements);
}

}  // namespace
}  // namespace kcl
