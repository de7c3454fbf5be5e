#include "simulation/scenario.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace kcl::simulation {
namespace {

const std::filesystem::path kFolder = KCLPP_SOURCE_DIR "/tests/simulation/scenarios";

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string problem(std::string_view text) {
  const auto scenario = parse_scenario(text);
  return scenario ? "none" : scenario.error();
}

TEST(Scenario, EveryFileCanBeRead) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    EXPECT_EQ(problem(content(entry.path())), "none") << entry.path();
    ++files;
  }
  EXPECT_GE(files, 3U);
}

TEST(Scenario, TheCommentedFileHasEveryKeyWithItsDefault) {
  const std::string text = content(kFolder / "all.scenario");
  EXPECT_EQ(to_text(*parse_scenario(text)), to_text(Scenario{}));
  std::istringstream keys(to_text(Scenario{}));
  for (std::string line; std::getline(keys, line);) {
    const std::string key = '\n' + line.substr(0, line.find('=')) + '=';
    EXPECT_NE(text.find(key), std::string::npos) << key;
  }
}

TEST(Scenario, WhatIsWrittenIsReadBack) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const std::string text = to_text(draw_scenario(seed));
    ASSERT_EQ(problem(text), "none");
    EXPECT_EQ(to_text(*parse_scenario(text)), text);
    EXPECT_EQ(to_text(draw_scenario(seed)), text);
  }
}

TEST(Scenario, ErrorsSayWhereAndWhatWouldBeRight) {
  EXPECT_EQ(problem("workers = 2\n\nworkrs = 3"), "line 3: unknown key 'workrs'; did you mean 'workers'?");
  EXPECT_EQ(problem("disturb.splitt = 3 # often"),
            "line 1: unknown key 'disturb.splitt'; did you mean 'disturb.split'?");
  EXPECT_EQ(problem("failover = 10"), "line 1: failover is '10': it must be a time such as 300ms, 10s, 5min or 24h");
  EXPECT_EQ(problem("store.throttle = 2"), "line 1: store.throttle is '2': it must be a share from 0 to 1");
  EXPECT_EQ(problem("shards = -1"), "line 1: shards is '-1': it must be a whole number");
  EXPECT_EQ(problem("failover_differs = 1"), "line 1: failover_differs is '1': it must be yes or no");
  EXPECT_EQ(problem("start = now"), "line 1: start is 'now': it must be trim_horizon, latest or mixed");
  EXPECT_EQ(problem("workers"), "line 1: 'workers' is no 'key = value'");
  EXPECT_EQ(problem("workers = 0"), "workers: there must be one at least");
  EXPECT_EQ(problem("shards = 20"), "most_shards must not be less than shards, nor shards be 0");
}

TEST(Scenario, DrawsSmallFleetsAndBigOnes) {
  std::size_t small = 0;
  std::size_t big = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Scenario scenario = draw_scenario(seed);
    small += scenario.workers <= 3;
    big += scenario.workers >= 5 && scenario.most_shards == 64;
  }
  EXPECT_GT(small, 150U);
  EXPECT_GT(big, 5U);
}

}  // namespace
}  // namespace kcl::simulation
