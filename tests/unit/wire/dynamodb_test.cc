#include "wire/dynamodb.h"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <vector>

namespace kcl::wire {
namespace {

namespace json = boost::json;

const DynamoDbRequests kRequests("leases", "leaseKey");

/// Compares as JSON: the order of members says nothing.
void expect_json(const std::string& got, const std::string& expected) {
  EXPECT_EQ(json::parse(got), json::parse(expected)) << got;
}

TEST(DynamoDbRequests, AsksForATableOnDemandWithOneStringKey) {
  expect_json(kRequests.describe_table(), R"json({"TableName":"leases"})json");
  expect_json(kRequests.create_table(), R"json({"TableName":"leases","BillingMode":"PAY_PER_REQUEST",
      "AttributeDefinitions":[{"AttributeName":"leaseKey","AttributeType":"S"}],
      "KeySchema":[{"AttributeName":"leaseKey","KeyType":"HASH"}]})json");
}

TEST(DynamoDbRequests, NamesTheKeyAttribute) {
  const DynamoDbRequests go("t-1", "ShardID");
  expect_json(go.get_item("k", true),
              R"json({"TableName":"t-1","Key":{"ShardID":{"S":"k"}},"ConsistentRead":true})json");
}

TEST(DynamoDbRequests, ReadsAsItIsTold) {
  expect_json(kRequests.get_item("a\"\n", false),
              R"json({"TableName":"leases","Key":{"leaseKey":{"S":"a\"\n"}},"ConsistentRead":false})json");
}

TEST(DynamoDbRequests, PutsOnlyWhereNothingIs) {
  expect_json(kRequests.put_item({{"leaseKey", "k"}, {"n", Number{"1.50"}}, {"none", AttributeValue()}}),
              R"json({"TableName":"leases","Item":{"leaseKey":{"S":"k"},"n":{"N":"1.50"},"none":{"NULL":true}},
                  "ConditionExpression":"attribute_not_exists(#n0)","ExpressionAttributeNames":{"#n0":"leaseKey"},
                  "ReturnValuesOnConditionCheckFailure":"ALL_OLD"})json");
}

TEST(DynamoDbRequests, UpdatesOnlyWhatIsThere) {
  expect_json(kRequests.update_item({"k", {}, {}}),
              R"json({"TableName":"leases","Key":{"leaseKey":{"S":"k"}},"ConditionExpression":"attribute_exists(#n0)",
                  "ExpressionAttributeNames":{"#n0":"leaseKey"},"ReturnValues":"ALL_NEW",
                  "ReturnValuesOnConditionCheckFailure":"ALL_OLD"})json");
}

/// A name may be a reserved word of DynamoDB, or hold what would be syntax.
TEST(DynamoDbRequests, HidesNamesAndValuesBehindPlaceholders) {
  ItemUpdate update;
  update.key = "k";
  update.actions = {Action::set("status", "a"), Action::add("count", Number::of(1)), Action::remove("a.b[0] #:"),
                    Action::set("second", Number::of(2)), Action::remove("another")};
  update.conditions = {Condition::equals("status", "b"), Condition::absent("size"), Condition::present("count"),
                       Condition::equals("leaseKey", "k")};
  expect_json(kRequests.update_item(update), R"json({"TableName":"leases","Key":{"leaseKey":{"S":"k"}},
      "ConditionExpression":
        "attribute_exists(#n0) AND #n1 = :v0 AND attribute_not_exists(#n2) AND attribute_exists(#n3) AND #n0 = :v1",
      "UpdateExpression":"SET #n1 = :v2, #n5 = :v4 REMOVE #n4, #n6 ADD #n3 :v3",
      "ExpressionAttributeNames":{"#n0":"leaseKey","#n1":"status","#n2":"size","#n3":"count","#n4":"a.b[0] #:",
                                  "#n5":"second","#n6":"another"},
      "ExpressionAttributeValues":{":v0":{"S":"b"},":v1":{"S":"k"},":v2":{"S":"a"},":v3":{"N":"1"},":v4":{"N":"2"}},
      "ReturnValues":"ALL_NEW","ReturnValuesOnConditionCheckFailure":"ALL_OLD"})json");
}

