#include "wire/cbor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/sha256.h"

namespace kcl::wire {
namespace {

std::string unhex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

template <class Write>
std::string written(Write write) {
  std::string out;
  CborWriter cbor(out);
  write(cbor);
  return base::hex(out);
}

// RFC 8949, appendix A, as are the vectors below.
TEST(Cbor, IntegersAreReadAndWrittenAsPublished) {
  for (const auto& [value, hex] : std::vector<std::pair<std::int64_t, std::string>>{
           {0, "00"},
           {1, "01"},
           {10, "0a"},
           {23, "17"},
           {24, "1818"},
           {25, "1819"},
           {100, "1864"},
           {255, "18ff"},
           {256, "190100"},
           {1000, "1903e8"},
           {65535, "19ffff"},
           {65536, "1a00010000"},
           {1000000, "1a000f4240"},
           {4294967295, "1affffffff"},
           {4294967296, "1b0000000100000000"},
           {1000000000000, "1b000000e8d4a51000"},
           {std::numeric_limits<std::int64_t>::max(), "1b7fffffffffffffff"},
           {-1, "20"},
           {-10, "29"},
           {-24, "37"},
           {-25, "3818"},
           {-100, "3863"},
           {-1000, "3903e7"},
           {std::numeric_limits<std::int64_t>::min(), "3b7fffffffffffffff"}}) {
    EXPECT_EQ(written([&, v = value](CborWriter& cbor) { cbor.integer(v); }), hex);
    const std::string bytes = unhex(hex);
    CborReader reader(bytes);
    EXPECT_EQ(reader.integer(), value) << hex;
    reader.finish();
    EXPECT_TRUE(reader.ok()) << reader.error();
  }
}

TEST(Cbor, IntegersBeyondSixtyFourBitsAreRefusedAndLongFormsRead) {
  for (const char* hex : {"1bffffffffffffffff", "1b8000000000000000", "3bffffffffffffffff", "3b8000000000000000"}) {
    const std::string bytes = unhex(hex);
    CborReader reader(bytes);
    EXPECT_EQ(reader.integer(), 0);
    EXPECT_FALSE(reader.ok()) << hex;
  }
  const std::string padded = unhex("1b0000000000000001");
  CborReader reader(padded);
  EXPECT_EQ(reader.integer(), 1);
}

TEST(Cbor, FloatsOfEachSizeAreRead) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const auto& [hex, value] : std::vector<std::pair<std::string, double>>{{"f90000", 0.0},
                                                                              {"f93c00", 1.0},
                                                                              {"f93e00", 1.5},
                                                                              {"f97bff", 65504.0},
                                                                              {"f90001", 5.960464477539063e-8},
                                                                              {"f90400", 0.00006103515625},
                                                                              {"f9c400", -4.0},
                                                                              {"f97c00", kInfinity},
                                                                              {"f9fc00", -kInfinity},
                                                                              {"fa47c35000", 100000.0},
                                                                              {"fa7f7fffff", 3.4028234663852886e+38},
                                                                              {"fb3ff199999999999a", 1.1},
                                                                              {"fb7e37e43c8800759c", 1.0e+300},
                                                                              {"fbc010666666666666", -4.1},
                                                                              {"1903e8", 1000.0},
                                                                              {"3903e7", -1000.0}}) {
    const std::string bytes = unhex(hex);
    CborReader reader(bytes);
    EXPECT_EQ(reader.number(), value) << hex;
    EXPECT_TRUE(reader.ok()) << reader.error();
  }
  for (const char* hex : {"f97e00", "fa7fc00000", "fb7ff8000000000000"}) {
    const std::string bytes = unhex(hex);
    CborReader reader(bytes);
    EXPECT_TRUE(std::isnan(reader.number())) << hex;
  }
  EXPECT_EQ(written([](CborWriter& cbor) { cbor.number(1.1); }), "fb3ff199999999999a");
}

TEST(Cbor, StringsAreViewsOfTheInput) {
  const std::string bytes = unhex("6449455446") + unhex("4401020304");
  std::string joined;
  CborReader reader(bytes);
  const std::string_view text = reader.text(joined);
  EXPECT_EQ(text, "IETF");
  EXPECT_EQ(text.data(), bytes.data() + 1);
  EXPECT_EQ(reader.bytes(joined), unhex("01020304"));
  EXPECT_TRUE(joined.empty());
  reader.finish();
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(written([](CborWriter& cbor) { cbor.text("IETF"); }), "6449455446");
  EXPECT_EQ(written([](CborWriter& cbor) { cbor.bytes(unhex("01020304")); }), "4401020304");
}

TEST(Cbor, StringsInChunksAreJoinedBehindWhatIsThere) {
  const std::string bytes = unhex("7f657374726561646d696e67ff") + unhex("5f42010243030405ff") + unhex("5fff");
  std::string joined = "x";
  CborReader reader(bytes);
  EXPECT_EQ(reader.text(joined), "streaming");
  EXPECT_EQ(joined, "xstreaming");
  EXPECT_EQ(reader.bytes(joined), unhex("0102030405"));
  EXPECT_EQ(reader.bytes(joined), "");
  reader.finish();
  EXPECT_TRUE(reader.ok()) << reader.error();
}

