#include "consumer/read_pace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/random.h"

namespace kcl::consumer {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

struct Reader {
  ReadPace pace{200ms, 1'000ms};
  milliseconds next{0};
  int answered = 0;
  int refused = 0;
};

/// So many applications that have much to read, on a shard that answers five reads in each second.
std::vector<Reader> share(std::size_t applications, milliseconds time) {
  base::Random random(7);
  std::vector<Reader> readers(applications);
  for (Reader& reader : readers) reader.next = milliseconds(random.below(200));
  std::vector<milliseconds> answered;
  for (;;) {
    Reader& reader = *std::ranges::min_element(readers, {}, &Reader::next);
    const milliseconds now = reader.next;
    if (now >= time) return readers;
    std::erase_if(answered, [&](milliseconds at) { return at <= now - 1'000ms; });
    if (answered.size() < 5) {
      answered.push_back(now);
      reader.pace.answered();
      ++reader.answered;
      reader.next += std::chrono::duration_cast<milliseconds>(reader.pace.interval());
    } else {
      reader.pace.throttled();
      ++reader.refused;
      reader.next += 250ms;
    }
    reader.next += milliseconds(random.below(10));
  }
}

TEST(ReadPace, WhoIsAloneReadsAsOftenAsMayBe) {
  const Reader alone = share(1, 10min).front();
  EXPECT_EQ(alone.refused, 0);
  EXPECT_EQ(alone.pace.interval(), 200ms);
}

TEST(ReadPace, ThoseWhoReadTheSameShardShareItAndFewReadsAreRefused) {
  for (const std::size_t applications : {2U, 3U, 4U}) {
    const auto readers = share(applications, 10min);
    int answered = 0;
    int refused = 0;
    for (const Reader& reader : readers) {
      answered += reader.answered;
      refused += reader.refused;
    }
    EXPECT_LT(refused, answered / 7) << applications;
    EXPECT_GT(answered, 10 * 60 * 5 * 7 / 10) << applications << ": what is shared is used";
    for (const Reader& reader : readers) {
      EXPECT_GT(reader.answered, answered / static_cast<int>(applications) * 3 / 4) << applications << ": a fair share";
    }
  }
}

TEST(ReadPace, StaysWithinItsBounds) {
  ReadPace pace(0ms, 1'000ms);
  pace.throttled();
  EXPECT_EQ(pace.interval(), 150ms) << "half as long again as no time is no time";
  for (int i = 0; i < 10; ++i) pace.throttled();
  EXPECT_EQ(pace.interval(), 1'000ms);
  for (int i = 0; i < 300; ++i) pace.answered();
  EXPECT_EQ(pace.interval(), 0ms);
  EXPECT_EQ(ReadPace(5'000ms, 1'000ms).interval(), 5'000ms);
}

}  // namespace
}  // namespace kcl::consumer
