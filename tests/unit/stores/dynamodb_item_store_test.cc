#include "stores/dynamodb_item_store.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/aws/service_test.h"

namespace kcl::stores {
namespace {

using namespace std::chrono_literals;
using aws::answering;
using aws::error;
using aws::playing;
using aws::Turn;
using test::RefusingPort;
using test::ScriptedServer;
using Kind = WriteOutcome::Kind;

constexpr const char* kDate = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
constexpr std::chrono::seconds kDateSeconds{784'111'777};

std::string described_as(const std::string& status, const std::string& schema, const std::string& definitions) {
  return R"({"Table":{"TableName":"leases","TableStatus":")" + status + R"(","KeySchema":[)" + schema +
         R"(],"AttributeDefinitions":[)" + definitions + "]}}";
}

std::string described(const std::string& status, const std::string& key = "leaseKey", const std::string& type = "S") {
  return described_as(status, R"({"AttributeName":")" + key + R"(","KeyType":"HASH"})",
                      R"({"AttributeName":")" + key + R"(","AttributeType":")" + type + R"("})");
}

Turn table(const std::string& status) { return answering(200, described(status)); }
Turn missing() { return error("ResourceNotFoundException"); }

std::vector<std::string> targets(const ScriptedServer& server) {
  std::vector<std::string> names;
  for (const auto& request : server.requests()) {
    const std::string target = request.header("x-amz-target");
    names.push_back(target.substr(target.find('.') + 1));
  }
  return names;
}

class DynamoDbItemStoreTest : public aws::ServiceTest {
 protected:
  ~DynamoDbItemStoreTest() override {
    loop_.run_and_wait([this] {
      scope_.reset();
      store_.reset();
    });
  }
  void start(int port, const std::string& key_attribute = "leaseKey") {
    connect(port);
    loop_.run_and_wait([&] {
      DynamoDbTable table{.name = "leases", .key_attribute = key_attribute};
      store_ = std::make_unique<DynamoDbItemStore>(loop_, random_, *service_, std::move(table));
    });
  }

  StoreResult<void> ensure(CreateTable create, base::Duration timeout = kPatience) {
    return wait_for([&] { return store_->ensure(create, loop_.now() + timeout); }).value;
  }
  StoreResult<ReadItem> get(bool consistent = true) {
    return wait_for([&] { return store_->get("k", consistent, loop_.now() + kPatience); }).value;
  }
  StoreResult<ScanPage> scan(const ScanRequest& request = {}) {
    return wait_for([&] { return store_->scan(request, loop_.now() + kPatience); }).value;
  }
  ports::Answer<WriteOutcome> create(const Item& row, base::Duration timeout = kPatience) {
    return wait_for([&] { return store_->create(row, loop_.now() + timeout); });
  }
  ports::Answer<WriteOutcome> update(const ItemUpdate& update, base::Duration timeout = kPatience) {
    return wait_for([&] { return store_->update(update, loop_.now() + timeout); });
  }
  ports::Answer<WriteOutcome> remove(const std::vector<Condition>& conditions = {},
                                     base::Duration timeout = kPatience) {
    return wait_for([&] { return store_->remove("k", conditions, loop_.now() + timeout); });
  }

  /// Each kind of write, on a server of its own that takes this one turn.
  std::vector<WriteOutcome> each_write(const Turn& turn) {
    std::vector<WriteOutcome> outcomes;
    const auto serve = [&](const auto& write) {
      ScriptedServer server(playing(std::vector<Turn>(4, turn)));
      start(server.port());
      outcomes.push_back(write().value);
      requests_ = server.requests().size();
    };
    serve([&] { return create({{"leaseKey", "k"}}); });
    serve([&] { return update({"k", {Action::set("a", "b")}, {}}); });
    serve([&] { return remove(); });
    return outcomes;
  }

