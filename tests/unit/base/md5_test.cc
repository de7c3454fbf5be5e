#include "base/md5.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/md5_lanes.h"

namespace kcl::base {
namespace {

TEST(Md5, AgreesWithRfc1321) {
  const struct {
    std::string text;
    Md5Digest digest;
  } cases[] = {
      {"", {0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0x00, 0xb2, 0x04, 0xe9, 0x80, 0x09, 0x98, 0xec, 0xf8, 0x42, 0x7e}},
      {"abc", {0x90, 0x01, 0x50, 0x98, 0x3c, 0xd2, 0x4f, 0xb0, 0xd6, 0x96, 0x3f, 0x7d, 0x28, 0xe1, 0x7f, 0x72}},
      {"message digest",
       {0xf9, 0x6b, 0x69, 0x7d, 0x7c, 0xb7, 0x93, 0x8d, 0x52, 0x5a, 0x2f, 0x31, 0xaa, 0xf1, 0x61, 0xd0}},
  };
  for (const auto& c : cases) EXPECT_EQ(md5(c.text), c.digest) << c.text;
}

TEST(Md5, APartitionKeyIsHashedToABigEndianNumber) {
  const struct {
    std::string key;
    HashKey hash;
  } cases[] = {
      {"", {.high = 0xd41d8cd98f00b204, .low = 0xe9800998ecf8427e}},
      {"abc", {.high = 0x900150983cd24fb0, .low = 0xd6963f7d28e17f72}},
      {"\xC3\xA9", {.high = 0x66ddcd97cfdeabb2, .low = 0xf6fb8a999b4bc76f}},
      {std::string(200, 'x'), {.high = 0x30a83621ce5422fb, .low = 0xdfdd539777458c78}},
  };
  for (const auto& c : cases) EXPECT_EQ(hash_of_partition_key(c.key), c.hash) << c.key;
}

TEST(Md5, GivesTheSameOnEveryThread) {
  const HashKey expected = hash_of_partition_key("customer-7");
  std::vector<HashKey> seen(4);
  std::vector<std::thread> threads;
  for (HashKey& hash : seen) threads.emplace_back([&hash] { hash = hash_of_partition_key("customer-7"); });
  for (std::thread& thread : threads) thread.join();
  for (const HashKey& hash : seen) EXPECT_EQ(hash, expected);
}

/// Each registers that this processor has.
void expect_same_as_one_by_one(const std::vector<std::string>& texts) {
  const std::vector<std::string_view> messages(texts.begin(), texts.end());
  std::vector<Md5Digest> expected;
  for (const std::string_view message : messages) expected.push_back(md5(message));
  std::vector<Md5Digest> got(messages.size());
  md5(messages, got);
  EXPECT_EQ(got, expected);
  for (const Registers registers : {Registers::any, Registers::avx2}) {
    if (!has(registers)) continue;
    got.assign(messages.size(), {});
    md5_in_lanes(messages, got, registers);
    EXPECT_EQ(got, expected) << static_cast<int>(registers);
  }
}

TEST(Md5OfMany, EveryLengthAroundABlockIsPaddedRight) {
  std::vector<std::string> texts;
  for (std::size_t size = 0; size < 200; ++size) texts.emplace_back(size, static_cast<char>('a' + size % 26));
  expect_same_as_one_by_one(texts);
}

TEST(Md5OfMany, AnyNumberOfThem) {
  for (std::size_t count = 0; count < 20; ++count) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < count; ++i) texts.emplace_back(100 + i * 37, static_cast<char>(i));
    expect_same_as_one_by_one(texts);
  }
}

RC_GTEST_PROP(Md5OfMany, OfAnyBytes, (const std::vector<std::string>& texts, std::uint8_t times)) {
  std::vector<std::string> longer;
  for (const std::string& text : texts) {
    longer.emplace_back();
    for (std::size_t i = 0; i < times % 16U; ++i) longer.back() += text;
  }
  expect_same_as_one_by_one(longer);
}

}  // namespace
}  // namespace kcl::base
