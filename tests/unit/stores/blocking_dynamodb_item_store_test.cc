// The public DynamoDB store: what it adds to stores/dynamodb_item_store.h is threads that wait.
#include "stores/blocking_dynamodb_item_store.h"

#include <gtest/gtest.h>
#include <kcl/item_stores.h>

#include <atomic>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "unit/aws/service_test.h"
#include "unit/stores/scratch.h"
#include "unit/worker/eventually.h"

namespace kcl::stores {
namespace {

using namespace std::chrono_literals;
using aws::answering;
using aws::playing;
using aws::Turn;
using test::ScriptedServer;
using Kind = WriteOutcome::Kind;

constexpr const char* kActive =
    R"({"Table":{"TableStatus":"ACTIVE","KeySchema":[{"AttributeName":"leaseKey","KeyType":"HASH"}],)"
    R"("AttributeDefinitions":[{"AttributeName":"leaseKey","AttributeType":"S"}]}})";

DynamoDbOptions options_for(int port) {
  DynamoDbOptions options;
  options.table = "leases";
  options.region = "eu-west-1";
  options.endpoint = "http://127.0.0.1:" + std::to_string(port);
  options.credentials = static_credentials(aws::kTestCredentials);
  return options;
}

std::shared_ptr<ItemStore> store_for(int port) {
  auto store = make_dynamodb_item_store(options_for(port));
  EXPECT_TRUE(store) << store.error().message;
  return *store;
}

TEST(BlockingDynamoDb, MakesEveryCall) {
  ScriptedServer server(
      playing({answering(200, kActive), answering(200, "{}"), answering(200, R"({"Item":{"leaseKey":{"S":"k"}}})"),
               answering(200, R"({"Attributes":{"leaseKey":{"S":"k"},"a":{"S":"b"}}})"),
               answering(200, R"({"Items":[{"leaseKey":{"S":"k"}}]})"), answering(200, "{}")}));
  const auto store = store_for(server.port());
  EXPECT_TRUE(store->ensure(CreateTable::if_missing, Call{}));
  EXPECT_EQ(store->create({{"leaseKey", "k"}}, Call{}).kind, Kind::applied);
  EXPECT_EQ(store->get("k", true, Call{})->row, (Item{{"leaseKey", "k"}}));
  EXPECT_EQ(store->update({"k", {Action::set("a", "b")}, {}}, Call{}).row, (Item{{"leaseKey", "k"}, {"a", "b"}}));
  EXPECT_EQ(store->scan({}, Call{})->rows.size(), 1U);
  EXPECT_EQ(store->remove("k", {}, Call{}).kind, Kind::applied);
  const auto seen = server.requests();
  const std::vector<std::string> operations{"DescribeTable", "PutItem", "GetItem", "UpdateItem", "Scan", "DeleteItem"};
  ASSERT_EQ(seen.size(), operations.size());
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i].header("x-amz-target"), "DynamoDB_20120810." + operations[i]);
  }
}

TEST(BlockingDynamoDb, RefusesOptionsThatCannotBe) {
  const auto expect = [](const DynamoDbOptions& options, const std::string& word) {
    const auto store = make_dynamodb_item_store(options);
    ASSERT_FALSE(store) << word;
    EXPECT_EQ(store.error().kind, StoreError::Kind::misuse);
    EXPECT_NE(store.error().message.find("DynamoDbOptions::" + word), std::string::npos) << store.error().message;
  };
  const auto with = [](auto change) {
    DynamoDbOptions options = options_for(1);
    change(options);
    return options;
  };
  expect(with([](auto& options) { options.table = "a table"; }), "table");
  expect(with([](auto& options) { options.table = ""; }), "table");
  expect(with([](auto& options) { options.key_attribute = ""; }), "key_attribute");
  expect(with([](auto& options) { options.region = "eu_west!"; }), "region");
  expect(with([](auto& options) { options.profile = "a profile that nobody has"; }), "profile");
  expect(with([](auto& options) { options.endpoint = "127.0.0.1:1"; }), "endpoint");
}

