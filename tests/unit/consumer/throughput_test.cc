#include "consumer/throughput.h"

#include <gtest/gtest.h>

namespace kcl::consumer {
namespace {

using namespace std::chrono_literals;

constexpr base::BootTime kBegin{100s};

TEST(Throughput, TheFirstMeasureIsTheRateItself) {
  Throughput throughput(std::nullopt, kBegin);
  throughput.add(10 * 1'024);
  EXPECT_FALSE(throughput.measure(kBegin + 999ms)) << "too short to tell";
  EXPECT_DOUBLE_EQ(throughput.measure(kBegin + 2s).value_or(-1), 5);
}

TEST(Throughput, OldRatesAreForgottenWithinMinutes) {
  Throughput throughput(1'000.0, kBegin);
  EXPECT_EQ(throughput.measure(kBegin), 1'000.0) << "what the holder before knew";
  base::BootTime now = kBegin;
  for (int i = 0; i < 10; ++i) {
    now += 3s;
    throughput.add(3 * 100 * 1'024);
    throughput.measure(now);
  }
  const double after_half_a_minute = throughput.measure(now).value_or(-1);
  EXPECT_NEAR(after_half_a_minute, 100 + 900 / 2.718, 1);
  for (int i = 0; i < 100; ++i) {
    now += 3s;
    throughput.add(3 * 100 * 1'024);
    throughput.measure(now);
  }
  EXPECT_NEAR(throughput.measure(now).value_or(-1), 100, 0.1);
}

TEST(Throughput, HowOftenItIsMeasuredDoesNotMatter) {
  Throughput often(500.0, kBegin);
  Throughput once(500.0, kBegin);
  for (int i = 1; i <= 20; ++i) {
    often.add(1'024);
    often.measure(kBegin + i * 1s);
  }
  once.add(20 * 1'024);
  EXPECT_NEAR(often.measure(kBegin + 20s).value_or(-1), once.measure(kBegin + 20s).value_or(-2), 0.001);
}

}  // namespace
}  // namespace kcl::consumer
