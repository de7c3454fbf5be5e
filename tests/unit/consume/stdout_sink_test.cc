// Real pipes, sockets and files; the reader is the test.
#include "consume/stdout_sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <kcl/errors.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <future>
#include <map>
#include <thread>

#include "unit/consume/batches.h"
#include "unit/worker/eventually.h"

namespace kclpp::consume {
namespace {

using kcl::test::eventually;
using std::chrono::milliseconds;

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  void reset(int fd) {
    close();
    fd_ = fd;
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

enum class Link : std::uint8_t { pipe, pipe_opened_once, socket };

/// While it lives, nothing can be opened.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const Descriptor lowest_free(::dup(STDERR_FILENO));
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(lowest_free.get());
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoMoreDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;

 private:
  rlimit before_{};
};

class StdoutSinkTest : public ::testing::TestWithParam<Link> {
 protected:
  // As the program does. Children of the test's process do not matter.
  static void SetUpTestSuite() { ::signal(SIGPIPE, SIG_IGN); }
  void SetUp() override {
    std::array<int, 2> ends{};
    if (GetParam() == Link::socket) {
      ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    } else {
      ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    }
    reader.reset(ends[0]);
    writer.reset(ends[1]);
    {
      std::optional<NoMoreDescriptors> none;
      if (GetParam() == Link::pipe_opened_once) none.emplace();
      output.emplace(writer.get(), milliseconds(200));
    }
    sink.emplace(*output, Format::raw);
  }

