#include "base/item_value.h"

#include <gtest/gtest.h>

#include <compare>
#include <limits>
#include <string>
#include <vector>

namespace kcl {
namespace {

TEST(Number, EqualsByValue) {
  const std::vector<std::vector<std::string>> same{
      {"1", "1.0", "1e0", "01", "+1", "0.1e1", "10E-1", "1.", "1.000e+0"},
      {"0", "-0", "0.0", ".0", "0e99", "-0.00e-5"},
      {"-12.5", "-0125e-1", "-1.25e1"},
      {"100", "1E+2", "1e2", "0.01e4"},
      {".5", "0.5", "5e-1"},
      {"12345678901234567890123456789012345678", "1.2345678901234567890123456789012345678e37"},
  };
  for (const auto& texts : same) {
    for (const auto& a : texts) {
      for (const auto& b : texts) EXPECT_EQ(Number{a}, Number{b}) << a << " and " << b;
    }
  }
}

TEST(Number, OrdersByValueAndTextsThatAreNoNumbersLast) {
  const std::vector<std::string> ascending{"-9.9e125", "-100",  "-12.51", "-12.5", "-1e-130", "0",  "1e-130",
                                           "0.9",      "0.95",  "1",      "1.01",  "9",       "10", "99.999",
                                           "100",      "1e125", "2e125",  "",      "-",       "1e", "1x"};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(Number{ascending[i]} <=> Number{ascending[j]}, i <=> j) << ascending[i] << " and " << ascending[j];
    }
  }
}

TEST(Number, DiffersInTheThirtyEighthDigit) {
  EXPECT_LT(Number{"12345678901234567890123456789012345678"}, Number{"12345678901234567890123456789012345679"});
  EXPECT_NE(Number{"0.12345678901234567890123456789012345678"}, Number{"0.12345678901234567890123456789012345679"});
}

TEST(Number, AnyTextComparesWithoutHarm) {
  const std::vector<std::string> wrong{"",
                                       "-",
                                       "+",
                                       ".",
                                       "-.",
                                       "e5",
                                       "1e",
                                       "1e+",
                                       "1e+-5",
                                       "1e--5",
                                       "1..2",
                                       "1.2.3",
                                       "--1",
                                       "0x1",
                                       "1,000",
                                       " 1",
                                       "1 ",
                                       "NaN",
                                       "inf",
                                       "1e99999999999999999999",
                                       std::string("1\0", 2),
                                       "1e2147483648",
                                       std::string(100'000, '.')};
  for (const auto& text : wrong) {
    EXPECT_FALSE(base::parse_decimal(text)) << text;
    EXPECT_EQ(Number{text}, Number{text});
    EXPECT_NE(Number{text}, Number{"1"}) << text;
    EXPECT_FALSE(Number{text}.as_int64()) << text;
  }
  EXPECT_LT(Number{std::string(100'000, '1')}, Number{std::string(100'000, '2')});
  EXPECT_LT(Number{"1e2147483646"}, Number{"1e2147483647"});
}

TEST(Number, AsInt64GivesWholeNumbersThatFit) {
  const std::vector<std::pair<std::string, std::int64_t>> whole{
      {"0", 0},
      {"-0", 0},
      {"7", 7},
      {"-7.00", -7},
      {"1e3", 1000},
      {"12.5e1", 125},
      {"9223372036854775807", std::numeric_limits<std::int64_t>::max()},
      {"-9223372036854775808", std::numeric_limits<std::int64_t>::min()}};
  for (const auto& [text, value] : whole) EXPECT_EQ(Number{text}.as_int64(), value) << text;
  for (const char* text :
       {"0.5", "1e-1", "9223372036854775808", "-9223372036854775809", "1e19", "1e100", "1e2147483647"}) {
    EXPECT_FALSE(Number{text}.as_int64()) << text;
  }
  EXPECT_EQ(Number::of(-42).as_int64(), -42);
}

TEST(Number, AdditionIsExact) {
  struct Sum {
    const char* a;
    const char* b;
    const char* sum;
  };
  for (const auto& [a, b, sum] : std::vector<Sum>{{"1", "1", "2"},
                                                  {"999", "1", "1000"},
                                                  {"0.1", "0.2", "0.3"},
                                                  {"0.5", "-1.5", "-1"},
                                                  {"-0.001", "1", "0.999"},
                                                  {"1", "-1", "0"},
                                                  {"0", "-5e1", "-50"},
                                                  {"1e37", "1", "10000000000000000000000000000000000001"},
                                                  {"-7", "-3.25", "-10.25"},
                                                  {"9223372036854775807", "1", "9223372036854775808"}}) {
    for (const auto& result : {base::add(Number{a}, Number{b}), base::add(Number{b}, Number{a})}) {
      ASSERT_TRUE(result) << a << " + " << b;
      EXPECT_EQ(result->text, sum);
    }
  }
}

TEST(Number, AdditionFailsRatherThanRounds) {
  EXPECT_FALSE(base::add(Number{"1e38"}, Number{"1"}));
  EXPECT_FALSE(base::add(Number{"1e125"}, Number{"1e-130"}));
  EXPECT_FALSE(base::add(Number{"9e125"}, Number{"9e125"}));
  EXPECT_FALSE(base::add(Number{"one"}, Number{"1"}));
}

TEST(Number, StorableIsWhatDynamoDbTakes) {
  for (const char* text : {"0", "-1", "9.9999999999999999999999999999999999999E+125", "1E-130", "-1e-130"}) {
    EXPECT_TRUE(base::is_storable(Number{text})) << text;
  }
  for (const char* text : {"", "x", "1e126", "9e-131", "123456789012345678901234567890123456789"}) {
    EXPECT_FALSE(base::is_storable(Number{text})) << text;
  }
}

TEST(AttributeValue, AnEmptyStringIsNotNullAndTypesDiffer) {
  EXPECT_NE(AttributeValue(""), AttributeValue());
  EXPECT_NE(AttributeValue("1"), AttributeValue(Number::of(1)));
  EXPECT_EQ(AttributeValue(Number{"1.0"}), AttributeValue(Number{"1"}));
  EXPECT_EQ((AttributeValue::NumberSet{{"1"}, {"1.0"}, {"2"}}.size()), 2U);
}

}  // namespace
}  // namespace kcl