TEST(Cbor, ChunksMustBeDefiniteStringsOfTheSameKind) {
  for (const char* hex :
       {"7f4161ff", "5f6161ff", "7f7f6161ffff", "7f01ff", "7fc16161ff", "7f6161", "7f", "7f62", "7f6261"}) {
    const std::string bytes = unhex(hex);
    CborReader reader(bytes);
    reader.skip();
    EXPECT_FALSE(reader.ok()) << hex;
  }
}

TEST(Cbor, ArraysAndMapsAreWalkedDefiniteOrNot) {
  for (const char* hex : {"a26161016162820203", "bf61610161629f0203ffff", "bf6161016162820203ff"}) {
    const std::string bytes = unhex(hex);
    CborReader reader(bytes);
    std::string joined;
    EXPECT_TRUE(reader.enter_map());
    EXPECT_TRUE(reader.more());
    EXPECT_EQ(reader.text(joined), "a");
    EXPECT_EQ(reader.integer(), 1);
    EXPECT_TRUE(reader.more());
    EXPECT_EQ(reader.text(joined), "b");
    EXPECT_TRUE(reader.enter_array());
    EXPECT_TRUE(reader.more());
    EXPECT_EQ(reader.integer(), 2);
    EXPECT_EQ(reader.integer(), 3);
    EXPECT_FALSE(reader.more());  // the array
    EXPECT_FALSE(reader.more());  // the map
    reader.finish();
    EXPECT_TRUE(reader.ok()) << hex << reader.error();
  }
}

TEST(Cbor, TagsAreReadPast) {
  const std::string bytes = unhex("c11a514b67b0") + unhex("d818456449455446") + unhex("c1c2d9d9f7f6");
  CborReader reader(bytes);
  std::string joined;
  EXPECT_EQ(reader.peek(), CborType::integer);
  EXPECT_EQ(reader.integer(), 1363896240);
  EXPECT_EQ(reader.bytes(joined), "dIETF");
  EXPECT_TRUE(reader.take_null());
  reader.finish();
  EXPECT_TRUE(reader.ok()) << reader.error();
  EXPECT_EQ(written([](CborWriter& cbor) {
              cbor.tag(1);
              cbor.integer(1363896240);
            }),
            "c11a514b67b0");
}

TEST(Cbor, SimpleValues) {
  const std::string bytes = unhex("f4f5f6f7") + unhex("f818") + unhex("e0");
  CborReader reader(bytes);
  EXPECT_FALSE(reader.boolean());
  EXPECT_TRUE(reader.boolean());
  EXPECT_TRUE(reader.take_null());
  EXPECT_TRUE(reader.take_null());
  EXPECT_FALSE(reader.take_null());
  EXPECT_EQ(reader.peek(), CborType::other);
  reader.skip();
  reader.skip();
  EXPECT_EQ(reader.peek(), CborType::end);
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(written([](CborWriter& cbor) {
              cbor.boolean(false);
              cbor.boolean(true);
              cbor.null();
            }),
            "f4f5f6");
}

TEST(Cbor, ASkipTakesOneItemWithAllInIt) {
  for (const char* hex : {"00",
                          "3903e7",
                          "f93c00",
                          "f6",
                          "f5",
                          "f8ff",
                          "40",
                          "4401020304",
                          "6161",
                          "7f657374726561646d696e67ff",
                          "80",
                          "83010203",
                          "8301820203820405",
                          "9fff",
                          "9f018202039f0405ffff",
                          "a0",
                          "a201020304",
                          "bfff",
                          "bf6346756ef563416d7421ff",
                          "c11a514b67b0",
                          "c1c1c180",
                          "a1c16161d81880",
                          "9f9f9f9fffffffff"}) {
    const std::string bytes = unhex(hex) + '\x07';
    CborReader reader(bytes);
    reader.skip();
    EXPECT_EQ(reader.integer(), 7) << hex << " " << reader.error();
    reader.finish();
    EXPECT_TRUE(reader.ok()) << hex << " " << reader.error();

    for (std::size_t size = 0; size + 1 < bytes.size(); ++size) {
      const std::string cut = bytes.substr(0, size);
      CborReader short_reader(cut);
      short_reader.skip();
      EXPECT_FALSE(short_reader.ok()) << hex << " cut to " << size;
    }
  }
}

TEST(Cbor, WhatIsNoCborIsRefused) {
  for (const char* hex : {"1c",       "1d",   "1e",     "1f",   "3c",     "3f", "5c",   "7d",      "9e",
                          "bc",       "df",   "fc",     "fd",   "fe",     "ff", "81ff", "a1ff",    "a161ff",
                          "bf6161ff", "bf61", "a16161", "81c1", "9fc1ff", "c1", "c1ff", "9fff00ff"}) {
    const std::string bytes = unhex(hex);
    CborReader reader(bytes);
    reader.skip();
    reader.finish();
    EXPECT_FALSE(reader.ok()) << hex;
  }
}

