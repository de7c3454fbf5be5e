#include "operate/lease_export.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "unit/leases/lease_fixture.h"
#include "unit/operate/view.h"

namespace kcl::operate {
namespace {

Item odd_row() {
  Item row;
  row.emplace("leaseKey", "a note");
  row.emplace("number", Number{"1.50"});
  row.emplace("raw", Binary{std::string("\0\1\377", 3)});
  row.emplace("flag", true);
  row.emplace("none", Null{});
  row.emplace("texts", AttributeValue::StringSet{"a", "b"});
  row.emplace("numbers", AttributeValue::NumberSet{Number{"1"}, Number{"2"}});
  row.emplace("raws", AttributeValue::BinarySet{Binary{"x"}});
  row.emplace("list", AttributeValue::List{AttributeValue("a"), AttributeValue(Null{})});
  row.emplace("map", AttributeValue::Map{{"deep", AttributeValue("ü\n")}});
  return row;
}

TEST(LeaseExport, IsReadAsItWasWritten) {
  Export exported{.table = "orders", .taken = kNow, .rows = {leases::kcl_row::render(kclpp_lease(0)), odd_row()}};
  const auto read = parse_export(render(exported));
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->table, "orders");
  EXPECT_EQ(read->taken, kNow);
  for (const Item& row : exported.rows) EXPECT_NE(std::ranges::find(read->rows, row), read->rows.end());
  EXPECT_EQ(read->rows.size(), exported.rows.size());
  EXPECT_EQ(render(*read), render(exported)) << "the same rows make the same text";
}

TEST(LeaseExport, WhatIsNoneIsRefusedWithItsLine) {
  const std::string good = render({.table = "orders", .taken = kNow, .rows = {}});
  const auto error = [](const std::string& text) {
    const auto read = parse_export(text);
    return read ? std::string() : read.error();
  };
  EXPECT_FALSE(error("").empty());
  EXPECT_FALSE(error("\n").empty());
  EXPECT_EQ(error(R"({"leaseKey":{"S":"x"}})").substr(0, 6), "line 1");
  EXPECT_NE(error(R"({"kclpp_lease_export":2,"table":"t"})").find("version 2"), std::string::npos);
  EXPECT_NE(error(R"({"kclpp_lease_export":1})").find("no table"), std::string::npos);
  EXPECT_EQ(error(good + "{\"a\":{\"S\":\n").substr(0, 7), "line 2:");
  EXPECT_TRUE(error(good).empty());
}

class ReadRows : public leases::LeaseTest {};

TEST_F(ReadRows, EveryRowOfEveryPageIsRead) {
  for (int index = 0; index < 8; ++index) store.put_lease(kclpp_lease(index));
  store.put(odd_row());
  const auto rows = run(read_rows(loop, store));
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->size(), 9U);
  store.set_reads_fail(true);
  EXPECT_FALSE(run(read_rows(loop, store)));
}

}  // namespace
}  // namespace kcl::operate
