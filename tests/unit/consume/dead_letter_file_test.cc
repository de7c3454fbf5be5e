#include "consume/dead_letter_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <kcl/errors.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "unit/consume/batches.h"
#include "wire/base64.h"
#include "worker/shard_context.h"

namespace kclpp::consume {
namespace {

/// While it lives, files of this process cannot grow past `bytes`: a full disk.
class FullDisk {
 public:
  explicit FullDisk(std::uintmax_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
};

class DeadLetterFileTest : public ::testing::Test {
 protected:
  DeadLetterFileTest() {
    std::filesystem::create_directories(directory);
    auto content = std::make_shared<kcl::ShardContext::Content>();
    content->shard_id = "shard-1";
    context.emplace(content);
  }
  ~DeadLetterFileTest() override { std::filesystem::remove_all(directory); }

  void take(DeadLetterFile& file, const std::string& data) const {
    const kcl::RecordBatch batch = batch_of("shard-1", {data});
    file.take({.record = batch.front(), .shard = *context, .error = "bad", .attempts = 5});
  }
  /// What it threw; "taken" when it took the record.
  std::string outcome(DeadLetterFile& file, const std::string& data) const {
    try {
      take(file, data);
    } catch (const kcl::RetryLater&) {
      return "later";
    } catch (const std::runtime_error& failure) {
      return failure.what();
    }
    return "taken";
  }
  std::vector<std::string> lines(const std::string& of) const {
    std::ifstream in(of, std::ios::binary);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }
  static bool holds(const std::string& line, const std::string& data) {
    return line.starts_with(R"({"shard":"shard-1")") && line.ends_with("}") &&
           line.find(R"("data":")" + kcl::wire::base64_encode(data) + R"(","error":"bad","attempts":5,"time":")") !=
               std::string::npos;
  }

  const std::string directory = ::testing::TempDir() + "kclpp-dead-letters-" + std::to_string(::getpid());
  const std::string path = directory + "/dead.jsonl";
  std::optional<kcl::ShardContext> context;
};

TEST_F(DeadLetterFileTest, AppendsALineForEachRecord) {
  {
    DeadLetterFile file(path);
    EXPECT_TRUE(std::filesystem::exists(path)) << "a place that cannot be written shows at the start";
    take(file, "a");
    take(file, "b");
  }
  DeadLetterFile file(path);
  take(file, "c");
  const auto found = lines(path);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_TRUE(holds(found[0], "a")) << found[0];
  EXPECT_TRUE(holds(found[1], "b")) << found[1];
  EXPECT_TRUE(holds(found[2], "c")) << found[2];
}

// It holds whole records.
TEST_F(DeadLetterFileTest, ANewOneIsItsOwnersAlone) {
  const mode_t before = ::umask(022);
  const DeadLetterFile file(path);
  ::umask(before);
  struct stat about{};
  ASSERT_EQ(::stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
}

TEST_F(DeadLetterFileTest, APlaceThatCannotBeWrittenIsRefusedAtTheStart) {
  ASSERT_EQ(::mkfifo((directory + "/fifo").c_str(), 0600), 0);
  for (const std::string& bad : {directory, directory + "/none/dead.jsonl", directory + "/fifo",
                                 std::string("/dev/null"), std::string("/dev/full")}) {
    try {
      const DeadLetterFile file(bad);
      ADD_FAILURE() << bad;
    } catch (const std::runtime_error& refused) {
      EXPECT_NE(std::string(refused.what()).find(bad), std::string::npos) << refused.what();
    }
  }
}

TEST_F(DeadLetterFileTest, AFullDiskIsAnErrorAndNothingIsLostOnceThereIsRoom) {
  DeadLetterFile file(path);
  take(file, "a");
  {
    const FullDisk full(std::filesystem::file_size(path) + 10);
    const std::string first = outcome(file, "b");
    EXPECT_NE(first.find(path), std::string::npos) << first;
    EXPECT_NE(first.find("File too large"), std::string::npos) << first;
    EXPECT_NE(outcome(file, "b"), "taken");
  }
  EXPECT_EQ(outcome(file, "b"), "taken");
  const auto found = lines(path);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_TRUE(holds(found[0], "a"));
  EXPECT_EQ(found[1], found[0].substr(0, 10)) << "what was cut stands on a line of its own";
  EXPECT_TRUE(holds(found[2], "b"));
}

TEST_F(DeadLetterFileTest, AFileThatWasMovedAwayIsMadeAnew) {
  DeadLetterFile file(path);
  take(file, "a");
  std::filesystem::rename(path, path + ".1");
  take(file, "b");
  EXPECT_EQ(lines(path + ".1").size(), 1U);
  EXPECT_EQ(lines(path).size(), 1U);
  std::filesystem::remove_all(directory);
  EXPECT_NE(outcome(file, "c").find("No such file or directory"), std::string::npos);
}

TEST_F(DeadLetterFileTest, WhileAnotherProcessWritesItIsLaterAndNoError) {
  DeadLetterFile file(path);
  const int other = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(other, LOCK_EX), 0);
  EXPECT_EQ(outcome(file, "a"), "later");
  ::close(other);
  EXPECT_EQ(outcome(file, "a"), "taken");
}

TEST_F(DeadLetterFileTest, ShardsAndProcessesMayShareIt) {
  constexpr std::size_t kEach = 20;
  const std::string large(20'000, 'x');
  std::vector<std::jthread> shards;
  for (int i = 0; i < 4; ++i) {
    shards.emplace_back([&] {
      DeadLetterFile file(path);
      for (std::size_t written = 0; written < kEach;) {
        if (outcome(file, large) == "taken") ++written;
      }
    });
  }
  shards.clear();
  const auto found = lines(path);
  EXPECT_EQ(found.size(), 4 * kEach);
  for (const std::string& line : found) ASSERT_TRUE(holds(line, large)) << line.substr(0, 200);
}

}  // namespace
}  // namespace kclpp::consume