TEST(Cbor, LengthsThatNobodySentCostNothing) {
  for (const char* hex : {"5bffffffffffffffff", "7bffffffffffffffff", "9bffffffffffffffff", "bbffffffffffffffff",
                          "bb7fffffffffffffff", "bb8000000000000000", "5b7fffffffffffffff", "9b0000000100000000",
                          "5a7fffffff", "9affffffff", "5f5bffffffffffffffffff", "8200", "a100", "4100a0"}) {
    const std::string bytes = unhex(hex);
    CborReader reader(bytes);
    reader.skip();
    reader.finish();
    EXPECT_FALSE(reader.ok()) << hex;
  }
}

TEST(Cbor, NestingIsBounded) {
  const auto nested = [](std::size_t depth, char open, const std::string& close) {
    std::string bytes(depth, open);
    bytes += '\0';
    for (std::size_t i = 0; i < depth; ++i) bytes += close;
    return bytes;
  };
  for (const auto& [open, close] : std::vector<std::pair<char, std::string>>{{'\x81', ""}, {'\x9F', "\xFF"}}) {
    for (const std::size_t depth : {CborReader::kMaxDepth, CborReader::kMaxDepth + 1, std::size_t{1'000'000}}) {
      const std::string bytes = nested(depth, open, close);
      CborReader reader(bytes);
      reader.skip();
      reader.finish();
      EXPECT_EQ(reader.ok(), depth == CborReader::kMaxDepth) << depth;
    }
  }
  const std::string tags(1'000'000, '\xC1');
  CborReader reader(tags);
  reader.skip();
  EXPECT_FALSE(reader.ok());
}

TEST(Cbor, TheFirstFailureStaysAndSaysWhere) {
  const std::string bytes = unhex("6161") + unhex("01");
  CborReader reader(bytes);
  std::string joined;
  EXPECT_EQ(reader.integer(), 0);
  EXPECT_EQ(reader.error(), "expected an integer, found a text at byte 0");
  EXPECT_EQ(reader.text(joined), "");
  EXPECT_FALSE(reader.boolean());
  EXPECT_EQ(reader.number(), 0);
  EXPECT_FALSE(reader.enter_map());
  EXPECT_FALSE(reader.more());
  EXPECT_FALSE(reader.take_null());
  EXPECT_EQ(reader.peek(), CborType::end);
  reader.skip();
  reader.finish();
  reader.fail("later");
  EXPECT_EQ(reader.error(), "expected an integer, found a text at byte 0");
}

TEST(Cbor, EachTypeIsRefusedWhereAnotherIsExpected) {
  const std::vector<std::string> items{"01", "f93c00", "4101", "6161", "80", "a0", "f5", "f6", "e0"};
  const auto read = [](const std::string& hex, auto call) {
    const std::string bytes = unhex(hex);
    CborReader reader(bytes);
    std::string joined;
    call(reader, joined);
    return reader.ok();
  };
  for (const std::string& item : items) {
    EXPECT_EQ(read(item, [](auto& r, auto&) { r.integer(); }), item == "01") << item;
    EXPECT_EQ(read(item, [](auto& r, auto&) { r.number(); }), item == "01" || item == "f93c00") << item;
    EXPECT_EQ(read(item, [](auto& r, auto& joined) { r.bytes(joined); }), item == "4101") << item;
    EXPECT_EQ(read(item, [](auto& r, auto& joined) { r.text(joined); }), item == "6161") << item;
    EXPECT_EQ(read(item, [](auto& r, auto&) { r.enter_array(); }), item == "80") << item;
    EXPECT_EQ(read(item, [](auto& r, auto&) { r.enter_map(); }), item == "a0") << item;
    EXPECT_EQ(read(item, [](auto& r, auto&) { r.boolean(); }), item == "f5") << item;
  }
}

// What the reader skips, it skips wherever a byte was damaged: it ends, and within the input (ASan watches).
TEST(Cbor, DamagedInputNeverHarms) {
  const std::string whole =
      unhex("bf6346756ef563416d74c1fb3ff199999999999a61629f0203a26161f661625f42010243030405ffff61634401020304ff");
  std::mt19937 random(1);
  for (int round = 0; round < 50'000; ++round) {
    std::string damaged = whole;
    for (std::size_t flips = random() % 3 + 1; flips > 0; --flips) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    damaged.resize(damaged.size() - random() % 2 * (random() % damaged.size()));
    damaged.shrink_to_fit();
    CborReader reader(damaged);
    reader.skip();
    EXPECT_LE(reader.offset(), damaged.size());
  }
}

}  // namespace
}  // namespace kcl::wire
