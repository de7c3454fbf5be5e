#include "memory_store/memory_table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kcl::memory_store {
namespace {

using Kind = WriteOutcome::Kind;

TEST(MemoryTable, RowsAreKeptUnderTheKeyAttributeItWasMadeWith) {
  MemoryTable table("ShardID");
  EXPECT_EQ(table.create({{"leaseKey", "k"}}).kind, Kind::misuse);
  EXPECT_EQ(table.create({{"ShardID", "k"}, {"leaseKey", "free to use"}}).kind, Kind::applied);
  EXPECT_EQ(table.update({"k", {Action::set("ShardID", "other")}, {}}).kind, Kind::misuse);
  EXPECT_EQ(table.update({"k", {Action::set("leaseKey", "changed")}, {}}).kind, Kind::applied);
  EXPECT_EQ(table.get("k"), (Item{{"ShardID", "k"}, {"leaseKey", "changed"}}));
}

TEST(MemoryTable, AnUpdateIsAllOrNothing) {
  MemoryTable table("leaseKey");
  const Item row{{"leaseKey", "k"}, {"s", "text"}};
  table.create(row);
  const auto outcome = table.update({"k", {Action::set("a", "1"), Action::add("s", Number::of(1))}, {}});
  EXPECT_EQ(outcome.kind, Kind::misuse);
  EXPECT_EQ(outcome.message, "update of row k: attribute s: it is no number, so nothing can be added to it");
  EXPECT_EQ(table.get("k"), row);
}

TEST(MemoryTable, AnUpdateNeverCreatesARow) {
  MemoryTable table("leaseKey");
  EXPECT_EQ(table.update({"k", {Action::set("a", "1")}, {}}).kind, Kind::refused);
  EXPECT_TRUE(table.rows().empty());
}

std::vector<std::vector<std::string>> pages_of(const MemoryTable& table, ScanRequest request) {
  std::vector<std::vector<std::string>> pages;
  do {
    const auto page = table.scan(request);
    std::vector<std::string> keys;
    for (const Item& row : page.value().rows) keys.push_back(*row.at("leaseKey").get_if<std::string>());
    pages.push_back(keys);
    request.page_token = page.value().next_page_token;
  } while (!request.page_token.empty());
  return pages;
}

TEST(MemoryTable, AScanGoesByPages) {
  MemoryTable table("leaseKey", 2);
  for (const char* key : {"a", "b", "c", "d", "e"}) table.create({{"leaseKey", key}});
  EXPECT_EQ(pages_of(table, {}), (std::vector<std::vector<std::string>>{{"a", "b"}, {"c", "d"}, {"e"}}));
  table.remove("e", {});
  EXPECT_EQ(pages_of(table, {}), (std::vector<std::vector<std::string>>{{"a", "b"}, {"c", "d"}}));
  EXPECT_EQ(pages_of(MemoryTable("leaseKey"), {}), (std::vector<std::vector<std::string>>{{}}));
}

TEST(MemoryTable, AScanGoesOnWhereTheRowItStoppedAtIsGone) {
  MemoryTable table("leaseKey", 2);
  for (const char* key : {"a", "b", "c"}) table.create({{"leaseKey", key}});
  const std::string token = table.scan({}).value().next_page_token;
  table.remove("b", {});
  const auto rest = table.scan({.page_token = token});
  ASSERT_EQ(rest.value().rows.size(), 1U);
  EXPECT_EQ(rest.value().rows[0], (Item{{"leaseKey", "c"}}));
}

TEST(MemoryTable, SegmentsThatDoNotExistAreMisuse) {
  const MemoryTable table("leaseKey");
  for (const ScanRequest& request :
       {ScanRequest{.segment = 1, .total_segments = 1}, ScanRequest{.segment = 0, .total_segments = 0}}) {
    const auto page = table.scan(request);
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().kind, StoreError::Kind::misuse);
  }
}

}  // namespace
}  // namespace kcl::memory_store