TEST(DynamoDbRequests, CarriesValuesOfEveryType) {
  const AttributeValue::List list{AttributeValue("x"), AttributeValue(AttributeValue::Map{{"m", true}})};
  ItemUpdate update;
  update.key = "k";
  const std::vector<std::pair<AttributeValue, std::string>> values{
      {"text", R"({"S":"text"})"},
      {"", R"({"S":""})"},
      {Number{"-1E-130"}, R"({"N":"-1E-130"})"},
      {Binary{std::string("\0\xFF", 2)}, R"({"B":"AP8="})"},
      {false, R"({"BOOL":false})"},
      {AttributeValue(), R"({"NULL":true})"},
      {AttributeValue::StringSet{"b", "a"}, R"({"SS":["a","b"]})"},
      {AttributeValue::NumberSet{{"3"}, {"1"}}, R"({"NS":["1","3"]})"},
      {AttributeValue::BinarySet{{"a"}}, R"({"BS":["YQ=="]})"},
      {AttributeValue(list), R"({"L":[{"S":"x"},{"M":{"m":{"BOOL":true}}}]})"},
  };
  for (const auto& [value, text] : values) {
    update.actions = {Action::set("a", value)};
    update.conditions = {Condition::equals("a", value)};
    const auto request = json::parse(kRequests.update_item(update)).as_object();
    EXPECT_EQ(request.at("ExpressionAttributeValues").at(":v0"), json::parse(text)) << text;
    EXPECT_EQ(request.at("ExpressionAttributeValues").at(":v1"), json::parse(text)) << text;
  }
}

TEST(DynamoDbRequests, DeletesOnlyWhatIsThere) {
  expect_json(kRequests.delete_item("k", {Condition::equals("owner", "w")}),
              R"json({"TableName":"leases","Key":{"leaseKey":{"S":"k"}},
                  "ConditionExpression":"attribute_exists(#n0) AND #n1 = :v0",
                  "ExpressionAttributeNames":{"#n0":"leaseKey","#n1":"owner"},
                  "ExpressionAttributeValues":{":v0":{"S":"w"}},"ReturnValuesOnConditionCheckFailure":"ALL_OLD"})json");
}

TEST(DynamoDbRequests, ScansPageByPageAndSegmentBySegment) {
  expect_json(kRequests.scan({}), R"json({"TableName":"leases","ConsistentRead":false})json");
  expect_json(kRequests.scan({.page_token = "last", .segment = 1, .total_segments = 3, .consistent = true}),
              R"json({"TableName":"leases","ConsistentRead":true,"Segment":1,"TotalSegments":3,
                  "ExclusiveStartKey":{"leaseKey":{"S":"last"}}})json");
}

TEST(DynamoDbRequests, LeavesItToTheServiceToRefuseASegmentThatCannotBe) {
  expect_json(kRequests.scan({.segment = 1}),
              R"json({"TableName":"leases","ConsistentRead":false,"Segment":1,"TotalSegments":1})json");
  expect_json(kRequests.scan({.total_segments = 0}),
              R"json({"TableName":"leases","ConsistentRead":false,"Segment":0,"TotalSegments":0})json");
}

// --- answers ---

std::string table(const std::string& schema, const std::string& type, const std::string& status = "ACTIVE") {
  return R"({"Table":{"TableStatus":")" + status + R"(","KeySchema":[)" + schema +
         R"(],"AttributeDefinitions":[{"AttributeName":"other","AttributeType":"N"},
                                       {"AttributeName":"leaseKey","AttributeType":")" +
         type + R"("}],"ItemCount":0}})";
}
constexpr const char* kHash = R"({"AttributeName":"leaseKey","KeyType":"HASH"})";

TEST(DynamoDbAnswers, DescribesATable) {
  const auto plain = decode_describe_table(table(kHash, "S"));
  ASSERT_TRUE(plain) << plain.error();
  EXPECT_EQ(plain->status, "ACTIVE");
  EXPECT_EQ(plain->partition_key, "leaseKey");
  EXPECT_EQ(plain->partition_key_type, "S");
  EXPECT_FALSE(plain->has_sort_key);
  const std::string range = std::string(R"({"AttributeName":"other","KeyType":"RANGE"},)") + kHash;
  const auto sorted = decode_describe_table(table(range, "B"));
  ASSERT_TRUE(sorted) << sorted.error();
  EXPECT_EQ(sorted->partition_key, "leaseKey");
  EXPECT_EQ(sorted->partition_key_type, "B");
  EXPECT_TRUE(sorted->has_sort_key);
}

TEST(DynamoDbAnswers, ATableOfWhichTooLittleIsToldIsAnError) {
  for (const std::string& body :
       {std::string(), std::string("[]"), std::string("{}"), std::string(R"({"Table":[]})"),
        std::string(R"({"Table":{"KeySchema":[],"AttributeDefinitions":[]}})"),
        std::string(R"({"Table":{"TableStatus":"ACTIVE"}})"), table("1", "S"), table(kHash, "S").substr(0, 50)}) {
    EXPECT_FALSE(decode_describe_table(body)) << body;
  }
}

