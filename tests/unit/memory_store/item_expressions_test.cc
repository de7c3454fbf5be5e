#include "memory_store/item_expressions.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace kcl::memory_store {
namespace {

using Kind = WriteOutcome::Kind;

const std::string kKey = "leaseKey";

TEST(Holds, IsTypedAndComparesNumbersByValue) {
  const Item row{{"s", "1"}, {"n", Number::of(1)}, {"empty", ""}};
  EXPECT_TRUE(holds(Condition::present("s"), &row));
  EXPECT_FALSE(holds(Condition::present("x"), &row));
  EXPECT_TRUE(holds(Condition::absent("x"), &row));
  EXPECT_FALSE(holds(Condition::absent("empty"), &row));
  EXPECT_TRUE(holds(Condition::equals("n", Number{"1.0"}), &row));
  EXPECT_FALSE(holds(Condition::equals("n", "1"), &row));
  EXPECT_FALSE(holds(Condition::equals("s", Number::of(1)), &row));
  EXPECT_FALSE(holds(Condition::equals("x", ""), &row));
}

TEST(Holds, EveryAttributeOfAMissingRowIsAbsent) {
  EXPECT_TRUE(holds(Condition::absent("a"), nullptr));
  EXPECT_FALSE(holds(Condition::present("a"), nullptr));
  EXPECT_FALSE(holds(Condition::equals("a", AttributeValue()), nullptr));
}

TEST(Apply, SetsRemovesAndAdds) {
  Item row{{"a", "old"}, {"b", "b"}, {"n", Number{"0.5"}}};
  EXPECT_EQ(apply({Action::set("a", Number::of(1)), Action::remove("b"), Action::remove("x"),
                   Action::add("n", Number{"0.5"}), Action::add("m", Number::of(-3))},
                  row),
            "");
  EXPECT_EQ(row, (Item{{"a", Number::of(1)}, {"n", Number::of(1)}, {"m", Number::of(-3)}}));
}

TEST(Apply, TellsWhatCannotBeAdded) {
  Item row{{"s", "text"}, {"big", Number{"1e125"}}};
  EXPECT_EQ(apply({Action::add("s", Number::of(1))}, row),
            "attribute s: it is no number, so nothing can be added to it");
  EXPECT_EQ(apply({Action::add("big", Number::of(1))}, row), "attribute big: 1e125 + 1 needs more than 38 digits");
}

TEST(FaultIn, FindsWhatDynamoDbWouldRefuse) {
  AttributeValue deep = "x";
  for (int i = 0; i < 32; ++i) deep = AttributeValue::List{deep};
  const std::vector<std::pair<std::string, AttributeValue>> wrong{
      {"a", AttributeValue::StringSet{}},
      {"a", AttributeValue::NumberSet{}},
      {"a", AttributeValue::BinarySet{}},
      {"a", AttributeValue::NumberSet{{"x"}}},
      {"a", Number{"seven"}},
      {"a", Number{"1e200"}},
      {"a", std::string("\xFF")},
      {"a", std::string("\xC0\x80")},
      {"a", std::string("\xED\xA0\x80")},
      {"a", std::string("\xF4\x90\x80\x80")},
      {"a", std::string("\xE2\x82")},
      {"a", AttributeValue::StringSet{"\xFF"}},
      {"a", AttributeValue::Map{{"\xFF", "x"}}},
      {"a", AttributeValue::Map{{"m", AttributeValue::List{AttributeValue::StringSet{}}}}},
      {"a", deep},
      {"", "x"},
      {"\xFF", "x"}};
  for (const auto& [name, value] : wrong) {
    EXPECT_NE(fault_in(Item{{kKey, "k"}, {name, value}}, kKey), "") << name;
    EXPECT_NE(fault_in(ItemUpdate{"k", {Action::set(name, value)}, {}}, kKey), "") << name;
    EXPECT_NE(fault_in(ItemUpdate{"k", {}, {Condition::equals(name, value)}}, kKey), "") << name;
    EXPECT_NE(fault_in("k", {Condition::equals(name, value)}), "") << name;
  }
}

TEST(FaultIn, AcceptsWhatDynamoDbTakes) {
  AttributeValue deep = "x";
  for (int i = 0; i < 31; ++i) deep = AttributeValue::List{deep};
  const Item row{{kKey, "k"},
                 {"text", "\xC3\xBC \xE6\x9D\xB1 \xF0\x9F\x98\x80 \xED\x9F\xBF \xF4\x8F\xBF\xBF"},
                 {"empty", ""},
                 {"nul", std::string("\0", 1)},
                 {"bytes", Binary{"\xFF"}},
                 {"null", AttributeValue()},
                 {"yes", true},
                 {"list", AttributeValue::List{}},
                 {"deep", deep}};
  EXPECT_EQ(fault_in(row, kKey), "");
}

TEST(FaultIn, KeepsTheKeyWhatItIs) {
  for (const auto& action : {Action::set(kKey, "x"), Action::remove(kKey), Action::add(kKey, Number::of(1))}) {
    EXPECT_EQ(fault_in(ItemUpdate{"k", {action}, {}}, kKey),
              "attribute leaseKey: it is the key, and a row's key never changes");
  }
  EXPECT_EQ(fault_in(ItemUpdate{"k", {Action::set("leaseKey", "x")}, {}}, "ShardID"), "");
  EXPECT_NE(fault_in(ItemUpdate{"", {}, {}}, kKey), "");
  EXPECT_NE(fault_in("", std::vector<Condition>{}), "");
  EXPECT_NE(fault_in(Item{{"a", "b"}}, kKey), "");
  EXPECT_NE(fault_in(Item{{kKey, Number::of(1)}}, kKey), "");
  EXPECT_NE(fault_in(Item{{kKey, ""}}, kKey), "");
}

TEST(FaultIn, AnAttributeHasOneActionPerUpdate) {
  EXPECT_NE(fault_in(ItemUpdate{"k", {Action::set("a", "1"), Action::remove("a")}, {}}, kKey), "");
  EXPECT_NE(fault_in(ItemUpdate{"k", {Action{Action::Kind::add, "a", "text"}}, {}}, kKey), "");
}

TEST(Decide, MisuseThatOnlyTheRowShowsIsMisuseOnlyIfTheConditionsHold) {
  const Item row{{kKey, "k"}, {"s", "text"}};
  const ItemUpdate update{"k", {Action::add("s", Number::of(1))}, {}};
  EXPECT_EQ(decide_update(update, row).kind, Kind::misuse);
  const ItemUpdate refused{"k", update.actions, {Condition::absent("s")}};
  EXPECT_EQ(decide_update(refused, row).kind, Kind::refused);
  EXPECT_EQ(decide_update(update, std::nullopt).kind, Kind::refused);
}

TEST(SegmentOf, IsTheSameEverywhere) {
  EXPECT_EQ(segment_of("shardId-000000000000", 1), 0U);
  EXPECT_EQ(segment_of("a", 1'000), 0xAF63DC4C8601EC8CU % 1'000);  // FNV-1a's published value
}

}  // namespace
}  // namespace kcl::memory_store
