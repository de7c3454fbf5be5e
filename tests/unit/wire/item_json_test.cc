#include "wire/item_json.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

namespace kcl::wire {
namespace {

Item rich_item() {
  return {{"leaseKey", "shardId-000000000000"},
          {"leaseCounter", Number::of(7)},
          {"binary", Binary{std::string("\0\x01\xFF", 3)}},
          {"yes", true},
          {"null", AttributeValue()},
          {"parents", AttributeValue::StringSet{"b", "a"}},
          {"numbers", AttributeValue::NumberSet{{"10"}, {"9"}, {"-1.50"}}},
          {"binaries", AttributeValue::BinarySet{{"x"}, {""}}},
          {"list", AttributeValue::List{"x", Number::of(1), AttributeValue::List{}}},
          {"map", AttributeValue::Map{{"in", AttributeValue::Map{{"deep", ""}}}}}};
}

TEST(ItemJson, WritesEachTypeAsDynamoDbDoes) {
  for (const auto& [value, json] : std::vector<std::pair<AttributeValue, std::string>>{
           {"w", R"({"S":"w"})"},
           {"", R"({"S":""})"},
           {"q\" b\\ n\n \xE6\x9D\xB1", "{\"S\":\"q\\\" b\\\\ n\\n \xE6\x9D\xB1\"}"},
           {Number{"1.50"}, R"({"N":"1.50"})"},
           {Binary{"foo"}, R"({"B":"Zm9v"})"},
           {false, R"({"BOOL":false})"},
           {AttributeValue(), R"({"NULL":true})"},
           {AttributeValue::StringSet{"b", "a"}, R"({"SS":["a","b"]})"},
           {AttributeValue::NumberSet{{"10"}, {"9"}}, R"({"NS":["9","10"]})"},
           {AttributeValue::BinarySet{{"foo"}}, R"({"BS":["Zm9v"]})"},
           {AttributeValue::List{"x", Number::of(1)}, R"({"L":[{"S":"x"},{"N":"1"}]})"},
           {AttributeValue::Map{{"k", "v"}}, R"({"M":{"k":{"S":"v"}}})"},
       }) {
    EXPECT_EQ(encode_attribute(value), json);
    const auto decoded = decode_attribute(json);
    ASSERT_TRUE(decoded) << decoded.error();
    EXPECT_EQ(*decoded, value) << json;
  }
}

TEST(ItemJson, ItemsRoundTripToTheSameText) {
  const std::string json = encode_item(rich_item());
  const auto decoded = decode_item(json);
  ASSERT_TRUE(decoded) << decoded.error();
  EXPECT_EQ(*decoded, rich_item());
  EXPECT_EQ(encode_item(*decoded), json);  // numbers compare by value: this compares their text too
  EXPECT_EQ(encode_item({}), "{}");
}

TEST(ItemJson, ErrorsNameTheAttribute) {
  const auto decoded = decode_item(R"({"fine":{"S":"x"},"outer":{"M":{"inner":{"N":"x"}}}})");
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error(), "attribute \"outer\": attribute \"inner\": expected a number written as a string");
}

TEST(ItemJson, RefusesWhatIsNoItem) {
  for (const char* json : {"",
                           " ",
                           "null",
                           "[]",
                           "7",
                           "{",
                           R"({"a":1})",
                           R"({"a":{}})",
                           R"({"a":{"S":"x","N":"1"}})",
                           R"({"a":{"X":"x"}})",
                           R"({"a":{"S":1}})",
                           R"({"a":{"N":1}})",
                           R"({"a":{"N":""}})",
                           R"({"a":{"B":"*"}})",
                           R"({"a":{"BOOL":"true"}})",
                           R"({"a":{"NULL":null}})",
                           R"({"a":{"SS":[]}})",
                           R"({"a":{"SS":"x"}})",
                           R"({"a":{"SS":[1]}})",
                           R"({"a":{"NS":["x"]}})",
                           R"({"a":{"BS":["?"]}})",
                           R"({"a":{"L":{}}})",
                           R"({"a":{"L":["x"]}})",
                           R"({"a":{"M":[]}})",
                           R"({"a":{"S":"x"}} x)",
                           "{\"a\":{\"S\":\"\xFF\"}}"}) {
    EXPECT_FALSE(decode_item(json)) << json;
  }
}

std::string nested(int depth) {
  std::string json = R"({"S":"x"})";
  for (int level = 1; level < depth; ++level)
    json = (level % 2 != 0 ? R"({"L":[)" : R"({"M":{"k":)") + json + (level % 2 != 0 ? "]}" : "}}");
  return json;
}

TEST(ItemJson, NestsAsDeepAsDynamoDbAndNoDeeper) {
  EXPECT_TRUE(decode_attribute(nested(32)));
  EXPECT_TRUE(decode_item("{\"a\":" + nested(32) + "}"));
  for (const int depth : {33, 34, 40, 1'000}) EXPECT_FALSE(decode_attribute(nested(depth))) << depth;
  EXPECT_FALSE(decode_item(std::string(1'000'000, '[')));
  std::string open;
  for (int i = 0; i < 100'000; ++i) open += R"({"M":)";
  EXPECT_FALSE(decode_item(open));
}

TEST(ItemJson, LongNamesAreCutInMessages) {
  const auto decoded = decode_item("{\"" + std::string(100'000, 'n') + "\":1}");
  ASSERT_FALSE(decoded);
  EXPECT_LT(decoded.error().size(), 200U);
}

TEST(ItemJson, DamagedTextNeverHarms) {
  const std::string json = encode_item(rich_item());
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = json;
    for (std::size_t flips = random() % 3 + 1; flips > 0; --flips)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    damaged.resize(damaged.size() - random() % 2 * (random() % damaged.size()));
    // What is read is an item that can be written and read again.
    if (const auto decoded = decode_item(damaged)) {
      const auto again = decode_item(encode_item(*decoded));
      ASSERT_TRUE(again) << damaged;
      EXPECT_EQ(*again, *decoded) << damaged;
    }
  }
}

}  // namespace
}  // namespace kcl::wire