  std::unique_ptr<DynamoDbItemStore> store_;
  /// That the last server of each_write() saw.
  std::size_t requests_ = 0;
};

void expect_misuse(const StoreResult<void>& result, const std::string& word) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, StoreError::Kind::misuse) << result.error().message;
  EXPECT_NE(result.error().message.find(word), std::string::npos) << result.error().message;
  EXPECT_NE(result.error().message.find("table leases"), std::string::npos) << result.error().message;
}
void expect_unavailable(const StoreResult<void>& result, const std::string& word) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, StoreError::Kind::unavailable) << result.error().message;
  EXPECT_NE(result.error().message.find(word), std::string::npos) << result.error().message;
}

using Names = std::vector<std::string>;

TEST(TableNames, AreThoseOfDynamoDb) {
  for (const std::string& name : {std::string("abc"), std::string("a.b_c-9"), std::string(255, 'A')})
    EXPECT_TRUE(is_table_name(name)) << name;
  for (const std::string& name : {std::string(), std::string("ab"), std::string(256, 'A'), std::string("a b c"),
                                  std::string("a/bc"), std::string("caf\xC3\xA9"), std::string("ab\0c", 4)})
    EXPECT_FALSE(is_table_name(name)) << name;
}

// --- ensure ---

TEST_F(DynamoDbItemStoreTest, ATableThatIsActiveIsReadyAtOnce) {
  for (const char* status : {"ACTIVE", "UPDATING"}) {
    for (const auto create : {CreateTable::if_missing, CreateTable::never}) {
      ScriptedServer server(playing({table(status)}));
      start(server.port());
      EXPECT_TRUE(ensure(create)) << status;
      EXPECT_EQ(targets(server), Names{"DescribeTable"});
    }
  }
}

TEST_F(DynamoDbItemStoreTest, ATableThatIsBeingCreatedIsWaitedFor) {
  ScriptedServer server(playing({table("CREATING"), table("CREATING"), table("ACTIVE")}));
  start(server.port());
  EXPECT_TRUE(ensure(CreateTable::never));
  EXPECT_EQ(targets(server), (Names{"DescribeTable", "DescribeTable", "DescribeTable"}));
}

TEST_F(DynamoDbItemStoreTest, AMissingTableIsNotCreatedUnlessAllowed) {
  ScriptedServer server(playing({missing()}));
  start(server.port());
  const auto ensured = ensure(CreateTable::never);
  expect_misuse(ensured, "does not exist in region eu-west-1");
  EXPECT_EQ(targets(server), Names{"DescribeTable"});
}

TEST_F(DynamoDbItemStoreTest, AMissingTableIsCreatedAndWaitedFor) {
  ScriptedServer server(playing({missing(), table("CREATING"), table("CREATING"), table("ACTIVE")}));
  start(server.port());
  EXPECT_TRUE(ensure(CreateTable::if_missing));
  EXPECT_EQ(targets(server), (Names{"DescribeTable", "CreateTable", "DescribeTable", "DescribeTable"}));
}

TEST_F(DynamoDbItemStoreTest, ATableThatIsBeingDeletedIsCreatedAnewOnceItIsGone) {
  ScriptedServer server(playing({table("DELETING"), missing(), table("CREATING"), table("ACTIVE")}));
  start(server.port());
  EXPECT_TRUE(ensure(CreateTable::if_missing));
  ScriptedServer another(playing({table("DELETING"), missing()}));
  start(another.port());
  expect_misuse(ensure(CreateTable::never), "does not exist");
}

TEST_F(DynamoDbItemStoreTest, WhoeverComesSecondWaitsForTheFirstOnesTable) {
  ScriptedServer server(playing({missing(), error("ResourceInUseException"), missing(), error("ResourceInUseException"),
                                 table("CREATING"), table("ACTIVE")}));
  start(server.port());
  const auto ensured = ensure(CreateTable::if_missing);
  EXPECT_TRUE(ensured) << ensured.error().message;
}