TEST(DynamoDbAnswers, NamesTables) {
  const auto first = decode_list_tables(R"({"TableNames":["a","b"],"LastEvaluatedTableName":"b","More":1})");
  ASSERT_TRUE(first) << first.error();
  EXPECT_EQ(first->names, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(first->last, "b");
  const auto last = decode_list_tables(R"({"TableNames":[]})");
  ASSERT_TRUE(last) << last.error();
  EXPECT_TRUE(last->names.empty());
  EXPECT_EQ(last->last, "");
  for (const char* body : {"", "[]", "{}", R"({"TableNames":"a"})", R"({"TableNames":[1]})", R"({"LastKey":null})"}) {
    EXPECT_FALSE(decode_list_tables(body)) << body;
  }
}

TEST(DynamoDbRequests, ListsTablesPageByPage) {
  EXPECT_EQ(list_tables(""), "{}");
  EXPECT_EQ(list_tables("b"), R"({"ExclusiveStartTableName":"b"})");
}

TEST(DynamoDbAnswers, NoItemMeansNoRow) {
  EXPECT_EQ(decode_get_item("{}").value(), std::nullopt);
  EXPECT_EQ(decode_get_item(R"({"Item":null})").value(), std::nullopt);
  EXPECT_EQ(decode_get_item(R"({"Item":{"leaseKey":{"S":"k"}}})").value(), (Item{{"leaseKey", "k"}}));
  for (const char* body :
       {"", "null", "[]", R"("Item")", R"({"Item":[]})", R"({"Item":{"a":1}})", R"({"Item":{"a":{"Q":"1"}}})"}) {
    EXPECT_FALSE(decode_get_item(body)) << body;
  }
}

TEST(DynamoDbAnswers, AnUpdateTellsTheRowAfterIt) {
  EXPECT_EQ(decode_update_item(R"({"Attributes":{"leaseKey":{"S":"k"},"n":{"N":"2"}}})").value(),
            (Item{{"leaseKey", "k"}, {"n", Number::of(2)}}));
  for (const char* body : {"{}", R"({"Attributes":null})", R"({"Attributes":"x"})", "<html>"}) {
    EXPECT_FALSE(decode_update_item(body)) << body;
  }
}

TEST(DynamoDbAnswers, DoneIsSaidInJson) {
  EXPECT_TRUE(decode_done("{}"));
  EXPECT_TRUE(decode_done(R"({"ConsumedCapacity":{}})"));
  for (const char* body : {"", "<html></html>", "[]", "null", "{"}) EXPECT_FALSE(decode_done(body)) << body;
}

TEST(DynamoDbAnswers, AScanTellsRowsAndWhereItWentOn) {
  const auto last = decode_scan(R"({"Items":[{"leaseKey":{"S":"a"}},{"leaseKey":{"S":"b"}}],"Count":2})", "leaseKey");
  ASSERT_TRUE(last) << last.error();
  EXPECT_EQ(last->rows, (std::vector<Item>{{{"leaseKey", "a"}}, {{"leaseKey", "b"}}}));
  EXPECT_EQ(last->next_page_token, "");
  const auto first = decode_scan(R"({"Items":[],"LastEvaluatedKey":{"leaseKey":{"S":"b"}}})", "leaseKey");
  ASSERT_TRUE(first) << first.error();
  EXPECT_EQ(first->next_page_token, "b");
}

/// An empty table means that nobody holds a lease: nothing may look like one that is not.
TEST(DynamoDbAnswers, AScanWithoutItemsIsNoEmptyTable) {
  for (const char* body :
       {"{}", R"({"Items":null})", R"({"Items":{}})", R"({"Count":0})", "[]", "", R"({"Items":[1]})",
        R"({"Items":[{"leaseKey":{"S":"a"}},{"leaseKey":"b"}]})", R"({"Items":[],"LastEvaluatedKey":{}})",
        R"({"Items":[],"LastEvaluatedKey":{"ShardID":{"S":"b"}}})",
        R"({"Items":[],"LastEvaluatedKey":{"leaseKey":{"N":"1"}}})",
        R"({"Items":[],"LastEvaluatedKey":{"leaseKey":{"S":""}}})", R"({"Items":[],"LastEvaluatedKey":"b"})"}) {
    EXPECT_FALSE(decode_scan(body, "leaseKey")) << body;
  }
  EXPECT_EQ(decode_scan(R"({"Items":[{"a":{"S":"x"}},{"a":{"S":7}}]})", "leaseKey").error().substr(0, 9), "Items.1: ");
}

}  // namespace
}  // namespace kcl::wire
