// Whom a worker subscribes as: found once, registered when there is none, used when it is ACTIVE.
#include "aws/fan_out_consumer.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "aws/kinesis_client.h"
#include "unit/aws/service_test.h"

namespace kcl::aws {
namespace {

using test::ScriptedServer;
using Kind = KinesisError::Kind;
using Calls = std::vector<std::string>;

constexpr const char* kJson = "Content-Type: application/x-amz-json-1.1\r\n";
const std::string kStreamArn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders";

Turn stream() {
  return answering(200,
                   R"({"StreamDescriptionSummary":{"StreamName":"orders","StreamARN":")" + kStreamArn +
                       R"(","StreamCreationTimestamp":1,"RetentionPeriodHours":24,"OpenShardCount":1}})",
                   kJson);
}
Turn consumer(const std::string& status, const std::string& member = "ConsumerDescription") {
  return answering(200,
                   R"({")" + member + R"(":{"ConsumerName":"app","ConsumerARN":"arn:app","ConsumerStatus":")" + status +
                       R"(","ConsumerCreationTimestamp":1}})",
                   kJson);
}

class FanOutConsumerTest : public ServiceTest {
 protected:
  ~FanOutConsumerTest() override {
    loop_.run_and_wait([this] {
      scope_.reset();
      kinesis_.reset();
    });
  }
  void start(int port, std::string stream, ConsumerChoice choice) {
    stream_ = std::move(stream);
    choice.look_every = std::chrono::milliseconds(1);
    connect(port, Service::kinesis);
    loop_.run_and_wait(
        [&] { kinesis_ = std::make_unique<KinesisClient>(loop_, *service_, *client_, std::move(choice)); });
  }
  std::optional<KinesisError> subscribe(base::Duration timeout = kPatience) {
    auto answer = wait_for([&] {
      SubscribeToShard request;
      request.stream = stream_;
      request.shard_id = "shardId-000000000000";
      return kinesis_->subscribe_to_shard(std::move(request), loop_.now() + timeout);
    });
    return answer.value ? std::nullopt : std::optional(answer.value.error());
  }
  /// What the server was asked, without the prefix.
  static Calls calls(const ScriptedServer& server) {
    Calls calls;
    for (const auto& request : server.requests()) {
      calls.push_back(request.header("x-amz-target").substr(std::string("Kinesis_20131202.").size()));
    }
    return calls;
  }

  std::string stream_;
  std::unique_ptr<KinesisClient> kinesis_;
};

const Turn kTaken = error("ResourceInUseException");

TEST_F(FanOutConsumerTest, AnArnIsUsedAsItIs) {
  ScriptedServer server(playing({kTaken}));
  start(server.port(), "orders", {.arn = "arn:mine"});
  EXPECT_EQ(subscribe().value().kind, Kind::in_use);
  EXPECT_EQ(calls(server), Calls{"SubscribeToShard"});
  EXPECT_NE(server.requests().at(0).body.find("arn:mine"), std::string::npos);
}

TEST_F(FanOutConsumerTest, ANameIsLookedUpOnce) {
  ScriptedServer server(playing({stream(), consumer("ACTIVE"), kTaken, kTaken}));
  start(server.port(), "orders", {.name = "app"});
  EXPECT_EQ(subscribe().value().kind, Kind::in_use);
  EXPECT_EQ(subscribe().value().kind, Kind::in_use);
  EXPECT_EQ(calls(server),
            (Calls{"DescribeStreamSummary", "DescribeStreamConsumer", "SubscribeToShard", "SubscribeToShard"}));
  EXPECT_NE(server.requests().at(1).body.find(kStreamArn), std::string::npos);
  EXPECT_NE(server.requests().at(2).body.find("arn:app"), std::string::npos);
}

TEST_F(FanOutConsumerTest, AStreamGivenByArnIsNotLookedUp) {
  ScriptedServer server(playing({consumer("ACTIVE"), kTaken}));
  start(server.port(), kStreamArn, {.name = "app"});
  subscribe();
  EXPECT_EQ(calls(server), (Calls{"DescribeStreamConsumer", "SubscribeToShard"}));
}

TEST_F(FanOutConsumerTest, AMissingOneIsRegisteredAndUsedOnceItIsActive) {
  ScriptedServer server(playing({error("ResourceNotFoundException"), consumer("CREATING", "Consumer"),
                                 consumer("CREATING"), consumer("ACTIVE"), kTaken}));
  start(server.port(), kStreamArn, {.name = "app"});
  EXPECT_EQ(subscribe().value().kind, Kind::in_use);
  EXPECT_EQ(calls(server), (Calls{"DescribeStreamConsumer", "RegisterStreamConsumer", "DescribeStreamConsumer",
                                  "DescribeStreamConsumer", "SubscribeToShard"}));
}

TEST_F(FanOutConsumerTest, SomebodyElseMayRegisterItFirst) {
  ScriptedServer server(
      playing({error("ResourceNotFoundException"), error("ResourceInUseException"), consumer("ACTIVE"), kTaken}));
  start(server.port(), kStreamArn, {.name = "app"});
  EXPECT_EQ(subscribe().value().kind, Kind::in_use);
  EXPECT_EQ(server.requests().size(), 4U);
}

TEST_F(FanOutConsumerTest, OneThatIsBeingDeletedIsWaitedForAndMadeAnew) {
  ScriptedServer server(playing({consumer("DELETING"), error("ResourceNotFoundException"),
                                 consumer("CREATING", "Consumer"), consumer("ACTIVE"), kTaken}));
  start(server.port(), kStreamArn, {.name = "app"});
  EXPECT_EQ(subscribe().value().kind, Kind::in_use);
}

TEST_F(FanOutConsumerTest, OneThatIsGoneIsLookedForAgain) {
  ScriptedServer server(playing({consumer("ACTIVE"), error("ResourceNotFoundException"), consumer("ACTIVE"), kTaken}));
  start(server.port(), kStreamArn, {.name = "app"});
  EXPECT_EQ(subscribe().value().kind, Kind::not_found);
  EXPECT_EQ(subscribe().value().kind, Kind::in_use);
}

TEST_F(FanOutConsumerTest, WhatTheServiceRefusesIsTold) {
  const struct {
    std::vector<Turn> turns;
    Kind expected;
  } cases[] = {
      {{error("AccessDeniedException")}, Kind::denied},
      {{error("ResourceNotFoundException"), error("LimitExceededException")}, Kind::throttled},
      {{error("ResourceNotFoundException"), error("AccessDeniedException")}, Kind::denied},
  };
  for (const auto& c : cases) {
    ScriptedServer server(playing(c.turns));
    start(server.port(), kStreamArn, {.name = "app"});
    EXPECT_EQ(subscribe().value().kind, c.expected);
    EXPECT_EQ(server.requests().size(), c.turns.size());
  }
}

TEST_F(FanOutConsumerTest, OneThatIsNeverActiveIsNotWaitedForWithoutEnd) {
  ScriptedServer server(ScriptedServer::answering([](const auto&) { return consumer("CREATING").bytes; }));
  start(server.port(), kStreamArn, {.name = "app"});
  const auto late = subscribe(std::chrono::milliseconds(100));
  ASSERT_TRUE(late);
  EXPECT_EQ(late->kind, Kind::unavailable);
}

}  // namespace
}  // namespace kcl::aws