TEST_F(DynamoDbItemStoreTest, ACreationThatIsThrottledOrNotAnsweredIsLookedAtAgain) {
  for (const Turn& trouble : {error("LimitExceededException"), aws::reset(), error("InternalServerError", 500)}) {
    std::vector<Turn> turns{missing(), trouble};
    // What is throttled is sent again, which we leave to the client: so as often as it takes.
    if (trouble.end == Turn::End::keep && trouble.bytes.find("Limit") != std::string::npos) {
      for (int i = 0; i < 3; ++i) turns.push_back(trouble);
    }
    turns.push_back(table("ACTIVE"));
    ScriptedServer server(playing(turns));
    start(server.port());
    const auto ensured = ensure(CreateTable::if_missing);
    EXPECT_TRUE(ensured) << ensured.error().message;
    EXPECT_EQ(server.requests().size(), turns.size());
  }
}

TEST_F(DynamoDbItemStoreTest, WhoIsThrottledLooksAgainForAsLongAsThereIsTime) {
  std::vector<Turn> turns(5, error("ThrottlingException"));
  turns.push_back(table("ACTIVE"));
  ScriptedServer server(playing(turns));
  start(server.port());
  const auto ensured = ensure(CreateTable::never);
  EXPECT_TRUE(ensured) << ensured.error().message;
}

TEST_F(DynamoDbItemStoreTest, ACreationThatIsRefusedIsMisuse) {
  for (const char* code : {"AccessDeniedException", "ValidationException"}) {
    ScriptedServer server(playing({missing(), error(code)}));
    start(server.port());
    const auto ensured = ensure(CreateTable::if_missing);
    expect_misuse(ensured, code);
    EXPECT_NE(ensured.error().message.find("cannot create"), std::string::npos) << ensured.error().message;
  }
}

TEST_F(DynamoDbItemStoreTest, ATableWithAnotherKeyIsMisuse) {
  const std::string hash = R"({"AttributeName":"leaseKey","KeyType":"HASH"})";
  const std::string text = R"({"AttributeName":"leaseKey","AttributeType":"S"})";
  struct Case {
    std::string body;
    const char* word;
  };
  for (const auto& [body, word] : {Case{described("ACTIVE", "ShardID"), "ShardID (S)"},
                                   {described("ACTIVE", "leaseKey", "N"), "leaseKey (N)"},
                                   {described_as("ACTIVE", hash + R"(,{"AttributeName":"at","KeyType":"RANGE"})",
                                                 text + R"(,{"AttributeName":"at","AttributeType":"N"})"),
                                    "with a sort key"},
                                   {described_as("ACTIVE", "", ""), "is not a lease table"}}) {
    ScriptedServer server(playing({answering(200, body)}));
    start(server.port());
    expect_misuse(ensure(CreateTable::if_missing), word);
  }
  ScriptedServer server(playing({answering(200, described("ACTIVE", "ShardID"))}));
  start(server.port(), "ShardID");
  EXPECT_TRUE(ensure(CreateTable::never));
}

TEST_F(DynamoDbItemStoreTest, ATableThatSomebodyMustMendIsMisuse) {
  for (const char* status : {"ARCHIVED", "ARCHIVING", "INACCESSIBLE_ENCRYPTION_CREDENTIALS"}) {
    ScriptedServer server(playing({table(status)}));
    start(server.port());
    expect_misuse(ensure(CreateTable::if_missing), status);
  }
}

TEST_F(DynamoDbItemStoreTest, WhoMayNotLookIsTold) {
  ScriptedServer server(playing({error("AccessDeniedException")}));
  start(server.port());
  expect_misuse(ensure(CreateTable::if_missing), "AccessDeniedException");
}

TEST_F(DynamoDbItemStoreTest, AWaitForATableEndsWithItsDeadline) {
  ScriptedServer server(playing(std::vector<Turn>(50, table("CREATING"))));
  start(server.port());
  expect_unavailable(ensure(CreateTable::if_missing, 300ms), "it is CREATING");
  ScriptedServer silent(playing({aws::silence()}));
  start(silent.port());
  expect_unavailable(ensure(CreateTable::if_missing, 100ms), "127.0.0.1");
}

TEST_F(DynamoDbItemStoreTest, ADescriptionThatIsNoneIsUnavailable) {
  for (const Turn& turn : {answering(200, "{}"), answering(200, ""), aws::page(200)}) {
    ScriptedServer server(playing({turn}));
    start(server.port());
    expect_unavailable(ensure(CreateTable::if_missing), "not one of DynamoDB");
  }
}

