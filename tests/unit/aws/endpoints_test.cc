#include "aws/endpoints.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "unit/aws/home.h"

namespace kcl::aws {

void PrintTo(const Endpoint& e, std::ostream* os) { *os << e.url << " host " << e.host << " path " << e.path; }

namespace {

struct UrlCase {
  const char* text;
  Endpoint endpoint;
};

const UrlCase kEndpointUrls[] = {
    {"http://localhost:4566", {"http://localhost:4566/", "localhost:4566", "/"}},
    {"HTTPS://Example.COM/", {"https://example.com/", "example.com", "/"}},
    {"https://example.com:443", {"https://example.com/", "example.com", "/"}},
    {"http://example.com:443", {"http://example.com:443/", "example.com:443", "/"}},
    {"http://example.com:80", {"http://example.com/", "example.com", "/"}},
    {"http://10.0.0.1:08000", {"http://10.0.0.1:8000/", "10.0.0.1:8000", "/"}},
    {"http://my_box", {"http://my_box/", "my_box", "/"}},
    {"http://[::1]", {"http://[::1]/", "[::1]", "/"}},
    {"http://[2001:DB8::1]:4566/a", {"http://[2001:db8::1]:4566/a", "[2001:db8::1]:4566", "/a"}},
    {"http://h/a/b-c_d.e~f/", {"http://h/a/b-c_d.e~f", "h", "/a/b-c_d.e~f"}}};

TEST(EndpointUrls, AreBroughtIntoOneForm) {
  for (const UrlCase& c : kEndpointUrls) {
    SCOPED_TRACE(c.text);
    const auto endpoint = parse_endpoint(c.text, "here");
    ASSERT_TRUE(endpoint) << endpoint.error();
    EXPECT_EQ(*endpoint, c.endpoint);
  }
}

constexpr const char* kEndpointErrors[] = {"",
                                           "localhost:4566",
                                           "ftp://h",
                                           "http:/h",
                                           "http://",
                                           "http:///a",
                                           "http://:80",
                                           "http://h:",
                                           "http://h:0",
                                           "http://h:65536",
                                           "http://h:99999999999",
                                           "http://h:-1",
                                           "http://h:+1",
                                           "http://h:8a",
                                           "http://user:SECRET@h",
                                           "http://h?SECRET",
                                           "http://h/#SECRET",
                                           "http://h/a?b",
                                           "http://h/a b",
                                           "http://h/%41",
                                           "http://h//a",
                                           "http://h/../a",
                                           "http://[::1",
                                           "http://[]",
                                           "http://[::g]",
                                           "http://[::1]x",
                                           "http://[fe80::1%25eth0]",
                                           "http://::1",
                                           "http://a b",
                                           "http://a\r\nb: SECRET",
                                           "http://a..b",
                                           "http://.a",
                                           "http://a.",
                                           "http://-a",
                                           "http://h\\a",
                                           " http://h"};

TEST(EndpointErrors, IncludeNulBytesAnywhere) {
  using namespace std::string_view_literals;
  for (const auto text : {"http://[::1\0x]"sv, "http://h\0"sv, "http://h/\0"sv, "http://h:1\0"sv, "http\0://h"sv}) {
    EXPECT_FALSE(parse_endpoint(text, "here")) << text;
  }
}

TEST(EndpointErrors, NameThePlaceAndRepeatNothingOfTheUrl) {
  for (const char* text : kEndpointErrors) {
    SCOPED_TRACE(text);
    const auto endpoint = parse_endpoint(text, "AWS_ENDPOINT_URL");
    ASSERT_FALSE(endpoint) << endpoint->url;
    EXPECT_EQ(endpoint.error().find("AWS_ENDPOINT_URL: "), 0U) << endpoint.error();
    EXPECT_EQ(endpoint.error().find("SECRET"), std::string::npos) << endpoint.error();
  }
}

struct RegionCase {
  Service service;
  const char* region;
  bool fips;
  bool dual_stack;
  const char* host;
};

// Taken from what botocore 1.43.11 answers.
constexpr RegionCase kRegionEndpoints[] = {
    {Service::kinesis, "us-east-1", false, false, "kinesis.us-east-1.amazonaws.com"},
    {Service::kinesis, "us-east-1", true, false, "kinesis-fips.us-east-1.amazonaws.com"},
    {Service::kinesis, "us-east-1", false, true, "kinesis.us-east-1.api.aws"},
    {Service::kinesis, "us-east-1", true, true, "kinesis-fips.us-east-1.api.aws"},
    {Service::dynamodb, "us-east-1", false, false, "dynamodb.us-east-1.amazonaws.com"},
    {Service::dynamodb, "us-gov-west-1", true, false, "dynamodb.us-gov-west-1.amazonaws.com"},
    {Service::dynamodb, "us-gov-west-1", true, true, "dynamodb-fips.us-gov-west-1.api.aws"},
    {Service::cloudwatch, "eu-west-1", true, false, "monitoring-fips.eu-west-1.amazonaws.com"},
    {Service::cloudwatch, "us-gov-west-1", true, true, "monitoring.us-gov-west-1.api.aws"},
    {Service::sts, "us-east-1", false, false, "sts.us-east-1.amazonaws.com"},
    {Service::sts, "us-gov-west-1", true, false, "sts.us-gov-west-1.amazonaws.com"},
    {Service::kinesis, "cn-north-1", false, false, "kinesis.cn-north-1.amazonaws.com.cn"},
    {Service::kinesis, "cn-north-1", false, true, "kinesis.cn-north-1.api.amazonwebservices.com.cn"},
    {Service::kinesis, "us-iso-east-1", false, false, "kinesis.us-iso-east-1.c2s.ic.gov"},
    {Service::kinesis, "us-isob-east-1", false, false, "kinesis.us-isob-east-1.sc2s.sgov.gov"},
    {Service::kinesis, "eu-isoe-west-1", false, false, "kinesis.eu-isoe-west-1.cloud.adc-e.uk"},
    {Service::kinesis, "us-isof-south-1", false, false, "kinesis.us-isof-south-1.csp.hci.ic.gov"},
    {Service::kinesis, "eusc-de-east-1", false, false, "kinesis.eusc-de-east-1.amazonaws.eu"},
    {Service::sts, "cn-north-1", false, false, "sts.cn-north-1.amazonaws.com.cn"},
    {Service::sso, "us-east-2", false, false, "portal.sso.us-east-2.amazonaws.com"},
    {Service::sso, "us-east-2", true, true, "portal.sso-fips.us-east-2.api.aws"},
    {Service::sso, "us-gov-west-1", true, false, "portal.sso.us-gov-west-1.amazonaws.com"},
    {Service::sso_oidc, "us-east-2", false, true, "oidc.us-east-2.api.aws"},
    {Service::kinesis, "xx-new-1", false, false, "kinesis.xx-new-1.amazonaws.com"}};

TEST(RegionEndpoints, AreThoseOfTheAwsTools) {
  for (const RegionCase& c : kRegionEndpoints) {
    SCOPED_TRACE(c.host);
    const Environment environment({{"AWS_USE_FIPS_ENDPOINT", c.fips ? "true" : ""},
                                   {"AWS_USE_DUALSTACK_ENDPOINT", c.dual_stack ? "TRUE" : "false"}});
    const auto endpoint = find_endpoint({.service = c.service, .region = c.region}, environment, Profile{});
    ASSERT_TRUE(endpoint) << endpoint.error();
    EXPECT_EQ(endpoint->host, c.host);
    EXPECT_EQ(endpoint->url, "https://" + std::string(c.host) + "/");
  }
}

class FindEndpoint : public ::testing::Test {
 protected:
  void config(const std::string& text) {
    home_.config(text);
    profile_ = load_profile("", home_.environment()).value();
  }
  Result<Endpoint, std::string> find(Environment::Variables variables, EndpointRequest request = {}) {
    request.region = "us-east-1";
    return find_endpoint(request, Environment(std::move(variables)), profile_);
  }

