#include "base/md5.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace kcl::base
