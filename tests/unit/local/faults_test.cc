#include "local/faults.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace kcl::local {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::BootTime kStart{std::chrono::hours(5)};

FaultPlan plan(const std::string& json) {
  auto parsed = FaultPlan::parse(json, kStart);
  EXPECT_TRUE(parsed.has_value()) << parsed.error();
  return *std::move(parsed);
}

std::string error_of(const std::string& json) {
  const auto parsed = FaultPlan::parse(json, kStart);
  return parsed ? "none" : parsed.error();
}

TEST(Faults, NothingGoesWrongUnlessAsked) {
  FaultPlan none;
  for (int i = 0; i < 100; ++i) {
    const Misfortune misfortune = none.draw(Operation::get_records, kStart);
    EXPECT_FALSE(misfortune.fault.has_value());
    EXPECT_EQ(misfortune.delay, milliseconds(0));
  }
}

TEST(Faults, HitOnlyTheOperationNamed) {
  FaultPlan faults = plan(R"({"rules":[{"fault":"throttle","operation":"PutRecord"}]})");
  EXPECT_EQ(faults.draw(Operation::put_record, kStart).fault, Fault::throttle);
  EXPECT_FALSE(faults.draw(Operation::put_records, kStart).fault.has_value());
}

TEST(Faults, OfListingsAndStreamsHitNothingElse) {
  FaultPlan faults = plan(R"({"rules":[{"fault":"partial_list"},{"fault":"stream_cut"}]})");
  EXPECT_EQ(faults.draw(Operation::list_shards, kStart).fault, Fault::partial_list);
  EXPECT_EQ(faults.draw(Operation::subscribe_to_shard, kStart).fault, Fault::stream_cut);
  EXPECT_FALSE(faults.draw(Operation::get_records, kStart).fault.has_value());
}

TEST(Faults, OneDecidesWhatIsAnsweredDelaysAndSkewsAddUp) {
  FaultPlan faults = plan(R"({"rules":[{"fault":"slow","delay_ms":100},{"fault":"reset_after"},{"fault":"throttle"},)"
                          R"({"fault":"slow","delay_ms":50},{"fault":"clock_skew","skew_ms":-5}]})");
  const Misfortune misfortune = faults.draw(Operation::get_records, kStart);
  EXPECT_EQ(misfortune.fault, Fault::reset_after);
  EXPECT_EQ(misfortune.delay, milliseconds(150));
  EXPECT_EQ(misfortune.skew, milliseconds(-5));
  EXPECT_NE(faults.describe().find(R"({"fault":"throttle","hits":0})"), std::string::npos) << faults.describe();
}

TEST(Faults, KeepToTheirSchedule) {
  FaultPlan faults = plan(R"({"rules":[{"fault":"throttle","from_s":2,"for_s":1.5,"every_s":10}]})");
  const auto hits_at = [&](int ms) {
    return faults.draw(Operation::get_records, kStart + milliseconds(ms)).fault.has_value();
  };
  EXPECT_FALSE(hits_at(0));
  EXPECT_FALSE(hits_at(1'999));
  EXPECT_TRUE(hits_at(2'000));
  EXPECT_TRUE(hits_at(3'499));
  EXPECT_FALSE(hits_at(3'500));
  EXPECT_TRUE(hits_at(12'000));
  EXPECT_FALSE(hits_at(13'500));
}

TEST(Faults, HitSoManyTimesAndNoMore) {
  FaultPlan faults = plan(R"({"rules":[{"fault":"throttle","times":2}]})");
  int hits = 0;
  for (int i = 0; i < 10; ++i) hits += faults.draw(Operation::get_records, kStart).fault ? 1 : 0;
  EXPECT_EQ(hits, 2);
}

TEST(Faults, ComeWithTheirProbabilityAndTheSameSeedBringsTheSame) {
  const std::string json = R"({"seed":7,"rules":[{"fault":"throttle","probability":0.25}]})";
  FaultPlan first = plan(json);
  FaultPlan second = plan(json);
  int hits = 0;
  for (int i = 0; i < 4'000; ++i) {
    const bool hit = first.draw(Operation::get_records, kStart).fault.has_value();
    EXPECT_EQ(hit, second.draw(Operation::get_records, kStart).fault.has_value());
    hits += hit ? 1 : 0;
  }
  EXPECT_NEAR(hits, 1'000, 120);
}

TEST(Faults, SayWhatIsWrongWithAPlan) {
  EXPECT_TRUE(error_of("x").starts_with("the plan: not JSON")) << error_of("x");
  EXPECT_EQ(error_of(R"({"rule":[]})"), "rule: there is no such member");
  const std::string mistyped = error_of(R"({"rules":[{"fault":"slow"},{"fault":"throtle"}]})");
  EXPECT_TRUE(mistyped.starts_with("rules.1.fault: there is no such fault; there are throttle, ")) << mistyped;
  EXPECT_TRUE(mistyped.ends_with(", stream_cut, stream_bad_crc, stream_exception")) << mistyped;
  EXPECT_EQ(error_of(R"({"rules":[{"operation":"Get","fault":"slow"}]})"),
            "rules.0.operation: there is no such operation");
  EXPECT_EQ(error_of(R"({"rules":[{"probability":1.5}]})"), "rules.0.probability: a number out of its bounds");
  EXPECT_EQ(error_of(R"({"rules":[{"probability":1}]})"), "rules.0: fault is missing");
  EXPECT_EQ(error_of(R"({"rules":[{"fault":"slow","every_s":0}]})"), "rules.0.every_s: must be above zero");
  EXPECT_EQ(error_of(R"({"rules":{}})"), "rules: expected an array, found an object");
  EXPECT_EQ(error_of(R"({"rules":[{"fault":"slow","speed":1}]})"), "rules.0.speed: there is no such member");
}

}  // namespace
}  // namespace kcl::local
