#include "server/request_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace kcl::server {
namespace {

const std::string kPost = "POST /a?b=c HTTP/1.1\r\nHost: x\r\nX-Amz-Target: T\r\nContent-Length: 5\r\n\r\nhello";

/// Gives `input` in pieces of `size` and counts what it read of it.
std::size_t feed(RequestReader& reader, const std::string& input, std::size_t size) {
  std::string waiting;
  std::size_t taken = 0;
  for (std::size_t at = 0; at < input.size() && !reader.ready() && !reader.failure(); at += size) {
    waiting += input.substr(at, size);
    while (!waiting.empty() && !reader.ready() && !reader.failure()) {
      const std::size_t more = reader.take(waiting);
      if (more == 0) break;
      taken += more;
      waiting.erase(0, more);
    }
  }
  return taken;
}

TEST(RequestReader, ReadsARequestInPiecesOfAnySize) {
  for (std::size_t size = 1; size <= kPost.size(); ++size) {
    RequestReader reader({});
    EXPECT_EQ(feed(reader, kPost, size), kPost.size()) << size;
    ASSERT_TRUE(reader.ready()) << size;
    const Request request = reader.take_request();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/a?b=c");
    EXPECT_EQ(request.path(), "/a");
    EXPECT_EQ(request.header("x-amz-target"), "T");
    EXPECT_EQ(request.header("absent"), "");
    EXPECT_EQ(request.body, "hello");
    EXPECT_TRUE(reader.keep_alive());
    EXPECT_FALSE(reader.ready());
  }
}

TEST(RequestReader, LeavesTheNextRequestAlone) {
  RequestReader reader({});
  EXPECT_EQ(feed(reader, kPost + kPost, 1'000), kPost.size());
  EXPECT_TRUE(reader.ready());
}

TEST(RequestReader, ReadsChunkedBodies) {
  RequestReader reader({});
  feed(reader, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 7);
  ASSERT_TRUE(reader.ready());
  EXPECT_EQ(reader.take_request().body, "abcde");
}

TEST(RequestReader, ReadsChunkedBodiesHoweverTheyAreCut) {
  const std::string head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& chunks : {std::string("0\r\n\r\n"), std::string("1\r\na\r\n0\r\n\r\n"),
                                    std::string("0\r\nTrailer: x\r\n\r\n"), std::string("0;e=1\r\n\r\n")}) {
    for (std::size_t size = 1; size <= head.size() + chunks.size(); ++size) {
      RequestReader reader({});
      EXPECT_EQ(feed(reader, head + chunks, size), head.size() + chunks.size()) << size << chunks;
      EXPECT_TRUE(reader.ready()) << size << chunks;
    }
  }
}

TEST(RequestReader, SaysWhenTheConnectionEnds) {
  RequestReader reader({});
  feed(reader, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 100);
  ASSERT_TRUE(reader.ready());
  reader.take_request();
  EXPECT_FALSE(reader.keep_alive());
}

TEST(RequestReader, TellsOnceThatTheClientWaitsToBeAskedForTheBody) {
  RequestReader reader({});
  feed(reader, "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", 100);
  EXPECT_TRUE(reader.take_expectation());
  EXPECT_FALSE(reader.take_expectation());
  feed(reader, "ok", 2);
  EXPECT_EQ(reader.take_request().body, "ok");
}

TEST(RequestReader, RefusesWhatIsNoRequestAndWhatIsTooLarge) {
  const ReadLimits limits{.header_bytes = 512, .body_bytes = 10};
  const auto failure_of = [&](const std::string& input) {
    RequestReader reader(limits);
    feed(reader, input, 64);
    return reader.failure().value_or(0);
  };
  EXPECT_EQ(failure_of("\x16\x03\x01 a TLS greeting \r\n\r\n"), 400);
  EXPECT_EQ(failure_of("POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"), 400);
  EXPECT_EQ(failure_of("POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n"), 413);
  EXPECT_EQ(failure_of("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nB\r\n01234567890\r\n0\r\n\r\n"), 413);
  EXPECT_EQ(failure_of("GET / HTTP/1.1\r\nX: " + std::string(1'000, 'x')), 431);
  EXPECT_EQ(failure_of("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n0123456789"), 0);
  const std::string chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(failure_of(chunked + "5;" + std::string(1'000, 'a')), 431) << "a chunk's extensions";
  EXPECT_EQ(failure_of(chunked + "0\r\nX: " + std::string(1'000, 'a')), 431) << "trailers";
}

}  // namespace
}  // namespace kcl::server
