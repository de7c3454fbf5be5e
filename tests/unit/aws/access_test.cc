#include "aws/access.h"

#include <gtest/gtest.h>

#include <string>

#include "base/blocking_pool.h"
#include "unit/aws/home.h"
#include "unit/aws/service_test.h"

namespace kcl::aws {
namespace {

using test::answer;
using test::ReceivedRequest;
using test::ScriptedServer;

std::string problem(const Result<Access, std::string>& access) { return access ? "" : access.error(); }

TEST(FindAccess, TakesWhatIsGivenBeforeWhatIsAround) {
  const Home home;
  home.config("[default]\nregion = eu-west-1\n[profile other]\nregion = ap-south-1\n");
  const auto environment = home.environment({{"AWS_REGION", "us-east-2"}});
  AccessRequest request;
  EXPECT_EQ(find_access(request, environment)->region, "us-east-2");
  EXPECT_EQ(find_access(request, home.environment())->region, "eu-west-1");
  request.profile = "other";
  EXPECT_EQ(find_access(request, home.environment())->region, "ap-south-1");
  request.region = "sa-east-1";
  request.credentials = static_credentials(kTestCredentials);
  const auto access = find_access(request, environment);
  ASSERT_TRUE(access) << access.error();
  EXPECT_EQ(access->region, "sa-east-1");
  EXPECT_EQ(access->credentials, request.credentials);
}

TEST(FindAccess, LooksForCredentialsInTheEnvironmentItIsGiven) {
  const Home home;
  home.config("[default]\nregion = eu-west-1\n[profile other]\naws_access_key_id = OTHER\naws_secret_access_key = s\n");
  const auto environment = home.environment({{"AWS_ACCESS_KEY_ID", "MINE"}, {"AWS_SECRET_ACCESS_KEY", "s"}});
  AccessRequest request;
  request.region = "eu-west-1";
  auto found = find_access(request, environment)->credentials->credentials(Call{});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->access_key_id, "MINE");
  request.profile = "other";
  found = find_access(request, environment)->credentials->credentials(Call{});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->access_key_id, "OTHER");
}

TEST(FindAccess, NamesTheFieldThatWouldMendIt) {
  const Home home;
  EXPECT_TRUE(problem(find_access({}, home.environment())).starts_with("region: "));
  AccessRequest request;
  request.region = "eu_west_1!";
  EXPECT_TRUE(problem(find_access(request, home.environment())).starts_with("region: "));
  request.region = "eu-west-1";
  request.profile = "nobody";
  EXPECT_TRUE(problem(find_access(request, home.environment())).starts_with("profile: "));
}

TEST(FindAccess, TakesTheAuthoritiesOfTheEnvironmentThenOfTheProfile) {
  const Home home;
  home.config("[default]\nregion = eu-west-1\nca_bundle = /of/the/profile\n");
  EXPECT_EQ(find_access({}, home.environment())->ca_file, "/of/the/profile");
  EXPECT_EQ(find_access({}, home.environment({{"AWS_CA_BUNDLE", "/of/the/environment"}}))->ca_file,
            "/of/the/environment");
  home.config("[default]\nregion = eu-west-1\n");
  EXPECT_EQ(find_access({}, home.environment())->ca_file, "");
}

TEST(FindAccess, KnowsEachServicesEndpoint) {
  const Home home;
  AccessRequest request;
  request.region = "eu-west-1";
  const auto access = find_access(request, home.environment({{"AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:4567"}}));
  ASSERT_TRUE(access) << access.error();
  EXPECT_EQ(access->endpoint(Service::dynamodb, "", "dynamodb_endpoint")->host, "127.0.0.1:4567");
  EXPECT_EQ(access->endpoint(Service::dynamodb, "http://localhost:1", "dynamodb_endpoint")->host, "localhost:1");
  EXPECT_EQ(access->endpoint(Service::kinesis, "", "kinesis_endpoint")->host, "kinesis.eu-west-1.amazonaws.com");
  const auto wrong = access->endpoint(Service::kinesis, "nonsense", "kinesis_endpoint");
  ASSERT_FALSE(wrong);
  EXPECT_TRUE(wrong.error().starts_with("kinesis_endpoint")) << wrong.error();
}

class ConnectionTest : public ServiceTest {};

TEST_F(ConnectionTest, SpeaksToItsEndpointInItsOwnName) {
  const Home home;
  ScriptedServer server(playing({answering(200, "{}")}));
  AccessRequest wanted;
  wanted.region = "eu-west-1";
  wanted.credentials = static_credentials(kTestCredentials);
  const auto access = find_access(wanted, home.environment());
  ASSERT_TRUE(access) << access.error();
  auto endpoint = access->endpoint(Service::dynamodb, server.url(), "endpoint");
  ASSERT_TRUE(endpoint) << endpoint.error();
  credentials_ = std::make_unique<AwaitedCredentials>(loop_, pool_, access->credentials);
  std::unique_ptr<Connection> connection;
  loop_.run_and_wait([&] {
    connection = std::make_unique<Connection>(loop_, random_, *credentials_, *access, Service::dynamodb, *endpoint);
  });
  const auto got = wait_for([&] {
    ServiceClient::Request request;
    request.target = "DynamoDB_20120810.ListTables";
    request.content_type = "application/x-amz-json-1.0";
    request.body = "{}";
    return connection->service().call(std::move(request), loop_.now() + kPatience);
  });
  EXPECT_TRUE(got.value);
  const auto seen = server.requests().at(0);
  EXPECT_TRUE(seen.header("user-agent").starts_with("kclpp/")) << seen.header("user-agent");
  EXPECT_NE(seen.header("authorization").find("/eu-west-1/dynamodb/"), std::string::npos);
  loop_.run_and_wait([&] { connection.reset(); });
}

}  // namespace
}  // namespace kcl::aws
