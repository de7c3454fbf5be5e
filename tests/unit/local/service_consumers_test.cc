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
  EXPECT_EQ(code("DescribeStreamConsumer", "{}"), "InvalidArgumentException");
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

TEST_F(ServiceConsumers, AreFoundByAllThatNamesThemIfItAgrees) {
  const std::string arn = enroll("app");
  const auto by_all = [&](const std::string& stream, const std::string& name) {
    return code("DescribeStreamConsumer",
                "{'ConsumerARN': '" + arn + "', 'StreamARN': '" + stream + "', 'ConsumerName': '" + name + "'}");
  };
  const std::string stream = "arn:aws:kinesis:us-east-1:000000000000:stream/orders";
  EXPECT_NE(by_all(stream, "app").find("CREATING"), std::string::npos);
  EXPECT_EQ(by_all(stream, "other"), "InvalidArgumentException");
  EXPECT_EQ(by_all(stream + "s", "app"), "InvalidArgumentException");
}

TEST_F(ServiceConsumers, AreAtMostFiveInCreation) {
  for (int i = 0; i < 5; ++i) enroll("c" + std::to_string(i));
  now += milliseconds(50);
  EXPECT_EQ(code("RegisterStreamConsumer", by_name("more")), "LimitExceededException");
  now += seconds(1);
  enroll("more");
}

TEST_F(ServiceConsumers, ASubscriptionIsAskedForOnceASecondByEachConsumerOfEachShard) {
  const std::string app = enroll("app");
  const std::string other = enroll("other");
  now += seconds(1);
  const auto subscribe = [&](const std::string& arn, const std::string& shard, const std::string& type) {
    const auto parameters = decode_parameters(
        Protocol::json, json("{'ConsumerARN': '" + arn + "', 'ShardId': '" + shard + "', 'StartingPosition': {" +
                             "'Type': '" + type + "', 'SequenceNumber': '1'}}"));
    const auto subscribed = service->subscribe(*parameters, now);
    return subscribed ? std::string() : subscribed.error().code;
  };
  const auto latest = [&](const std::string& arn, const std::string& shard) {
    const auto parameters = decode_parameters(
        Protocol::json,
        json("{'ConsumerARN': '" + arn + "', 'ShardId': '" + shard + "', 'StartingPosition': {'Type': 'LATEST'}}"));
    const auto subscribed = service->subscribe(*parameters, now);
    return subscribed ? std::string() : subscribed.error().code;
  };
  // One that failed is one too.
  EXPECT_EQ(subscribe(app, kShard0, "AFTER_SEQUENCE_NUMBER"), "InvalidArgumentException");
  EXPECT_EQ(latest(app, kShard0), "LimitExceededException");
  EXPECT_EQ(latest(app, kShard1), "");
  EXPECT_EQ(latest(other, kShard0), "");
  now += seconds(1);
  EXPECT_EQ(latest(app, kShard0), "");
  // After one that succeeded, being told so comes first.
  EXPECT_EQ(latest(app, kShard0), "ResourceInUseException");
  EXPECT_EQ(latest(app, kShard0), "ResourceInUseException");
  now += seconds(5);
  EXPECT_EQ(latest(app, kShard0), "");
}

TEST_F(ServiceConsumers, AStreamOfThisNameThatWasCreatedAtAnotherTimeHasOthers) {
  const auto listed = [&](const std::string& more) {
    return code("ListStreamConsumers",
                "{'StreamARN': 'arn:aws:kinesis:us-east-1:000000000000:stream/orders'" + more + "}");
  };
  // In whole seconds, as some SDKs send it.
  EXPECT_NE(listed(", 'StreamCreationTimestamp': 1767225600").find("Consumers"), std::string::npos);
  EXPECT_EQ(listed(", 'StreamCreationTimestamp': 1767225599"), "ResourceNotFoundException");
  EXPECT_EQ(listed(", 'StreamCreationTimestamp': 1767225600, 'NextToken': 'x'"), "InvalidArgumentException");
}

}  // namespace
}  // namespace kcl::local
