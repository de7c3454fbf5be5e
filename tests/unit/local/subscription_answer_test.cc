// SubscribeToShard over the socket, read by our own client's decoder.
#include "local/subscription_answer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "base/poll_loop.h"
#include "base/run_on.h"
#include "local/front.h"
#include "server/server.h"
#include "unit/server/http_client.h"
#include "wire/event_stream.h"
#include "wire/subscription.h"

namespace kcl::local {
namespace {

using server::HttpClient;
using wire::Protocol;

const std::string kStreamArn = "arn:aws:kinesis:us-east-1:000000000000:stream/orders";

/// The body of a chunked answer, as it comes.
class EventStream {
 public:
  EventStream(std::uint16_t port, const std::string& request) : client_(port) {
    client_.post("Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: Kinesis_20131202.SubscribeToShard\r\n",
                 request);
    head_ = client_.answer();
    // The head has no length, so what follows is still to be read.
    rest_ = client_.received();
  }

  int status() const { return head_.status; }
  const std::string& head() const { return head_.head; }

  /// Empty at the end, in order or not.
  std::optional<wire::EventMessage> message() {
    for (;;) {
      std::string_view piece = waiting_;
      auto message = decoder_.next(piece);
      waiting_ = std::string(piece);
      if (message) return message;
      if (!decoder_.ok() || !read_chunk()) return std::nullopt;
    }
  }
  ShardEvent event() {
    for (;;) {
      auto next = message();
      if (!next) {
        ADD_FAILURE() << "the stream ended: " << decoder_.error();
        return {};
      }
      auto decoded = wire::decode_subscription_message(Protocol::json, *std::move(next));
      if (!decoded) {
        ADD_FAILURE() << decoded.error();
        return {};
      }
      if (auto* event = std::get_if<ShardEvent>(&*decoded)) return std::move(*event);
    }
  }
  /// What a stream that must go wrong says: "InternalFailureException", "cut", "bad frame" or "ended".
  std::string misfortune() {
    while (auto next = message()) {
      const std::string exception(next->text(":exception-type"));
      if (!exception.empty()) return exception;
    }
    if (!decoder_.ok()) return "bad frame";
    return ended_ ? "ended" : "cut";
  }

 private:
  bool read_line(std::string& line) {
    std::size_t end = 0;
    while ((end = rest_.find("\r\n")) == std::string::npos) {
      if (!more()) return false;
    }
    line = rest_.substr(0, end);
    rest_.erase(0, end + 2);
    return true;
  }
  bool read_chunk() {
    std::string line;
    if (ended_ || !read_line(line)) return false;
    const std::size_t size = std::stoul(line, nullptr, 16);
    while (rest_.size() < size + 2) {
      if (!more()) return false;
    }
    waiting_ += rest_.substr(0, size);
    rest_.erase(0, size + 2);
    ended_ = size == 0;
    return !ended_;
  }
  bool more() {
    const std::size_t before = client_.received().size();
    if (!client_.receive()) return false;
    rest_ += client_.received().substr(before);
    return true;
  }

  HttpClient client_;
  HttpClient::Answer head_;
  std::string rest_;
  std::string waiting_;
  bool ended_ = false;
  wire::EventStreamDecoder decoder_;
};

class SubscriptionTest : public ::testing::Test {
 protected:
  SubscriptionTest() {
    base::run_on(loop_, [&] {
      FrontOptions options;
      options.service.transition = std::chrono::milliseconds(0);
      options.service.limits = false;
      front_.emplace(loop_, std::move(options), base::Random(1));
      EXPECT_FALSE(front_->create_stream("orders", 1).has_value());
      server_.emplace(loop_, server::ServerOptions{}, *front_);
    });
    client_.emplace(server_->port());
    const std::string answer =
        call("RegisterStreamConsumer", R"({"ConsumerName":"app","StreamARN":")" + kStreamArn + "\"}");
    const std::size_t begin = answer.find(kStreamArn);
    consumer_ = answer.substr(begin, answer.find('"', begin) - begin);
  }
  ~SubscriptionTest() override {
    base::run_on(loop_, [&] {
      server_.reset();
      front_.reset();
    });
  }

