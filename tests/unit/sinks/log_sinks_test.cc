#include <gtest/gtest.h>
#include <kcl/log_sinks.h>

#include <algorithm>
#include <cstdint>
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
      {"a\xe2\x82z", "a" + replaced + "z"},                             // what is cut short counts once
  };
  for (const Case& each : cases) {
    EXPECT_EQ(
        json_line(event(each.value)),
        R"({"time":"2026-11-22T23:26:13.250Z","level":"warning","event":"lease_lost","shard":"shardId-1","error":")" +
            each.written + "\"}");
  }
}

TEST(LogSinkJson, NumbersThatReadersWouldRoundAreText) {
  LogEvent typed = event("");
  typed.fields = {{"a", std::int64_t{999'999'999'999'999}},
                  {"b", std::int64_t{-999'999'999'999'999}},
                  {"c", std::int64_t{1'000'000'000'000'000}},
                  {"d", std::uint64_t{1'795'797'945'512'000'311}}};
  EXPECT_EQ(json_line(typed),
            R"({"time":"2026-11-22T23:26:13.250Z","level":"warning","event":"lease_lost","a":999999999999999,)"
            R"("b":-999999999999999,"c":"1000000000000000","d":"1795797945512000311"})");
}

TEST(LogSinkJson, WholeNumbersAreNumbersAndAllElseIsText) {
  LogEvent typed = event("7");
  typed.fields = {
      {"epoch", std::uint64_t{1'795'381'140'123}}, {"for_s", -1}, {"error", "7"}, {"record", "49590338271490256608"}};
  EXPECT_EQ(json_line(typed),
            R"({"time":"2026-11-22T23:26:13.250Z","level":"warning","event":"lease_lost","epoch":1795381140123,)"
            R"("for_s":-1,"error":"7","record":"49590338271490256608"})");
  EXPECT_EQ(console_line(typed),
            "2026-11-22T23:26:13.250Z warning lease_lost epoch=1795381140123 for_s=-1 error=7 "
            "record=49590338271490256608");
}

class LogSinkFile : public ::testing::Test {
 public:
  ~LogSinkFile() override { std::filesystem::remove_all(directory_); }

 protected:
  LogSinkFile() {
    std::string pattern = ::testing::TempDir() + "kclpp-log-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }

  const std::string& directory() const { return directory_; }
  std::string path() const { return directory_ + "/log.json"; }
  std::vector<std::string> lines() const { return lines_of(path()); }
  std::vector<std::string> lines_of(const std::string& path) const {
    std::ifstream file(path);
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

TEST_F(LogSinkFile, ANewOneIsBegunBeforeItIsTooLargeAndSoManyAreKept) {
  const LogEvent one = event("0123456789");
  const std::size_t length = console_line(one).size() + 1;
  const auto sink = make_file_log_sink(path(), {.max_bytes = 2 * length, .max_files = 2});
  for (int i = 0; i < 9; ++i) sink->write(event("line-" + std::to_string(i) + "-end"));
  const auto of = [](int i) { return console_line(event("line-" + std::to_string(i) + "-end")); };
  EXPECT_EQ(lines(), std::vector<std::string>{of(8)});
  EXPECT_EQ(lines_of(directory() + "/log.1.json"), (std::vector<std::string>{of(6), of(7)}));
  EXPECT_EQ(lines_of(directory() + "/log.2.json"), (std::vector<std::string>{of(4), of(5)}));
  EXPECT_FALSE(std::filesystem::exists(directory() + "/log.3.json"));
}

TEST_F(LogSinkFile, ALineThatWasCutIsClosedBeforeTheNext) {
  std::ofstream(path()) << "{\"time\":\"2026";
  make_file_log_sink(path())->write(event("y"));
  EXPECT_EQ(lines(), (std::vector<std::string>{"{\"time\":\"2026", console_line(event("y"))}));
}

TEST_F(LogSinkFile, WhatWasThereBeforeCountsForItsSize) {
  std::ofstream(path()) << std::string(500, 'x') << "\n";
  make_file_log_sink(path(), {.max_bytes = 510, .max_files = 1})->write(event("y"));
  EXPECT_EQ(lines(), std::vector<std::string>{console_line(event("y"))});
  EXPECT_EQ(lines_of(directory() + "/log.1.json"), std::vector<std::string>{std::string(500, 'x')});
}

TEST_F(LogSinkFile, OneThatWasMovedOrRemovedIsLeftAndANewOneMade) {
  const auto sink = make_file_log_sink(path());
  sink->write(event("1"));
  std::filesystem::rename(path(), path() + ".moved");
  sink->write(event("2"));
  EXPECT_EQ(lines_of(path() + ".moved"), std::vector<std::string>{console_line(event("1"))});
  EXPECT_EQ(lines(), std::vector<std::string>{console_line(event("2"))});
  std::filesystem::remove_all(directory());
  sink->write(event("3"));
  EXPECT_EQ(lines(), std::vector<std::string>{console_line(event("3"))}) << "with its directory";
}

TEST_F(LogSinkFile, AFullDiskIsToldOnceOnStderrAndNeverThrows) {
  const auto sink = make_file_log_sink("/dev/full", {.format = LogFormat::json, .max_bytes = 0});
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) sink->write(event("x"));
  const std::string told = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(told, '\n'), 1) << told;
  EXPECT_NE(told.find(R"("event":"log_file_broken","file":"/dev/full")"), std::string::npos) << told;
  EXPECT_NE(told.find("No space left"), std::string::npos) << told;
}

TEST_F(LogSinkFile, LinesThatWereLostAreCountedOnceItCanBeWrittenAgain) {
  const auto sink = make_file_log_sink(path());
  std::filesystem::remove_all(directory());
  std::ofstream(directory()) << "in the way\n";
  ::testing::internal::CaptureStderr();
  sink->write(event("lost"));
  std::filesystem::remove(directory());
  std::size_t lost = 0;
  for (; !std::filesystem::exists(path()); ++lost) sink->write(event("x"));
  EXPECT_EQ(std::ranges::count(::testing::internal::GetCapturedStderr(), '\n'), 1);
  LogEvent told = event("");
  told.name = "log_lines_lost";
  told.fields = {{"lines", lost}};
  EXPECT_EQ(lines(), (std::vector<std::string>{console_line(told), console_line(event("x"))}));
}

TEST_F(LogSinkFile, OptionsOutOfRangeAreNamed) {
  for (const std::size_t files : {std::size_t{0}, std::size_t{1'001}}) {
    EXPECT_THROW(make_file_log_sink(path(), {.max_files = files}), std::runtime_error);
  }
}

TEST(LogSinkConsole, WritesToStderr) {
  ::testing::internal::CaptureStderr();
  make_console_log_sink(LogLevel::warning)->write(event("x"));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), console_line(event("x")) + "\n");
  ::testing::internal::CaptureStderr();
  make_console_log_sink(LogLevel::warning, LogFormat::json)->write(event("x"));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), json_line(event("x")) + "\n");
}

}  // namespace
}  // namespace kcl::sinks
