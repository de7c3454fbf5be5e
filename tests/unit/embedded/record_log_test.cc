#include "embedded/record_log.h"

#include <string>

#include <gtest/gtest.h>

namespace kcl::embedded {
namespace {

using std::chrono::milliseconds;

Timestamp at(std::uint64_t ms) { return Timestamp(milliseconds(ms)); }

/// `count` records; the one with ordinal n arrived at 10 n ms and holds "data-n" padded to `size` bytes.
void fill(RecordLog& log, std::uint64_t count, std::size_t size = 0) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t n = log.next();
    std::string data = "data-" + std::to_string(n);
    data.resize(std::max(size, data.size()), '.');
    log.append(
        {.sequence_number = std::to_string(n), .partition_key = "k", .data = data, .approximate_arrival = at(10 * n)});
  }
}

TEST(RecordLog, ReadsFromAnyOrdinalAcrossBlocks) {
  RecordLog log;
  fill(log, 1'000, 900);
  for (const std::uint64_t from : {1, 2, 499, 500, 1'000}) {
    const auto slice = log.read(from, 10'000, 10 << 20);
    ASSERT_EQ(slice.records.size(), 1'001 - from);
    EXPECT_EQ(slice.bytes, slice.records.size() * 901);
    for (std::size_t i = 0; i < slice.records.size(); ++i) {
      const std::string n = std::to_string(from + i);
      ASSERT_EQ(slice.records[i].sequence_number(), n);
      ASSERT_EQ(slice.records[i].text().substr(0, 5 + n.size()), "data-" + n);
    }
  }
  EXPECT_TRUE(log.read(1'001, 10, 10).records.empty());
}

TEST(RecordLog, StopsAtEitherBoundButGivesOneRecord) {
  RecordLog log;
  fill(log, 10, 99);
  const struct {
    std::size_t max_records, max_bytes, expected;
  } cases[] = {{3, 10'000, 3}, {10, 300, 3}, {10, 299, 2}, {10, 1, 1}, {100, 10'000, 10}};
  for (const auto& c : cases) EXPECT_EQ(log.read(1, c.max_records, c.max_bytes).records.size(), c.expected);
}

TEST(RecordLog, FindsByTime) {
  RecordLog log;
  fill(log, 500, 100);
  for (const std::uint64_t n : {1, 2, 250, 500}) {
    EXPECT_EQ(log.first_at_or_after(at(10 * n)), n);
    EXPECT_EQ(log.first_at_or_after(at(10 * n - 9)), n);
  }
  EXPECT_EQ(log.first_at_or_after(at(5'001)), 501U);
  EXPECT_EQ(RecordLog().first_at_or_after(at(0)), RecordLog::kFirstOrdinal);
}

TEST(RecordLog, TrimmingKeepsOrdinals) {
  RecordLog log;
  fill(log, 500, 100);
  log.trim(at(2'000));
  EXPECT_EQ(log.first(), 200U);
  EXPECT_EQ(log.next(), 501U);
  EXPECT_EQ(log.first_at_or_after(at(0)), 200U);
  EXPECT_EQ(log.at(200).sequence_number(), "200");
  EXPECT_EQ(log.read(200, 1, 1).records[0].sequence_number(), "200");

  log.trim(at(100'000));
  EXPECT_EQ(log.first(), 501U);
  EXPECT_EQ(log.next(), 501U);
  fill(log, 1);
  EXPECT_EQ(log.read(501, 10, 10'000).records[0].text(), "data-501");
}

TEST(RecordLog, ASliceOutlivesTrimmingAndTheLog) {
  auto log = std::make_unique<RecordLog>();
  fill(*log, 100, 1'000);
  const auto slice = log->read(1, 100, 10 << 20);
  const char* const bytes = log->at(100).text().data();
  EXPECT_EQ(slice.records.back().text().data(), bytes) << "a slice must share, not copy";
  log->trim(at(100'000));
  log.reset();
  EXPECT_EQ(slice.records.front().text().substr(0, 6), "data-1");
  EXPECT_EQ(slice.records.back().text().substr(0, 8), "data-100");
}

}  // namespace
}  // namespace kcl::embedded