TEST(BlockingDynamoDb, CallsEndWithTheirTimeout) {
  ScriptedServer server(playing(std::vector<Turn>(8, aws::silence())));
  const auto store = store_for(server.port());
  const Call brief{.timeout = 300ms, .stop = {}};  // enough to send
  EXPECT_EQ(store->update({"k", {}, {}}, brief).kind, Kind::unknown);
  const auto read = store->get("k", true, brief);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, StoreError::Kind::unavailable);
  const Call over{.timeout = -1ms, .stop = {}};
  EXPECT_EQ(store->update({"k", {}, {}}, over).kind, Kind::not_applied);
}

TEST(BlockingDynamoDb, ATimeoutMayBeAsLongAsTheClockGoes) {
  ScriptedServer server(playing({answering(200, "{}")}));
  const auto store = store_for(server.port());
  EXPECT_TRUE(store->get("k", true, {.timeout = std::chrono::milliseconds::max(), .stop = {}}));
}

TEST(BlockingDynamoDb, ARequestToStopEndsWaiting) {
  ScriptedServer server(playing(std::vector<Turn>(8, aws::silence())));
  const auto store = store_for(server.port());
  std::stop_source stop;
  const Call call{.timeout = 1h, .stop = stop.get_token()};
  WriteOutcome outcome;
  std::optional<StoreResult<ReadItem>> read;
  {
    std::jthread writer([&] { outcome = store->update({"k", {}, {}}, call); });
    std::jthread reader([&] { read.emplace(store->get("k", true, call)); });
    ASSERT_TRUE(test::eventually([&] { return server.requests().size() == 2; }));
    stop.request_stop();
  }
  EXPECT_EQ(outcome.kind, Kind::unknown);
  EXPECT_NE(outcome.message.find("stopped"), std::string::npos) << outcome.message;
  ASSERT_FALSE(*read);
  EXPECT_EQ(read->error().kind, StoreError::Kind::unavailable);
  // What was asked to stop before it began ends as well.
  EXPECT_EQ(store->update({"k", {}, {}}, call).kind, Kind::unknown);
}

TEST(BlockingDynamoDb, ThreadsDoNotWaitForEachOther) {
  constexpr std::size_t kThreads = 8;
  std::latch all{kThreads};
  ScriptedServer server([&all](test::Wire& wire) {
    while (wire.read_request()) {
      all.arrive_and_wait();  // nobody is answered until all have asked
      wire.write(test::answer(200, "{}"));
    }
  });
  const auto store = store_for(server.port());
  std::vector<std::jthread> threads;
  std::atomic<std::size_t> read{0};
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] { read += store->get("k", true, Call{}) ? 1U : 0U; });
  }
  threads.clear();
  EXPECT_EQ(read, kThreads);
}

TEST(BlockingDynamoDb, IsNotUsedAcrossFork) {
  ScriptedServer server(playing({answering(200, "{}"), answering(200, "{}")}));
  auto store = store_for(server.port());
  EXPECT_TRUE(store->get("k", true, Call{}));
  scratch::Child child([&](scratch::Parent&) {
    const auto outcome = store->update({"k", {}, {}}, Call{});
    if (outcome.kind != Kind::misuse || outcome.message.find("forked") == std::string::npos) return 1;
    const auto read = store->get("k", true, Call{});
    if (read || read.error().kind != StoreError::Kind::misuse) return 2;
    store.reset();  // must not wait for threads that stayed with the parent
    return 0;
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_TRUE(store->get("k", true, Call{}));
}

TEST(BlockingDynamoDb, MayBeDestroyedWhileWhatWasStoppedIsUnderWay) {
  ScriptedServer server(playing({aws::silence()}));
  auto store = store_for(server.port());
  std::stop_source stop;
  std::jthread writer(
      [&] { static_cast<void>(store->update({"k", {}, {}}, {.timeout = 1h, .stop = stop.get_token()})); });
  ASSERT_TRUE(test::eventually([&] { return server.requests().size() == 1; }));
  stop.request_stop();
  writer.join();
  store.reset();
}

}  // namespace
}  // namespace kcl::stores