TEST_F(DynamoDbItemStoreTest, WithoutAServerItIsUnavailable) {
  const RefusingPort nobody;
  start(nobody.port());
  expect_unavailable(ensure(CreateTable::if_missing), std::to_string(nobody.port()));
}

// --- reads ---

TEST_F(DynamoDbItemStoreTest, GetsARowOrNone) {
  ScriptedServer server(playing(
      {answering(200, R"({"Item":{"leaseKey":{"S":"k"},"n":{"N":"7"}}})", kDate), answering(200, "{}", kDate)}));
  start(server.port());
  const auto row = get();
  ASSERT_TRUE(row) << row.error().message;
  EXPECT_EQ(row->row, (Item{{"leaseKey", "k"}, {"n", Number::of(7)}}));
  EXPECT_EQ(row->server_time.time_since_epoch(), kDateSeconds);
  EXPECT_EQ(get(false)->row, std::nullopt);
  const auto seen = server.requests();
  EXPECT_EQ(targets(server), (Names{"GetItem", "GetItem"}));
  EXPECT_EQ(seen[0].header("content-type"), "application/x-amz-json-1.0");
  EXPECT_NE(seen[0].body.find(R"("ConsistentRead":true)"), std::string::npos);
  EXPECT_NE(seen[1].body.find(R"("ConsistentRead":false)"), std::string::npos);
}

TEST_F(DynamoDbItemStoreTest, ReadsAreRepeatedAfterDoubtAndThrottling) {
  const Turn page = answering(200, R"({"Items":[]})");
  for (const Turn& trouble : {error("ProvisionedThroughputExceededException"), error("InternalServerError", 500),
                              aws::reset(), aws::damaged()}) {
    ScriptedServer server(playing({trouble, answering(200, "{}"), trouble, page}));
    start(server.port());
    EXPECT_TRUE(get());
    EXPECT_TRUE(scan());
  }
}

TEST_F(DynamoDbItemStoreTest, ReadsFailByTheirCause) {
  struct Case {
    Turn turn;
    StoreError::Kind kind;
    const char* word;
  };
  for (const auto& [turn, kind, word] :
       {Case{missing(), StoreError::Kind::misuse, "does not exist"},
        {error("AccessDeniedException"), StoreError::Kind::misuse, "AccessDenied"},
        {error("ValidationException"), StoreError::Kind::misuse, "because"},
        {answering(200, "[]"), StoreError::Kind::unavailable, "not one of DynamoDB"},
        {aws::page(200), StoreError::Kind::unavailable, "not one of DynamoDB"},
        {error("ThrottlingException"), StoreError::Kind::unavailable, "ThrottlingException"},
        {aws::page(502), StoreError::Kind::unavailable, "502"}}) {
    ScriptedServer server(playing(std::vector<Turn>(8, turn)));
    start(server.port());
    const auto row = get();
    ASSERT_FALSE(row) << word;
    EXPECT_EQ(row.error().kind, kind) << row.error().message;
    EXPECT_NE(row.error().message.find(word), std::string::npos) << row.error().message;
    const auto rows = scan();
    ASSERT_FALSE(rows) << word;
    EXPECT_EQ(rows.error().kind, kind) << rows.error().message;
  }
}

TEST_F(DynamoDbItemStoreTest, AScanWithoutItemsIsNoEmptyTable) {
  ScriptedServer server(playing({answering(200, "{}"), answering(200, R"({"Items":[]})", kDate)}));
  start(server.port());
  const auto none = scan();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, StoreError::Kind::unavailable);
  const auto empty = scan();
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->rows.empty());
  EXPECT_EQ(empty->next_page_token, "");
  EXPECT_EQ(empty->server_time.time_since_epoch(), kDateSeconds);
}