  std::string call(const std::string& operation, const std::string& body) {
    client_->post("Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: Kinesis_20131202." + operation + "\r\n",
                  body);
    const auto answer = client_->answer();
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.body;
  }
  void put(const std::string& base64) {
    call("PutRecord", R"({"StreamName":"orders","PartitionKey":"k","Data":")" + base64 + "\"}");
  }
  std::string request(const std::string& position = R"({"Type":"TRIM_HORIZON"})") const {
    return R"({"ShardId":"shardId-000000000000","ConsumerARN":")" + consumer_ + R"(","StartingPosition":)" + position +
           "}";
  }
  EventStream subscribe() { return {server_->port(), request()}; }
  void fault(const std::string& name) {
    HttpClient admin(server_->port());
    const std::string plan = R"({"rules":[{"fault":")" + name + "\"}]}";
    admin.send("PUT /_kclpp/faults HTTP/1.1\r\nContent-Length: " + std::to_string(plan.size()) + "\r\n\r\n" + plan);
    EXPECT_EQ(admin.answer().status, 200);
  }

  base::PollLoop loop_;
  std::optional<Front> front_;
  std::optional<server::Server> server_;
  std::optional<HttpClient> client_;
  std::string consumer_;
};

TEST_F(SubscriptionTest, BeginsWithAnInitialResponseThenBringsWhatIsThereAndWhatComes) {
  put("YQ==");
  EventStream stream = subscribe();
  EXPECT_EQ(stream.status(), 200);
  EXPECT_NE(stream.head().find("Content-Type: application/vnd.amazon.eventstream\r\n"), std::string::npos);
  const auto first = stream.message();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->text(":event-type"), "initial-response");
  EXPECT_EQ(first->payload, "{}");
  const ShardEvent event = stream.event();
  ASSERT_EQ(event.records.size(), 1U);
  EXPECT_EQ(event.records[0].text(), "a");
  EXPECT_EQ(event.continuation_sequence_number, event.records[0].sequence_number());
  put("Yg==");
  const ShardEvent next = stream.event();
  ASSERT_EQ(next.records.size(), 1U);
  EXPECT_EQ(next.records[0].text(), "b");
}

TEST_F(SubscriptionTest, EndsWithTheChildrenOfAShardThatEnds) {
  EventStream stream = subscribe();
  call("SplitShard", R"({"StreamName":"orders","ShardToSplit":"shardId-000000000000","NewStartingHashKey":"1000"})");
  const ShardEvent last = stream.event();
  EXPECT_EQ(last.child_shards.size(), 2U);
  EXPECT_EQ(stream.misfortune(), "ended");
}

TEST_F(SubscriptionTest, IsRefusedBeforeItBeginsAsAnyCallIs) {
  const EventStream first = subscribe();
  const EventStream second = subscribe();  // within five seconds of the first
  EXPECT_EQ(first.status(), 200);
  EXPECT_EQ(second.status(), 400);
  const EventStream nowhere(server_->port(), request(R"({"Type":"SOMEWHERE"})"));
  EXPECT_EQ(nowhere.status(), 400);
}

TEST_F(SubscriptionTest, EndsByAnExceptionWhenItsConsumerOrStreamGoes) {
  EventStream stream = subscribe();
  call("DeleteStream", R"({"StreamName":"orders","EnforceConsumerDeletion":true})");
  EXPECT_EQ(stream.misfortune(), "ResourceNotFoundException");
}

TEST_F(SubscriptionTest, BreaksAsItIsAskedTo) {
  const auto broken_by = [&](const std::string& name) {
    fault(name);
    call("DeregisterStreamConsumer", R"({"ConsumerARN":")" + consumer_ + "\"}");
    const std::string answer =
        call("RegisterStreamConsumer", R"({"ConsumerName":")" + name + R"(","StreamARN":")" + kStreamArn + "\"}");
    const std::size_t begin = answer.find(kStreamArn);
    consumer_ = answer.substr(begin, answer.find('"', begin) - begin);
    EventStream stream = subscribe();
    // One of the first four events is struck.
    std::string misfortune;
    std::atomic<bool> over = false;
    std::thread reader([&] {
      misfortune = stream.misfortune();
      over = true;
    });
    for (int i = 0; i < 2'000 && !over; ++i) put("YQ==");
    // A stream that does not break ends in another way, and the test with it.
    if (!over) call("DeleteStream", R"({"StreamName":"orders","EnforceConsumerDeletion":true})");
    reader.join();
    return misfortune;
  };
  EXPECT_EQ(broken_by("stream_exception"), "InternalFailureException");
  EXPECT_EQ(broken_by("stream_cut"), "cut");
  EXPECT_EQ(broken_by("stream_bad_crc"), "bad frame");
}

TEST_F(SubscriptionTest, OfAClientThatGoesAwayIsForgotten) {
  {
    const EventStream stream = subscribe();
    EXPECT_EQ(stream.status(), 200);
  }
  for (int i = 0; i < 100; ++i) put("YQ==");
}

}  // namespace
}  // namespace kcl::local
