// SubscribeToShard against a server that does as the script says: events come out as they were, whatever ends them is
// told apart.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "aws/kinesis_client.h"
#include "unit/aws/service_test.h"
#include "unit/worker/eventually.h"
#include "wire/event_stream.h"

namespace kcl::aws {
namespace {

using test::eventually;
using test::ScriptedServer;
using test::Wire;
using wire::EventHeader;
using Kind = KinesisError::Kind;
using Event = KinesisResult<std::optional<ShardEvent>>;

std::string frame(std::string_view message_type, std::string_view type, std::string_view payload) {
  const std::array headers{
      EventHeader{.name = ":message-type", .text = message_type},
      EventHeader{.name = message_type == "event" ? ":event-type" : ":exception-type", .text = type},
      EventHeader{.name = ":content-type", .text = "application/x-amz-json-1.1"}};
  return wire::encode_event(headers, payload);
}
std::string event(const std::string& number) {
  return frame("event", "SubscribeToShardEvent",
               R"({"Records":[{"SequenceNumber":")" + number + R"(","PartitionKey":"k","Data":"aGk="}],)" +
                   R"("ContinuationSequenceNumber":")" + number + R"(","MillisBehindLatest":0})");
}

std::string chunk(const std::string& bytes) {
  std::array<char, 16> size{};
  std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
  return size.data() + bytes + "\r\n";
}
/// An answer in pieces, as they are given; `end` also ends it in order.
Turn stream(const std::vector<std::string>& pieces, bool end = true, Turn::End then = Turn::End::close) {
  std::string bytes =
      "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& piece : pieces) bytes += chunk(piece);
  if (end) bytes += "0\r\n\r\n";
  return {bytes, then};
}

class SubscribeTest : public ServiceTest {
 protected:
  ~SubscribeTest() override {
    loop_.run_and_wait([this] {
      scope_.reset();
      stream_.reset();
      kinesis_.reset();
    });
  }
  void start(int port) {
    connect(port, Service::kinesis);
    loop_.run_and_wait(
        [this] { kinesis_ = std::make_unique<KinesisClient>(loop_, *service_, *client_, ConsumerChoice{}); });
  }
  std::optional<KinesisError> subscribe() {
    auto answer = wait_for([&] {
      SubscribeToShard request;
      request.consumer_arn = "arn:consumer";
      request.shard_id = "shardId-000000000000";
      request.type = GetShardIterator::Type::after_sequence_number;
      request.sequence_number = "7";
      return kinesis_->subscribe_to_shard(std::move(request), loop_.now() + kPatience);
    });
    if (!answer.value) return answer.value.error();
    stream_ = *std::move(answer.value);
    return std::nullopt;
  }
  Event next(base::Duration timeout = kPatience) {
    return wait_for([&] { return stream_->next(loop_.now() + timeout); }).value;
  }
  std::string number_of_next() {
    const auto got = next();
    return got && *got ? std::string((*got)->records.at(0).sequence_number()) : "none";
  }