TEST_F(DynamoDbItemStoreTest, AScanGoesOnWhereItsPageEnded) {
  ScriptedServer server(playing({answering(200, R"({"Items":[{"leaseKey":{"S":"a"}}],
                                     "LastEvaluatedKey":{"leaseKey":{"S":"a"}}})"),
                                 answering(200, R"({"Items":[{"leaseKey":{"S":"b"}}]})")}));
  start(server.port());
  const auto first = scan({.segment = 1, .total_segments = 2, .consistent = true});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->rows, (std::vector<Item>{{{"leaseKey", "a"}}}));
  const auto last = scan({.page_token = first->next_page_token, .segment = 1, .total_segments = 2, .consistent = true});
  ASSERT_TRUE(last);
  EXPECT_EQ(last->next_page_token, "");
  const std::string body = server.requests().at(1).body;
  for (const char* part : {R"("Segment":1)", R"("TotalSegments":2)", R"("ConsistentRead":true)",
                           R"("ExclusiveStartKey":{"leaseKey":{"S":"a"}})"}) {
    EXPECT_NE(body.find(part), std::string::npos) << body;
  }
}

// --- writes ---

TEST_F(DynamoDbItemStoreTest, AppliedWritesTellTheRowAfterThem) {
  ScriptedServer server(playing({answering(200, "{}", kDate),
                                 answering(200, R"({"Attributes":{"leaseKey":{"S":"k"},"n":{"N":"8"}}})", kDate),
                                 answering(200, "{}", kDate)}));
  start(server.port());
  const Item row{{"leaseKey", "k"}, {"n", Number::of(7)}};
  const auto created = create(row);
  EXPECT_EQ(created.value.kind, Kind::applied);
  EXPECT_EQ(created.value.row, row);
  ASSERT_TRUE(created.value.server_time);
  EXPECT_EQ(created.value.server_time->time_since_epoch(), kDateSeconds);
  EXPECT_EQ(created.timing.server_time, created.value.server_time);
  const auto updated = update({"k", {Action::add("n", Number::of(1))}, {Condition::present("n")}});
  EXPECT_EQ(updated.value.kind, Kind::applied);
  EXPECT_EQ(updated.value.row, (Item{{"leaseKey", "k"}, {"n", Number::of(8)}}));
  const auto removed = remove({Condition::equals("n", Number::of(8))});
  EXPECT_EQ(removed.value.kind, Kind::applied);
  EXPECT_EQ(removed.value.row, std::nullopt);
  EXPECT_EQ(targets(server), (Names{"PutItem", "UpdateItem", "DeleteItem"}));
  for (const auto& request : server.requests()) {
    EXPECT_NE(request.body.find("ConditionExpression"), std::string::npos);
    EXPECT_NE(request.body.find(R"("ReturnValuesOnConditionCheckFailure":"ALL_OLD")"), std::string::npos);
  }
}

TEST_F(DynamoDbItemStoreTest, AFailedConditionIsRefusedWithTheRowIfItIsTold) {
  const Turn with_row = answering(400, R"({"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
      "message":"The conditional request failed","Item":{"leaseKey":{"S":"k"},"owner":{"S":"other"}}})");
  for (const auto& outcome : each_write(with_row)) {
    EXPECT_EQ(outcome.kind, Kind::refused) << outcome.message;
    EXPECT_EQ(outcome.row, (Item{{"leaseKey", "k"}, {"owner", "other"}}));
    EXPECT_EQ(requests_, 1U);
  }
  for (const auto& outcome : each_write(error("ConditionalCheckFailedException"))) {
    EXPECT_EQ(outcome.kind, Kind::refused) << outcome.message;
    EXPECT_EQ(outcome.row, std::nullopt);
  }
}

TEST_F(DynamoDbItemStoreTest, WritesInDoubtAreUnknownAndNotSentAgain) {
  for (const Turn& doubt :
       {aws::reset(), aws::hang_up(), aws::cut_short(), error("InternalServerError", 500),
        error("ServiceUnavailable", 503), aws::page(400), aws::page(503), aws::damaged(),
        error("ConditionalCheckFailedException", 400, "x-amz-crc32: 1\r\n"), error("RequestTimeout")}) {
    for (const auto& outcome : each_write(doubt)) {
      EXPECT_EQ(outcome.kind, Kind::unknown) << doubt.bytes << ": " << outcome.message;
      EXPECT_NE(outcome.message, "");
      EXPECT_EQ(outcome.row, std::nullopt);
      EXPECT_EQ(requests_, 1U) << doubt.bytes;
    }
  }
}