  /// `most` bytes, or what comes until the end of the file.
  std::string read(std::size_t most = SIZE_MAX) {
    std::string got;
    std::string part(1UL << 16, '\0');
    while (got.size() < most) {
      const auto count = ::read(reader.get(), part.data(), std::min(part.size(), most - got.size()));
      if (count <= 0) break;
      got.append(part, 0, static_cast<std::size_t>(count));
    }
    return got;
  }
  void close_writer() {
    output.reset();
    writer.close();
  }
  /// Far more than a pipe or socket holds; record i is of letter i.
  static kcl::RecordBatch large_batch(const std::string& shard = "shard") {
    std::vector<std::string> data;
    for (char letter = 'a'; letter < 'k'; ++letter) data.emplace_back(300'000, letter);
    return batch_of(shard, std::move(data));
  }

  Descriptor reader;
  Descriptor writer;
  std::optional<SharedOutput> output;
  std::optional<StdoutSink> sink;
  Holder holder;
};

std::string link_name(const ::testing::TestParamInfo<Link>& link) {
  constexpr std::array kNames{"Pipe", "PipeOpenedOnce", "Socket"};
  return kNames[static_cast<std::size_t>(link.param)];
}
INSTANTIATE_TEST_SUITE_P(Links, StdoutSinkTest, ::testing::Values(Link::pipe, Link::pipe_opened_once, Link::socket),
                         link_name);

TEST_P(StdoutSinkTest, WhatReturnedHasBeenWritten) {
  holder.take(*sink, batch_of("shard", {"a", "", "b"}));
  EXPECT_EQ(read(5), "a\n\nb\n");
}

TEST_P(StdoutSinkTest, ABatchThatDoesNotFitWaitsForItsReader) {
  auto taken = std::async(std::launch::async, [&] { holder.take(*sink, large_batch()); });
  const std::string got = read(3'000'010);
  taken.get();
  EXPECT_EQ(got.size(), 3'000'010U);
  EXPECT_EQ(got.substr(0, 300'001), std::string(300'000, 'a') + '\n');
  EXPECT_TRUE(got.ends_with("jj\n"));
}

TEST_P(StdoutSinkTest, TheFlagsOfADescriptorThatOthersShareStayAsTheyAre) {
  holder.take(*sink, batch_of("shard", {"a"}));
  EXPECT_EQ(::fcntl(writer.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_P(StdoutSinkTest, AReaderThatStoppedIsNotWaitedForOnceTheWorkerStops) {
  auto taken = std::async(std::launch::async, [&] { holder.take(*sink, large_batch("first")); });
  auto waiting = std::async(std::launch::async, [&] { holder.take(*sink, large_batch("second")); });
  EXPECT_EQ(taken.wait_for(milliseconds(300)), std::future_status::timeout);
  EXPECT_EQ(waiting.wait_for(milliseconds(0)), std::future_status::timeout);
  holder.stop_worker();
  EXPECT_THROW(taken.get(), kcl::RetryLater);
  EXPECT_THROW(waiting.get(), kcl::RetryLater);
}

TEST_P(StdoutSinkTest, AReaderThatGoesOnReadingGetsItsBatchAlsoWhenTheWorkerStops) {
  holder.stop_worker();
  auto taken = std::async(std::launch::async, [&] { holder.take(*sink, large_batch()); });
  EXPECT_EQ(read(3'000'010).size(), 3'000'010U);
  EXPECT_NO_THROW(taken.get());
}

TEST_P(StdoutSinkTest, TheLastCallEndsEveryWaitAtOnce) {
  auto taken = std::async(std::launch::async, [&] { holder.take(*sink, large_batch()); });
  auto waiting = std::async(std::launch::async, [&] { holder.take(*sink, large_batch()); });
  holder.last_call().end();
  EXPECT_THROW(taken.get(), kcl::RetryLater);
  EXPECT_THROW(waiting.get(), kcl::RetryLater);
}

TEST_P(StdoutSinkTest, ALostLeaseEndsTheWait) {
  auto taken = std::async(std::launch::async, [&] { holder.take(*sink, large_batch()); });
  EXPECT_EQ(taken.wait_for(milliseconds(50)), std::future_status::timeout);
  holder.lose_lease();
  EXPECT_THROW(taken.get(), kcl::RetryLater);
}

TEST_P(StdoutSinkTest, ALineThatWasCutIsCompletedBeforeAnythingElse) {
  auto taken = std::async(std::launch::async, [&] { holder.take(*sink, large_batch()); });
  const std::string begin = read(400'000);
  holder.lose_lease();
  EXPECT_THROW(taken.get(), kcl::RetryLater);

  Holder next;
  auto rest = std::async(std::launch::async, [&] {
    next.take(*sink, batch_of("other", {"next"}));
    close_writer();
  });
  const std::string got = begin + read();
  rest.get();
  const std::string next_line = "\nnext\n";
  ASSERT_TRUE(got.ends_with(next_line));
  // Whole lines of one letter each, up to the one that was cut.
  std::size_t at = 0;
  for (char letter = 'a'; at < got.size() - next_line.size(); ++letter) {
    ASSERT_EQ(got.substr(at, 300'001), std::string(300'000, letter) + '\n');
    at += 300'001;
  }
  EXPECT_LT(at, 3'000'000U) << "the batch was cut";
}

TEST_P(StdoutSinkTest, AReaderThatWentAwayIsTheEndOfTheOutput) {
  reader.close();
  EXPECT_THROW(holder.take(*sink, batch_of("shard", {"a"})), OutputGone);
  EXPECT_THROW(holder.take(*sink, batch_of("shard", {"a"})), kcl::RetryLater) << "which is told once";
}

TEST_P(StdoutSinkTest, AReaderThatGoesAwayEndsTheWait) {
  auto taken = std::async(std::launch::async, [&] { holder.take(*sink, large_batch()); });
  EXPECT_EQ(taken.wait_for(milliseconds(50)), std::future_status::timeout);
  reader.close();
  EXPECT_THROW(taken.get(), OutputGone);
}

TEST_P(StdoutSinkTest, LinesOfDifferentShardsNeverMix) {
  constexpr int kBatches = 50;
  std::vector<std::jthread> shards;
  std::atomic<int> running{4};
  for (char letter = 'a'; letter < 'e'; ++letter) {
    shards.emplace_back([this, letter, &running] {
      Holder own;
      for (int i = 0; i < kBatches; ++i) {
        own.take(*sink, batch_of("s", {std::string(10, letter), std::string(9'000, letter), std::string(90, letter)}));
      }
      if (--running == 0) close_writer();
    });
  }
  const std::string got = read();
  std::map<char, std::vector<std::size_t>> lengths;
  for (std::size_t at = 0; at < got.size();) {
    const std::size_t end = got.find('\n', at);
    ASSERT_NE(end, std::string::npos);
    const char letter = got[at];
    ASSERT_EQ(got.find_first_not_of(letter, at), end) << "a line of two shards";
    lengths[letter].push_back(end - at);
    at = end + 1;
  }
  ASSERT_EQ(lengths.size(), 4U);
  for (const auto& [letter, of] : lengths) {
    ASSERT_EQ(of.size(), kBatches * 3U);
    for (std::size_t i = 0; i < of.size(); ++i) EXPECT_EQ(of[i], (std::array<std::size_t, 3>{10, 9'000, 90})[i % 3]);
  }
}

TEST(StdoutSinkFile, AFullDiskIsAFailureThatMayPass) {
  const Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  SharedOutput output(full.get());
  StdoutSink sink(output, Format::raw);
  Holder holder;
  for (int tries = 0; tries < 2; ++tries) {
    try {
      holder.take(sink, batch_of("shard", {"a"}));
      FAIL();
    } catch (const OutputGone&) {
      FAIL() << "it may pass";
    } catch (const kcl::RetryLater&) {
      FAIL() << "it is to be seen";
    } catch (const std::runtime_error& failure) {
      EXPECT_NE(std::string(failure.what()).find("No space left on device"), std::string::npos) << failure.what();
    }
  }
}

/// What a file holds that held `before` when a sink was given it.
std::string appended_to(std::string_view before, int flags) {
  const std::string path = ::testing::TempDir() + "kclpp-stdout-sink-" + std::to_string(::getpid());
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | flags, 0600));
  EXPECT_EQ(::write(file.get(), before.data(), before.size()), static_cast<ssize_t>(before.size()));
  {
    SharedOutput output(file.get());
    StdoutSink sink(output, Format::raw);
    Holder().take(sink, batch_of("shard", {"a", "b"}));
  }
  std::string got(64, '\0');
  const Descriptor readable(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  got.resize(static_cast<std::size_t>(::read(readable.get(), got.data(), got.size())));
  ::unlink(path.c_str());
  return got;
}

TEST(StdoutSinkFile, AFileIsWrittenToWhereItsDescriptorStands) {
  EXPECT_EQ(appended_to("", 0), "a\nb\n");
  EXPECT_EQ(appended_to("before\n", 0), "before\na\nb\n");
  EXPECT_EQ(appended_to("before\n", O_APPEND), "before\na\nb\n");
}

TEST(StdoutSinkFile, ALineThatAnEarlierRunLeftCutGetsNothingOfOurs) {
  EXPECT_EQ(appended_to("cu", 0), "cu\na\nb\n");
  EXPECT_EQ(appended_to("cu", O_APPEND), "cu\na\nb\n");
}

TEST(StdoutSinkFile, ADescriptorThatIsNotOpenForWritingIsRefusedAtOnce) {
  const Descriptor null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_THROW(SharedOutput output(null.get()), OutputGone);
  EXPECT_THROW(SharedOutput output(-1), OutputGone);
}

}  // namespace
}  // namespace kclpp::consume
