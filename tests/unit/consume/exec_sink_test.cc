#include "consume/exec_sink.h"

#include <gtest/gtest.h>
#include <kcl/errors.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <optional>

#include "unit/consume/batches.h"
#include "unit/worker/eventually.h"

namespace kclpp::consume {
namespace {

using kcl::test::eventually;

class ExecSinkTest : public ::testing::Test {
 protected:
  ExecSinkTest() { std::filesystem::create_directories(directory); }
  ~ExecSinkTest() override { std::filesystem::remove_all(directory); }

  void run(const std::string& command, const kcl::RecordBatch& batch, Format format = Format::raw) {
    ExecSink sink(command, format);
    holder.take(sink, batch);
  }
  std::string failure_of(const std::string& command, const kcl::RecordBatch& batch) {
    try {
      run(command, batch);
    } catch (const kcl::RetryLater&) {
      return "not visible";
    } catch (const std::runtime_error& failure) {
      return failure.what();
    }
    return "taken";
  }
  std::string content(const std::string& name) const {
    std::ifstream file(directory + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string to(const std::string& name) const { return "> '" + directory + "/" + name + "'"; }
  bool exists(const std::string& name) const { return std::filesystem::exists(directory + "/" + name); }

  const std::string directory = ::testing::TempDir() + "kclpp-exec-sink-" + std::to_string(::getpid());
  Holder holder;
};

TEST_F(ExecSinkTest, GivesTheBatchOnStdinAndItsNamesInTheEnvironment) {
  const std::string names =
      R"("$KCLPP_STREAM $KCLPP_SHARD $KCLPP_EPOCH $KCLPP_FIRST_SEQUENCE $KCLPP_LAST_SEQUENCE $KCLPP_RECORDS")";
  run("echo " + names + to("names") + "; cat " + to("stdin"), batch_of("shard-1", {"a", "b\nc", "d"}));
  EXPECT_EQ(content("names"), "orders shard-1 7 0 2 3\n");
  EXPECT_EQ(content("stdin"), "a\nb\nc\nd\n");
}

TEST_F(ExecSinkTest, GivesTheFormatThatWasAskedFor) {
  run("cat " + to("stdin"), batch_of("shard-1", {"a"}), Format::json_text);
  EXPECT_EQ(content("stdin"),
            R"({"shard":"shard-1","sequence_number":"0","sub_sequence_number":0,"partition_key":"key",)"
            R"("approximate_arrival":"1970-01-01T00:00:00.000Z","data":"a"})"
            "\n");
}

TEST_F(ExecSinkTest, AnExitCodeOtherThanZeroIsAFailureThatNamesIt) {
  EXPECT_NE(failure_of("cat > /dev/null; exit 3", batch_of("shard", {"a"})).find("code 3"), std::string::npos);
  EXPECT_NE(failure_of("exec no-such-command-anywhere 2>/dev/null", batch_of("shard", {"a"})).find("127"),
            std::string::npos);
}

// A command that is not there says nothing about the records: under bisect it must not make all of them dead letters.
TEST_F(ExecSinkTest, ACommandThatCouldNotBeRunIsNoFailureOfTheBatch) {
  EXPECT_THROW(run("no-such-command-anywhere 2>/dev/null", batch_of("shard", {"a"})), CommandMissing);
  EXPECT_THROW(run("'" + directory + "' 2>/dev/null", batch_of("shard", {"a"})), CommandMissing) << "a directory";
  try {
    run("exit 1", batch_of("shard", {"a"}));
    FAIL() << "taken";
  } catch (const CommandMissing&) {
    FAIL() << "it ran";
  } catch (const std::runtime_error&) {
  }
}

TEST_F(ExecSinkTest, TemporaryFailureMeansLater) {
  EXPECT_THROW(run("exit 75", batch_of("shard", {"a"})), kcl::RetryLater);
}

TEST_F(ExecSinkTest, ASignalIsAFailureThatNamesIt) {
  const std::string failure = failure_of("kill -9 $$", batch_of("shard", {"a"}));
  EXPECT_NE(failure.find("signal 9"), std::string::npos) << failure;
}

TEST_F(ExecSinkTest, ACommandMayLeaveItsInputUnread) {
  EXPECT_EQ(failure_of("exit 0", batch_of("shard", {std::string(5'000'000, 'x')})), "taken");
  EXPECT_NE(failure_of("exit 1", batch_of("shard", {std::string(5'000'000, 'x')})).find("code 1"), std::string::npos);
}

TEST_F(ExecSinkTest, ALargeBatchArrivesWhole) {
  run("wc -c " + to("size"), batch_of("shard", {std::string(5'000'000, 'x')}));
  EXPECT_EQ(std::stoul(content("size")), 5'000'001U);
}

TEST_F(ExecSinkTest, ARunningCommandMayFinishWhenTheWorkerStops) {
  auto taken = std::async(std::launch::async, [&] {
    run("touch '" + directory + "/begun'; while [ ! -e '" + directory + "/go' ]; do sleep 0.01; done",
        batch_of("shard", {"a"}));
  });
  EXPECT_TRUE(eventually([&] { return exists("begun"); }));
  holder.stop_worker();
  // Several looks of the watch.
  EXPECT_EQ(taken.wait_for(std::chrono::milliseconds(200)), std::future_status::timeout);
  std::ofstream(directory + "/go") << "\n";
  EXPECT_NO_THROW(taken.get());
}

class ExecSinkEnds : public ExecSinkTest, public ::testing::WithParamInterface<void (*)(Holder&)> {};
INSTANTIATE_TEST_SUITE_P(By, ExecSinkEnds,
                         ::testing::Values([](Holder& holder) { holder.lose_lease(); },
                                           [](Holder& holder) {
                                             holder.stop_worker();
                                             holder.last_call().end();
                                           }),
                         [](const auto& each) { return each.index == 0 ? "LostLease" : "TheEndOfTheLastCall"; });

TEST_P(ExecSinkEnds, ACommandThatStillRuns) {
  auto taken = std::async(std::launch::async, [&] {
    run("trap 'touch \"" + directory + "/told\"; exit 0' TERM; touch '" + directory +
            "/begun'; while :; do sleep 0.01; done",
        batch_of("shard", {"a"}));
  });
  EXPECT_TRUE(eventually([&] { return exists("begun"); }));
  GetParam()(holder);
  EXPECT_THROW(taken.get(), kcl::RetryLater) << "its exit code counts for nothing";
  EXPECT_TRUE(exists("told")) << "it may clean up";
}

TEST_F(ExecSinkTest, NothingStartsWithoutAPermit) {
  holder.doubt_lease();
  EXPECT_THROW(run("touch '" + directory + "/begun'", batch_of("shard", {"a"})), kcl::RetryLater);
  EXPECT_FALSE(exists("begun"));
}

}  // namespace
}  // namespace kclpp::consume