/// Who answers with a page of his own is not DynamoDB, whatever his status says.
TEST_F(DynamoDbItemStoreTest, OnlyDynamoDbsOwnWordMakesAWriteApplied) {
  for (const Turn& turn : {aws::page(200), answering(200, ""), answering(200, "[]"), answering(200, "{")}) {
    for (const auto& outcome : each_write(turn)) {
      EXPECT_EQ(outcome.kind, Kind::unknown) << turn.bytes;
      EXPECT_NE(outcome.message.find("not one of DynamoDB"), std::string::npos) << outcome.message;
    }
  }
  ScriptedServer server(playing({answering(200, "{}")}));
  start(server.port());
  EXPECT_EQ(update({"k", {Action::set("a", "b")}, {}}).value.kind, Kind::unknown);  // without the row after it
}

TEST_F(DynamoDbItemStoreTest, WritesThatStayThrottledAreNotApplied) {
  const auto outcomes = each_write(error("ProvisionedThroughputExceededException"));
  for (const auto& outcome : outcomes) {
    EXPECT_EQ(outcome.kind, Kind::not_applied) << outcome.message;
    EXPECT_NE(outcome.message.find("ProvisionedThroughputExceededException"), std::string::npos);
  }
  EXPECT_EQ(requests_, 4U);
}

TEST_F(DynamoDbItemStoreTest, WritesThatMetAnotherOneAreNotApplied) {
  for (const char* code : {"TransactionConflictException", "ReplicatedWriteConflictException"}) {
    for (const auto& outcome : each_write(error(code))) EXPECT_EQ(outcome.kind, Kind::not_applied) << code;
  }
}

TEST_F(DynamoDbItemStoreTest, WritesThatCouldNotBeSentAreNotApplied) {
  const RefusingPort nobody;
  start(nobody.port());
  EXPECT_EQ(create({{"leaseKey", "k"}}).value.kind, Kind::not_applied);
  EXPECT_EQ(update({"k", {}, {}}).value.kind, Kind::not_applied);
  EXPECT_EQ(remove().value.kind, Kind::not_applied);
}

TEST_F(DynamoDbItemStoreTest, WritesThatAreOverBeforeTheyBeginAreNotApplied) {
  ScriptedServer server(playing({}));
  start(server.port());
  EXPECT_EQ(update({"k", {}, {}}, -1ms).value.kind, Kind::not_applied);
  EXPECT_EQ(server.requests().size(), 0U);
}

TEST_F(DynamoDbItemStoreTest, WritesThatAreNotAnsweredInTimeAreUnknown) {
  ScriptedServer server(playing({aws::silence()}));
  start(server.port());
  EXPECT_EQ(update({"k", {}, {}}, 300ms).value.kind, Kind::unknown);
}

TEST_F(DynamoDbItemStoreTest, WritesThatCannotBeAreMisuse) {
  struct Case {
    const char* code;
    const char* word;
  };
  for (const auto& [code, word] : {Case{"ResourceNotFoundException", "does not exist"},
                                   {"ValidationException", "because"},
                                   {"AccessDeniedException", "because"},
                                   {"SerializationException", "because"},
                                   {"ItemCollectionSizeLimitExceededException", "because"}}) {
    for (const auto& outcome : each_write(error(code))) {
      EXPECT_EQ(outcome.kind, Kind::misuse) << code;
      EXPECT_NE(outcome.message.find(word), std::string::npos) << outcome.message;
      EXPECT_NE(outcome.message.find("table leases"), std::string::npos) << outcome.message;
      EXPECT_EQ(requests_, 1U);
    }
  }
}

}  // namespace
}  // namespace kcl::stores
