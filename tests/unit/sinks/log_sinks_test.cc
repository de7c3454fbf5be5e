#include <gtest/gtest.h>
#include <kcl/log_sinks.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "sinks/log_lines.h"

namespace kcl::sinks {
namespace {

LogEvent event(std::string value) {
  LogEvent event;
  event.time = *parse_iso8601("2026-11-22T23:26:13.250Z");
  event.level = LogLevel::warning;
  event.name = "lease_lost";
  event.fields = {{"shard", "shardId-1"}, {"error", std::move(value)}};
  return event;
}

TEST(LogSinkConsole, QuotesAndEscapesWhatWouldBreakALine) {
  struct Case {
    std::string value;
    std::string written;
  };
  const std::vector<Case> cases{
      {"simple:1/2", "simple:1/2"},
      {"", R"("")"},
      {"two words", R"("two words")"},
      {"a=b", R"("a=b")"},
      {R"(say "hi" \ bye)", R"("say \"hi\" \\ bye")"},
      {"line\nbreak\r\t", R"("line\nbreak\r\t")"},
      {"\x1b[31mred", R"("\u001b[31mred")"},
      {"größe", "größe"},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(console_line(event(each.value)),
              "2026-11-22T23:26:13.250Z warning lease_lost shard=shardId-1 error=" + each.written);
  }
}

TEST(LogSinkJson, EscapesAndIsAlwaysValidUtf8) {
  struct Case {
    std::string value;
    std::string written;
  };
  const std::string replaced = "\xef\xbf\xbd";
  const std::vector<Case> cases{
      {"plain", "plain"},
      {R"("\)", R"(\"\\)"},
      {std::string("\0\x01\x1f\x7f", 4), R"(\u0000\u0001\u001f\u007f)"},
      {"\n\r\t", R"(\n\r\t)"},
      {"é€😀", "é€😀"},
      {"\xff", replaced},
      {"\xc3", replaced},                                               // cut short
      {"\xc0\xaf", replaced + replaced},                                // overlong
      {"\xed\xa0\x80", replaced + replaced + replaced},                 // a surrogate
      {"\xf4\x90\x80\x80", replaced + replaced + replaced + replaced},  // beyond U+10FFFF
      {"a\xe2\x82z", "a" + replaced + replaced + "z"},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(
        json_line(event(each.value)),
        R"({"time":"2026-11-22T23:26:13.250Z","level":"warning","event":"lease_lost","shard":"shardId-1","error":")" +
            each.written + "\"}");
  }
}

class LogSinkFile : public ::testing::Test {
 public:
  ~LogSinkFile() override { std::filesystem::remove_all(directory_); }

 protected:
  LogSinkFile() {
    std::string pattern = ::testing::TempDir() + "kclpp-log-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }

  std::string path() const { return directory_ + "/log.json"; }
  std::vector<std::string> lines() const {
    std::ifstream file(path());
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

 private:
  std::string directory_;
};

TEST_F(LogSinkFile, AppendsALinePerEventAtOnceAndLeavesLowerLevelsOut) {
  std::ofstream(path()) << "before\n";
  const auto sink = make_json_log_sink(LogLevel::info, path());
  LogEvent low = event("x");
  low.level = LogLevel::debug;
  sink->write(low);
  sink->write(event("y"));
  const std::vector<std::string> expected{"before", json_line(event("y"))};
  EXPECT_EQ(lines(), expected);
}

TEST_F(LogSinkFile, SharedByThreadsItKeepsLinesWhole) {
  const auto sink = make_json_log_sink(LogLevel::debug, path());
  {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 100; ++j) sink->write(event("z"));
      });
    }
  }
  const auto written = lines();
  EXPECT_EQ(written.size(), 400U);
  for (const std::string& line : written) EXPECT_EQ(line, json_line(event("z")));
}

TEST_F(LogSinkFile, AFileThatCannotBeOpenedIsNamed) {
  std::ofstream(path()) << "a file, no directory\n";
  try {
    make_json_log_sink(LogLevel::info, path() + "/no/such");
    FAIL() << "it must throw";
  } catch (const std::runtime_error& e) {
    EXPECT_NE(std::string(e.what()).find(path() + "/no/such"), std::string::npos) << e.what();
  }
}

TEST(LogSinkConsole, WritesToStderr) {
  ::testing::internal::CaptureStderr();
  make_console_log_sink(LogLevel::warning)->write(event("x"));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), console_line(event("x")) + "\n");
}

}  // namespace
}  // namespace kcl::sinks
