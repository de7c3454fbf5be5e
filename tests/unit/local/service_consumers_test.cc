#include "service_fixture.h"

namespace kcl::local {
namespace {

class ServiceConsumers : public ServiceTest {
 protected:
  ServiceConsumers() { create(); }

  static std::string by_name(const std::string& name) {
    return "{'StreamARN': 'arn:aws:kinesis:us-east-1:000000000000:stream/orders', 'ConsumerName': '" + name + "'}";
  }
  static std::string by_arn(const std::string& arn) { return "{'ConsumerARN': '" + arn + "'}"; }
  std::string enroll(const std::string& name) {
    const std::string answer = ok("RegisterStreamConsumer", by_name(name));
    const std::size_t begin = answer.find("arn:");
    return answer.substr(begin, answer.find('"', begin) - begin);
  }
};

TEST_F(ServiceConsumers, AConsumerIsCreatingThenActiveThenDeletingThenGone) {
  const std::string arn = enroll("app");
  EXPECT_EQ(arn, "arn:aws:kinesis:us-east-1:000000000000:stream/orders/consumer/app:1767225600");
  EXPECT_NE(ok("DescribeStreamConsumer", by_arn(arn)).find("CREATING"), std::string::npos);
  now += milliseconds(100);
  EXPECT_NE(ok("DescribeStreamConsumer", by_name("app")).find("ACTIVE"), std::string::npos);
  EXPECT_EQ(code("RegisterStreamConsumer", by_name("app")), "ResourceInUseException");
  ok("DeregisterStreamConsumer", by_arn(arn));
  EXPECT_NE(ok("DescribeStreamConsumer", by_arn(arn)).find("DELETING"), std::string::npos);
  now += milliseconds(100);
  EXPECT_EQ(code("DescribeStreamConsumer", by_arn(arn)), "ResourceNotFoundException");
  enroll("app");
}

TEST_F(ServiceConsumers, AreListedInPages) {
  make({.limits = false});
  create();
  for (const char* name : {"a", "b", "c"}) enroll(name);
  const std::string stream = "'StreamARN': 'arn:aws:kinesis:us-east-1:000000000000:stream/orders'";
  const std::string first = ok("ListStreamConsumers", "{" + stream + ", 'MaxResults': 2}");
  EXPECT_NE(first.find("consumer/b"), std::string::npos);
  EXPECT_EQ(first.find("consumer/c"), std::string::npos);
  const std::size_t token = first.find(json("'NextToken':'")) + 13;
  const std::string next = first.substr(token, first.find('"', token) - token);
  const std::string second = ok("ListStreamConsumers", "{" + stream + ", 'NextToken': '" + next + "'}");
  EXPECT_EQ(second.find("consumer/b"), std::string::npos);
  EXPECT_NE(second.find("consumer/c"), std::string::npos);
  EXPECT_EQ(second.find("NextToken"), std::string::npos);
}

TEST_F(ServiceConsumers, RefusesWhatIsNoConsumer) {
  EXPECT_EQ(code("RegisterStreamConsumer", "{'ConsumerName': 'a'}"), "ValidationException");
  EXPECT_EQ(code("RegisterStreamConsumer", by_name("a b")), "ValidationException");
  EXPECT_EQ(code("DescribeStreamConsumer", by_name("none")), "ResourceNotFoundException");
  EXPECT_EQ(code("DescribeStreamConsumer", "{'ConsumerName': 'a'}"), "InvalidArgumentException");
  EXPECT_EQ(code("DescribeStreamConsumer", by_arn("arn:aws:kinesis:us-east-1:000000000000:stream/orders/consumer/a:1")),
            "ResourceNotFoundException");
}

TEST_F(ServiceConsumers, AreAtMostTwentyOfAStream) {
  for (int i = 0; i < 20; ++i) {
    now += seconds(1);
    enroll("c" + std::to_string(i));
  }
  now += seconds(1);
  EXPECT_EQ(code("RegisterStreamConsumer", by_name("more")), "LimitExceededException");
}

}  // namespace
}  // namespace kcl::local
