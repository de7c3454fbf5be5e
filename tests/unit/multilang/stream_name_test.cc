#include "multilang/stream_name.h"

#include <gtest/gtest.h>

#include <string>

namespace kcl::multilang {
namespace {

TEST(StreamName, HasTheCharactersThatKinesisAllows) {
  for (const char* good : {"orders", "a", "Orders_2.eu-west"}) EXPECT_TRUE(is_stream_name(good)) << good;
  for (const char* bad : {"", "a b", "a/b", "ключ"}) EXPECT_FALSE(is_stream_name(bad)) << bad;
  EXPECT_TRUE(is_stream_name(std::string(128, 'a')));
  EXPECT_FALSE(is_stream_name(std::string(129, 'a')));
}

TEST(StreamName, StandsAtTheEndOfAnArn) {
  EXPECT_EQ(stream_of_arn("arn:aws:kinesis:us-east-5:000000000000:stream/orders"), "orders");
  EXPECT_EQ(stream_of_arn("arn:aws-cn:kinesis:cn-north-1:123456789012:stream/orders"), "orders");
  for (const char* none :
       {"", "orders", "arn:aws:kinesis", "arn:aws:kinesis::123456789012:stream/a", "arn:aws:kinesis:r:12:stream/a",
        "arn:aws:sqs:r:123456789012:stream/a", "arn:aws:kinesis:r:123456789012:stream/",
        "arn:aws:kinesis:r:123456789012:stream/a/consumer/b:1"}) {
    EXPECT_EQ(stream_of_arn(none), std::nullopt) << none;
  }
}

}  // namespace
}  // namespace kcl::multilang