  Home home_;
  Profile profile_;
};

TEST_F(FindEndpoint, TakesTheFirstPlaceThatHasOne) {
  config(
      "[default]\nendpoint_url = http://profile\nservices = s\n[services s]\nkinesis =\n  endpoint_url = "
      "http://service\n");
  const Environment::Variables both = {{"AWS_ENDPOINT_URL_KINESIS", "http://own"}, {"AWS_ENDPOINT_URL", "http://all"}};
  EXPECT_EQ(find(both, {.configured = "http://flag"})->host, "flag");
  EXPECT_EQ(find(both)->host, "own");
  EXPECT_EQ(find({{"AWS_ENDPOINT_URL", "http://all"}, {"AWS_ENDPOINT_URL_DYNAMODB", "http://other"}})->host, "all");
  EXPECT_EQ(find({})->host, "service");
  EXPECT_EQ(find({}, {.service = Service::dynamodb})->host, "profile");
  profile_ = Profile{};
  EXPECT_EQ(find({})->host, "kinesis.us-east-1.amazonaws.com");
}

TEST_F(FindEndpoint, NamesEachServiceAsTheAwsToolsDo) {
  const Environment::Variables all = {{"AWS_ENDPOINT_URL_KINESIS", "http://k"},
                                      {"AWS_ENDPOINT_URL_DYNAMODB", "http://d"},
                                      {"AWS_ENDPOINT_URL_CLOUDWATCH", "http://c"},
                                      {"AWS_ENDPOINT_URL_STS", "http://s"}};
  EXPECT_EQ(find(all)->host, "k");
  EXPECT_EQ(find(all, {.service = Service::dynamodb})->host, "d");
  EXPECT_EQ(find(all, {.service = Service::cloudwatch})->host, "c");
  EXPECT_EQ(find(all, {.service = Service::sts})->host, "s");
}

TEST_F(FindEndpoint, OfStsIsTheRegionsUnlessLegacyIsAskedFor) {
  const EndpointRequest sts{.service = Service::sts};
  EXPECT_EQ(find({}, sts)->host, "sts.us-east-1.amazonaws.com");
  const Environment::Variables legacy = {{"AWS_STS_REGIONAL_ENDPOINTS", "legacy"}};
  EXPECT_EQ(find(legacy, sts)->host, "sts.amazonaws.com");
  EXPECT_EQ(find(legacy, sts)->signing_region, "us-east-1");
  EXPECT_EQ(find(legacy)->host, "kinesis.us-east-1.amazonaws.com");
  EXPECT_EQ(find({{"AWS_STS_REGIONAL_ENDPOINTS", "legacy"}, {"AWS_USE_FIPS_ENDPOINT", "true"}}, sts)->host,
            "sts-fips.us-east-1.amazonaws.com");
  config("[default]\nsts_regional_endpoints = Legacy\n");
  EXPECT_EQ(find({}, sts)->host, "sts.amazonaws.com");
  EXPECT_EQ(find({{"AWS_STS_REGIONAL_ENDPOINTS", "regional"}}, sts)->host, "sts.us-east-1.amazonaws.com");
  EXPECT_EQ(find({{"AWS_STS_REGIONAL_ENDPOINTS", "global"}}, sts).error(),
            "AWS_STS_REGIONAL_ENDPOINTS: 'global' is neither regional nor legacy");
  // Regions that came later were never asked globally.
  const EndpointRequest later{.service = Service::sts, .region = "eu-south-1"};
  EXPECT_EQ(find_endpoint(later, Environment(legacy), Profile{})->host, "sts.eu-south-1.amazonaws.com");
  const EndpointRequest nowhere{.service = Service::sts};
  EXPECT_EQ(find_endpoint(nowhere, Environment(Environment::Variables{}), Profile{})->host, "sts.amazonaws.com");
  EXPECT_FALSE(
      find_endpoint(nowhere, Environment(Environment::Variables{{"AWS_USE_FIPS_ENDPOINT", "true"}}), Profile{}));
}

TEST_F(FindEndpoint, IgnoresAllButItsOwnConfigurationWhenToldTo) {
  config("[default]\nendpoint_url = http://profile\nignore_configured_endpoint_urls = true\n");
  EXPECT_EQ(find({{"AWS_ENDPOINT_URL", "http://all"}})->host, "kinesis.us-east-1.amazonaws.com");
  EXPECT_EQ(find({{"AWS_ENDPOINT_URL", "http://all"}}, {.configured = "http://flag"})->host, "flag");
  // The variable goes before the profile.
  EXPECT_EQ(find({{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false"}})->host, "profile");
}

TEST_F(FindEndpoint, ReadsVariantsFromTheProfile) {
  config("[default]\nuse_fips_endpoint = true\nuse_dualstack_endpoint = True\n");
  EXPECT_EQ(find({})->host, "kinesis-fips.us-east-1.api.aws");
  EXPECT_EQ(find({{"AWS_USE_FIPS_ENDPOINT", "false"}})->host, "kinesis.us-east-1.api.aws");
}

TEST_F(FindEndpoint, SaysWhereAWrongSettingStands) {
  config("[default]\nendpoint_url = localhost\nuse_fips_endpoint = yes\n");
  EXPECT_EQ(find({}).error(), home_.config_path() + ":3: 'yes' is neither true nor false");
  EXPECT_EQ(find({{"AWS_USE_FIPS_ENDPOINT", "false"}}).error(),
            home_.config_path() + ":2: an endpoint begins with http:// or https://");
  EXPECT_EQ(find({{"AWS_USE_FIPS_ENDPOINT", "false"}, {"AWS_ENDPOINT_URL", "x"}}).error(),
            "AWS_ENDPOINT_URL: an endpoint begins with http:// or https://");
  EXPECT_EQ(find({}, {.configured = "x", .configured_by = "--kinesis-endpoint"}).error(),
            "--kinesis-endpoint: an endpoint begins with http:// or https://");
}

TEST_F(FindEndpoint, DoesNotSilentlyGiveUpFips) {
  const auto endpoint = find({{"AWS_USE_FIPS_ENDPOINT", "true"}, {"AWS_ENDPOINT_URL", "http://all"}});
  ASSERT_FALSE(endpoint);
  EXPECT_EQ(endpoint.error().find("AWS_ENDPOINT_URL: "), 0U) << endpoint.error();
}

}  // namespace
}  // namespace kcl::aws
