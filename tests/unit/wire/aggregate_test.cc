#include "wire/aggregate.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "kpl/aggregate_opener.h"
#include "kpl/aggregate_writer.h"

namespace kcl::wire {
namespace {

using kpl::aggregate_of;
using kpl::bytes_member;
using kpl::Entry;
using kpl::Found;
using kpl::number_member;
using kpl::sealed;

/// What was found, and each user record as "key|explicit hash key|data".
struct Read {
  Found found = Found::plain;
  std::vector<std::string> records;
};

Read read(const std::string& data) {
  Read read;
  AggregateReader reader;
  read.found = kpl::open(reader, data);
  UserRecord record;
  while (reader.next(record)) {
    read.records.push_back(std::string(record.partition_key) + '|' +
                           std::string(record.explicit_hash_key.value_or("-")) + '|' + std::string(record.data));
  }
  EXPECT_EQ(reader.size(), read.records.size());
  return read;
}

std::string record(std::uint64_t key, const std::string& data) {
  return bytes_member(3, number_member(1, key) + bytes_member(3, data));
}

TEST(Aggregate, YieldsTheUserRecordsInTheirOrder) {
  const Read got = read(aggregate_of({{.partition_key = "a", .data = "one"},
                                      {.partition_key = "b", .data = "", .explicit_hash_key = "77"},
                                      {.partition_key = "a", .data = std::string("\0\xFF", 2)}}));
  EXPECT_EQ(got.found, Found::aggregate);
  EXPECT_EQ(got.records, (std::vector<std::string>{"a|-|one", "b|77|", std::string("a|-|\0\xFF", 6)}));
}

TEST(Aggregate, RecordsAreViewsIntoIt) {
  const std::string data = aggregate_of({{.partition_key = "key", .data = "data"}});
  AggregateReader reader;
  ASSERT_EQ(kpl::open(reader, data), Found::aggregate);
  UserRecord record;
  ASSERT_TRUE(reader.next(record));
  EXPECT_EQ(static_cast<std::size_t>(record.data.data() - data.data()), data.find("data"));
  EXPECT_EQ(static_cast<std::size_t>(record.partition_key.data() - data.data()), data.find("key"));
}

TEST(Aggregate, TablesMayComeAfterTheRecords) {
  const std::string message = record(1, "x") + bytes_member(1, "a") + record(0, "y") + bytes_member(1, "b");
  EXPECT_EQ(read(sealed(message)).records, (std::vector<std::string>{"b|-|x", "a|-|y"}));
}

TEST(Aggregate, WhatIsNotKnownIsSkippedAndOfTwoTheLastCounts) {
  const std::string tag = bytes_member(4, bytes_member(1, "name") + bytes_member(2, "value"));
  const std::string twice = number_member(1, 0) + bytes_member(3, "old") + tag + bytes_member(3, "new") +
                            number_member(1, 1) + number_member(9, 1);
  const std::string message = bytes_member(1, "a") + bytes_member(1, "b") + number_member(1, 5) +
                              bytes_member(3, twice) + bytes_member(15, "later version");
  EXPECT_EQ(read(sealed(message)).records, std::vector<std::string>{"b|-|new"});
}

TEST(Aggregate, OtherRecordsArePlain) {
  for (const char* data : {"", "\xF3", "\xF3\x89\x9A", "hello", "\xF3\x89\x9A\xC1 and more than sixteen bytes"}) {
    EXPECT_EQ(read(data).found, Found::plain) << data;
    EXPECT_FALSE(looks_aggregated(data)) << data;
  }
}

TEST(Aggregate, WhatIsWrongInAnyPartIsDamagedAsAWhole) {
  const std::string keys = bytes_member(1, "a");
  const std::string good = keys + record(0, "good");
  ASSERT_EQ(read(sealed(good)).found, Found::aggregate);
  std::string unsealed = sealed(good);
  unsealed.back() ^= 1;
  const std::vector<std::pair<const char*, std::string>> cases = {
      {"only the magic", "\xF3\x89\x9A\xC2"},
      {"no room for a message", "\xF3\x89\x9A\xC2" + std::string(16, 'x')},
      {"the checksum", unsealed},
      {"no message", sealed("")},
      {"no records", sealed(keys)},
      {"a key that is in no table", sealed(good + record(1, "bad"))},
      {"a hash key that is in no table",
       sealed(keys + bytes_member(3, number_member(1, 0) + number_member(2, 0) + bytes_member(3, "bad")))},
      {"no key", sealed(good + bytes_member(3, bytes_member(3, "bad")))},
      {"no data", sealed(good + bytes_member(3, number_member(1, 0)))},
      {"data of another type", sealed(good + bytes_member(3, number_member(1, 0) + number_member(3, 1)))},
      {"cut inside a record", sealed(good.substr(0, good.size() - 1))},
      {"a record longer than its message", sealed(keys + bytes_member(3, number_member(1, 0) + "\x1A\x7F"))},
      {"a varint without an end", sealed(good + std::string(11, '\xFF'))},
      {"a wire type that is none", sealed(good + "\x0F")},
      {"text", sealed("This is no message at all.")},
  };
  for (const auto& [what, data] : cases) {
    const Read got = read(data);
    EXPECT_EQ(got.found, Found::damaged) << what;
    EXPECT_EQ(got.records.size(), 0U) << what;
  }
}

// All user records may share one key: a long one would make gigabytes of a megabyte, for whoever writes them out.
TEST(Aggregate, AKeyThatKinesisWouldNotTakeIsDamage) {
  std::string longest;
  for (int i = 0; i < 256; ++i) longest += "\xf0\x9f\x8d\x90";
  EXPECT_EQ(read(aggregate_of({{longest, "data"}})).found, Found::aggregate);
  EXPECT_EQ(read(aggregate_of({{longest + 'x', "data"}})).found, Found::damaged);
  EXPECT_EQ(read(aggregate_of({{"key", "data"}, {std::string(500'000, 'x'), ""}})).found, Found::damaged);
}

TEST(Aggregate, AReaderForgetsTheOneBefore) {
  AggregateReader reader;
  const std::string two = aggregate_of({{.partition_key = "a", .data = "1"}, {.partition_key = "b", .data = "2"}});
  ASSERT_TRUE(reader.open(two));
  // A key of the table before must not be found.
  const std::string lost = sealed(bytes_member(1, "c") + record(1, "x"));
  EXPECT_FALSE(reader.open(lost));
  UserRecord record;
  EXPECT_FALSE(reader.next(record));
}

// They are looked at together: each must be told by its own.
RC_GTEST_PROP(Aggregate, EachSealIsTold, (const std::vector<std::pair<std::string, std::uint8_t>>& given)) {
  std::vector<std::string> datas;
  std::vector<Seal> expected;
  for (const auto& [text, kind] : given) {
    std::string data = sealed(text);
    Seal seal = text.empty() ? Seal::broken : Seal::whole;
    if (kind % 3 == 1) {
      data[4 + kind % (data.size() - 4)] ^= 1;
      seal = Seal::broken;
    } else if (kind % 3 == 2) {
      data.erase(0, 1);
      seal = Seal::none;
    }
    datas.push_back(data);
    expected.push_back(seal);
  }
  const std::vector<std::string_view> views(datas.begin(), datas.end());
  std::vector<Seal> seals(views.size());
  look_at_seals(views, seals);
  RC_ASSERT(seals == expected);
}

RC_GTEST_PROP(Aggregate, WhatWasWrittenIsRead, (const std::vector<std::tuple<std::string, std::string, bool>>& given)) {
  RC_PRE(!given.empty());
  std::vector<Entry> entries;
  std::vector<std::string> expected;
  for (const auto& [key, data, hashed] : given) {
    entries.push_back({.partition_key = key, .data = data});
    if (hashed) entries.back().explicit_hash_key = "12";
    expected.push_back(key + (hashed ? "|12|" : "|-|") + data);
  }
  const Read got = read(aggregate_of(entries));
  RC_ASSERT(got.found == Found::aggregate);
  RC_ASSERT(got.records == expected);
}

/// Damage behind the checksum's back: whatever the message is, reading it ends, and yields all of it or nothing.
RC_GTEST_PROP(Aggregate, ADamagedMessageYieldsAllOrNothing, (const std::vector<std::pair<std::uint16_t, char>>& hits)) {
  std::string message = kpl::message_of({{.partition_key = "first", .data = "one", .explicit_hash_key = "5"},
                                         {.partition_key = "second", .data = "two"},
                                         {.partition_key = "first", .data = std::string(200, 'x')}});
  for (const auto& [place, byte] : hits) message[place % message.size()] = byte;
  const Read got = read(sealed(message));
  RC_ASSERT(got.found != Found::plain);
  RC_ASSERT((got.found == Found::aggregate) == !got.records.empty());
}

}  // namespace
}  // namespace kcl::wire