  std::unique_ptr<KinesisClient> kinesis_;
  std::unique_ptr<ports::ShardSubscription> stream_;
};

TEST_F(SubscribeTest, EventsComeAsTheyWereWhateverPiecesTheyCameIn) {
  const std::string all = frame("event", "initial-response", "{}") + event("8") + event("9");
  std::vector<std::string> pieces;
  for (std::size_t at = 0; at < all.size(); at += 50) pieces.push_back(all.substr(at, 50));
  ScriptedServer server(playing({stream(pieces)}));
  start(server.port());
  ASSERT_FALSE(subscribe());
  const auto first = next();
  ASSERT_TRUE(first && *first);
  EXPECT_EQ((*first)->records.at(0).text(), "hi");
  EXPECT_EQ((*first)->continuation_sequence_number, "8");
  EXPECT_GT((*first)->server_time, Timestamp{});
  EXPECT_EQ(number_of_next(), "9");
  const auto end = next();
  ASSERT_TRUE(end);
  EXPECT_FALSE(*end);

  const auto seen = server.requests().at(0);
  EXPECT_EQ(seen.header("x-amz-target"), "Kinesis_20131202.SubscribeToShard");
  EXPECT_EQ(seen.header("content-type"), "application/x-amz-cbor-1.1");
}

TEST_F(SubscribeTest, WhatIsRefusedBeforeTheStreamIsToldByItsKind) {
  const struct {
    Turn turn;
    Kind expected;
  } cases[] = {
      {error("ResourceInUseException"), Kind::in_use},
      {error("ResourceNotFoundException"), Kind::not_found},
      {error("LimitExceededException"), Kind::throttled},
      {error("AccessDeniedException"), Kind::denied},
      {error("InvalidArgumentException"), Kind::invalid_argument},
      {error("InternalFailure", 500), Kind::unavailable},
      {page(503), Kind::unavailable},
      {hang_up(), Kind::unavailable},
  };
  for (const auto& c : cases) {
    ScriptedServer server(playing({c.turn}));
    start(server.port());
    const auto refused = subscribe();
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->kind, c.expected) << refused->message;
  }
}

TEST_F(SubscribeTest, AServerWithoutTheCallIsUnsupported) {
  ScriptedServer server(playing({error("UnknownOperationException"), error("UnknownOperationException")}));
  start(server.port());
  EXPECT_EQ(subscribe().value().kind, Kind::unsupported);
  // It was asked in both protocols.
  EXPECT_EQ(server.requests().at(1).header("content-type"), "application/x-amz-json-1.1");
}

TEST_F(SubscribeTest, ErrorsInTheStreamComeAfterTheEventsBefore) {
  const struct {
    const char* type;
    Kind expected;
  } cases[] = {
      {"ResourceInUseException", Kind::in_use},        {"LimitExceededException", Kind::throttled},
      {"InternalFailureException", Kind::unavailable}, {"KMSThrottlingException", Kind::throttled},
      {"KMSAccessDeniedException", Kind::denied},      {"ResourceNotFoundException", Kind::not_found},
      {"KMSDisabledException", Kind::denied},          {"SomethingNew", Kind::invalid_argument},
  };
  for (const auto& c : cases) {
    ScriptedServer server(playing({stream({event("8") + frame("exception", c.type, R"({"message":"because"})")})}));
    start(server.port());
    ASSERT_FALSE(subscribe());
    EXPECT_EQ(number_of_next(), "8");
    const auto failure = next();
    ASSERT_FALSE(failure) << c.type;
    EXPECT_EQ(failure.error().kind, c.expected) << failure.error().message;
    EXPECT_NE(failure.error().message.find("because"), std::string::npos) << failure.error().message;
  }
}

TEST_F(SubscribeTest, AStreamThatBreaksNeverLooksLikeItsEnd) {
  std::string damaged = event("9");
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  const struct {
    const char* what;
    Turn turn;
  } cases[] = {
      {"hung up", stream({event("8")}, false)},
      {"reset", stream({event("8")}, false, Turn::End::reset)},
      {"ended inside a frame", stream({event("8") + event("9").substr(0, 30)})},
      {"damaged", stream({event("8") + damaged})},
      {"no event at all", stream({event("8") + frame("event", "SubscribeToShardEvent", "{}")})},
  };
  for (const auto& c : cases) {
    ScriptedServer server(playing({c.turn}));
    start(server.port());
    ASSERT_FALSE(subscribe());
    // A reset may overtake what came before it.
    auto broken = next();
    if (broken && *broken) broken = next();
    ASSERT_FALSE(broken) << c.what;
    EXPECT_EQ(broken.error().kind, Kind::unavailable) << c.what << ": " << broken.error().message;
  }
}

TEST_F(SubscribeTest, SilenceIsAnErrorAtTheDeadlineAndLeavingHangsUp) {
  ScriptedServer server(playing({stream({event("8")}, false, Turn::End::hang)}));
  start(server.port());
  ASSERT_FALSE(subscribe());
  EXPECT_EQ(number_of_next(), "8");
  const auto silent = next(std::chrono::milliseconds(20));
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().kind, Kind::unavailable);
  loop_.run_and_wait([this] { stream_.reset(); });
  EXPECT_TRUE(eventually([&] { return server.open_connections() == 0; }));
}

}  // namespace
}  // namespace kcl::aws
