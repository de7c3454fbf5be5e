// Everything at once, by seed: the runs of scripts/simulate that every test run repeats.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "simulation/run.h"

namespace kcl::simulation {
namespace {

const std::filesystem::path kFolder = KCLPP_SOURCE_DIR "/tests/simulation";
constexpr std::chrono::minutes kTrouble{10};

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

RunOptions drawn(std::uint64_t seed, std::chrono::minutes trouble, Tracing tracing = Tracing::off) {
  return {.seed = seed, .scenario = draw_scenario(seed), .trouble = trouble, .tracing = tracing};
}

void expect_promises_kept(const RunOptions& options, const std::string& scenario_flag = {}) {
  const RunReport report = run_scenario(options);
  if (report.violations.empty()) return;
  ADD_FAILURE() << report.violations.size() << " violations, the first: " << report.violations.front()
                << "\nreplay: scripts/simulate --from " << options.seed << " --seeds 1 --minutes "
                << std::chrono::duration_cast<std::chrono::minutes>(options.trouble).count() << scenario_flag
                << " --trace";
}

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* asked = std::getenv(name);
  return asked == nullptr ? otherwise : std::strtoull(asked, nullptr, 10);
}

class Seeds : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Seeds, KeepThePromises) { expect_promises_kept(drawn(GetParam(), kTrouble)); }

// KCLPP_SIMULATION_SEEDS says how many.
INSTANTIATE_TEST_SUITE_P(Simulation, Seeds,
                         ::testing::Range<std::uint64_t>(0, from_environment("KCLPP_SIMULATION_SEEDS", 20)));

TEST(SeedsThatFoundDefects, KeepThePromises) {
  std::istringstream file(content(kFolder / "regressions"));
  std::size_t seeds = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    SCOPED_TRACE(line);
    std::istringstream words(line);
    std::uint64_t seed = 0;
    std::chrono::minutes::rep minutes = 0;
    std::string scenario;
    ASSERT_TRUE(words >> seed >> minutes >> scenario);
    ++seeds;
    if (scenario == "drawn") {
      expect_promises_kept(drawn(seed, std::chrono::minutes(minutes)));
      continue;
    }
    const auto parsed = parse_scenario(content(kFolder / "scenarios" / scenario));
    ASSERT_TRUE(parsed) << parsed.error();
    expect_promises_kept({.seed = seed, .scenario = *parsed, .trouble = std::chrono::minutes(minutes)},
                         " --scenario tests/simulation/scenarios/" + scenario);
  }
  EXPECT_GT(seeds, 0U);
}

TEST(ScenarioFiles, KeepThePromises) {
  for (const std::string file : {"all", "brief-shards", "cascade", "fan-out", "holders", "java", "java-cascades",
                                 "late-listings", "late-writes", "lease-cap", "long-pauses", "operator-delete",
                                 "partial-listings", "retention", "streams", "vmware-go", "waiting-children"}) {
    SCOPED_TRACE(file);
    const auto scenario = parse_scenario(content(kFolder / "scenarios" / (file + ".scenario")));
    ASSERT_TRUE(scenario) << scenario.error();
    expect_promises_kept({.seed = 1, .scenario = *scenario, .trouble = std::chrono::minutes(2)},
                         " --scenario tests/simulation/scenarios/" + file + ".scenario");
  }
}

TEST(Seeds, OneSeedGivesOneRun) {
  constexpr std::chrono::minutes kShort{3};
  for (const std::uint64_t seed : {1U, 2U}) {
    const RunReport first = run_scenario(drawn(seed, kShort, Tracing::keep));
    EXPECT_GT(first.trace.size(), 500U) << "the trace should tell what happened";
    EXPECT_EQ(first.hash, run_scenario(drawn(seed, kShort, Tracing::hash)).hash) << seed;
    EXPECT_NE(first.hash, run_scenario(drawn(seed + 1, kShort, Tracing::hash)).hash) << seed;
  }
}

/// Another number for each commit, as far as git's folder tells.
std::uint64_t number_of_this_commit() {
  std::filesystem::path git = KCLPP_SOURCE_DIR "/.git";
  if (std::filesystem::is_regular_file(git)) {
    std::istringstream pointer(content(git));
    std::string word;
    pointer >> word >> word;
    git = word;
  }
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : content(git / "HEAD") + content(git / "logs" / "HEAD"))
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash % 1'000'000'000;
}

// KCLPP_SIMULATION_FRESH says how many, KCLPP_SIMULATION_FROM which is the first.
TEST(FreshSeeds, KeepThePromises) {
  const std::uint64_t first = from_environment("KCLPP_SIMULATION_FROM", 1'000'000 + number_of_this_commit());
  const std::uint64_t count = from_environment("KCLPP_SIMULATION_FRESH", 8);
  std::cout << "seeds " << first << " to " << first + count - 1 << '\n';
  for (std::uint64_t seed = first; seed < first + count; ++seed) expect_promises_kept(drawn(seed, kTrouble));
}

}  // namespace
}  // namespace kcl::simulation
