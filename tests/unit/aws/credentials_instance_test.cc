#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "aws/credentials_cache.h"
#include "aws/instance_metadata.h"
#include "unit/aws/provider_test.h"

namespace kcl::aws {
namespace {

using namespace std::chrono_literals;

constexpr const char* kRoles = "/latest/meta-data/iam/security-credentials/";

class Instance : public ProviderTest {
 protected:
  Instance() {
    serve([this](const Request& request) { return reply(request); });
  }

  /// As version 2 of the service answers.
  std::string reply(const Request& request) {
    if (broken_) return test::answer(503, "");
    if (request.target == "/latest/api/token") {
      const bool asked_well =
          request.method == "PUT" && !request.header("x-aws-ec2-metadata-token-ttl-seconds").empty();
      return asked_well ? test::answer(200, "METADATA-TOKEN") : test::answer(400, "");
    }
    if (request.header("x-aws-ec2-metadata-token") != "METADATA-TOKEN") return test::answer(401, "");
    if (request.target == kRoles) return role_.empty() ? test::answer(404, "") : test::answer(200, role_);
    if (request.target == kRoles + std::string("reader")) return keys_;
    if (request.target == "/latest/meta-data/placement/region") return test::answer(200, region_);
    return test::answer(404, "");
  }
  std::unique_ptr<CredentialsPlace> place(Environment::Variables more = {}) {
    return instance_place(context(enabled(std::move(more))), "");
  }
  static Environment::Variables enabled(Environment::Variables more = {}) {
    more.emplace("AWS_EC2_METADATA_DISABLED", "false");
    return more;
  }
  CredentialsResult ask(Environment::Variables more = {}, const Call& call = {}) {
    return of(place(std::move(more))->ask(call));
  }

  std::atomic<bool> broken_ = false;
  std::string role_ = "reader";
  std::string region_ = "eu-north-1";
  std::string keys_ = local_keys("FROM-INSTANCE", "2026-11-23T10:00:00Z");
};

TEST_F(Instance, AsksForATokenThenForTheRoleThenForItsCredentials) {
  const auto found = ask();
  ASSERT_TRUE(found) << error(found);
  EXPECT_EQ(found->access_key_id, "FROM-INSTANCE");
  EXPECT_EQ(found->secret_access_key, "SECRET");
  EXPECT_EQ(found->session_token, "TOKEN");
  EXPECT_EQ(found->expiration, parse_iso8601("2026-11-23T10:00:00Z"));
  EXPECT_EQ(found->source, "EC2 instance metadata (role reader)");
  const auto requests = server_->requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0].header("x-aws-ec2-metadata-token-ttl-seconds"), "21600");
  EXPECT_EQ(asked(), std::vector<std::string>(3, "http://169.254.169.254"));
  EXPECT_EQ(proxied_, std::vector<bool>(3, false));
}

TEST_F(Instance, IsAskedWhereTheSettingsSay) {
  ASSERT_TRUE(ask({{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6"}}));
  EXPECT_EQ(asked().back(), "http://[fd00:ec2::254]");
  ASSERT_TRUE(ask({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://localhost:1338/"},
                   {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6"}}));
  EXPECT_EQ(asked().back(), "http://localhost:1338");
  home_.config("[default]\nec2_metadata_service_endpoint_mode = ipv6\n");
  ASSERT_TRUE(ask());
  EXPECT_EQ(asked().back(), "http://[fd00:ec2::254]");
  EXPECT_EQ(error(ask({{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "7"}})),
            "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: '7' is neither IPv4 nor IPv6");
  EXPECT_EQ(error(ask({{"AWS_METADATA_SERVICE_TIMEOUT", "0"}})),
            "AWS_METADATA_SERVICE_TIMEOUT: '0' is no number from 1 to 60");
}

TEST_F(Instance, IsLeftAloneWhenTurnedOff) {
  EXPECT_EQ(error(of(instance_place(context({{"AWS_EC2_METADATA_DISABLED", "TRUE"}}), "")->ask({}))),
            "nothing: EC2 instance metadata: AWS_EC2_METADATA_DISABLED is true");
  EXPECT_TRUE(server_->requests().empty());
}

TEST_F(Instance, NeverFallsBackToVersion1) {
  for (const int status : {400, 403, 404, 405}) {
    serve([status](const Request& request) {
      if (request.method == "PUT") return test::answer(status, "");
      return test::answer(200, "reader");
    });
    EXPECT_EQ(error(ask()), "nothing: EC2 instance metadata: http://169.254.169.254 answered with HTTP status " +
                                std::to_string(status));
    EXPECT_EQ(server_->requests().size(), 1U);
  }
  serve_silence();
  EXPECT_TRUE(mentions(ask({}, hasty()),
                       "nothing: EC2 instance metadata: http://169.254.169.254 does not answer (in a container on EC2, "
                       "raise the instance's metadata hop limit to 2)"));
  EXPECT_TRUE(server_->requests().empty());
}

TEST_F(Instance, IsNotThereWhenNobodyListens) {
  server_->stop_listening();
  EXPECT_EQ(error(ask()), "nothing: EC2 instance metadata: http://169.254.169.254 does not answer");
}

TEST_F(Instance, TellsThatItHasNoRole) {
  role_ = "";
  EXPECT_EQ(error(ask()), "nothing: EC2 instance metadata: this instance has no role");
}

TEST_F(Instance, TriesAsOftenAsItIsTold) {
  std::atomic<int> failures = 2;
  serve([&](const Request& request) { return failures-- > 0 ? test::answer(500, "") : reply(request); });
  EXPECT_TRUE(ask({{"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "3"}}));
  failures = 2;
  const auto found = ask({{"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "2"}});
  ASSERT_FALSE(found);
  EXPECT_TRUE(found.error().retryable);
  EXPECT_EQ(error(found), "EC2 instance metadata: http://169.254.169.254 answered with HTTP status 500");
}

TEST_F(Instance, RefusesAnswersThatHoldNoCredentials) {
  for (const char* body : {"", "{}", "reader", R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot"})"}) {
    keys_ = test::answer(200, body);
    const auto found = ask();
    ASSERT_FALSE(found) << body;
  }
  EXPECT_TRUE(mentions(ask(), "of role reader: AssumeRoleUnauthorizedAccess: EC2 cannot"));
  for (const char* role : {"../api/token", "a b", "..", "?x"}) {
    role_ = role;
    EXPECT_TRUE(mentions(ask(), "it names no role")) << role;
  }
}

// What the AWS SDKs call static stability.
TEST_F(Instance, GoesOnWithTheOldOnesWhileTheServiceFails) {
  const auto instance = place();
  ASSERT_TRUE(of(instance->ask({})));
  now_ = parse_iso8601("2026-11-23T09:56:00Z").value();
  broken_ = true;
  auto found = of(instance->ask({}));
  ASSERT_TRUE(found) << error(found);
  EXPECT_EQ(found->access_key_id, "FROM-INSTANCE");
  EXPECT_GE(*found->expiration, now_ + 10min);
  EXPECT_LE(*found->expiration, now_ + 15min);
  // Long after their end, and with nobody there at all.
  now_ = parse_iso8601("2026-11-24T12:00:00Z").value();
  server_->stop_listening();
  found = of(instance->ask({}));
  ASSERT_TRUE(found) << error(found);
  EXPECT_GE(*found->expiration, now_ + 10min);
  EXPECT_LE(*found->expiration, now_ + 15min);
}

TEST_F(Instance, UsesExpiredOnesThatTheServiceStillGives) {
  now_ = parse_iso8601("2026-11-23T11:00:00Z").value();
  const auto instance = place();
  const auto found = of(instance->ask({}));
  ASSERT_TRUE(found) << error(found);
  EXPECT_GE(*found->expiration, now_ + 10min);
  // New ones are taken as they are.
  keys_ = local_keys("NEW", "2026-11-23T17:00:00Z");
  EXPECT_EQ(of(instance->ask({}))->access_key_id, "NEW");
  EXPECT_EQ(of(instance->ask({}))->expiration, parse_iso8601("2026-11-23T17:00:00Z"));
}

TEST_F(Instance, IsNotAskedAgainAtOnceWhileItFails) {
  CredentialsState state;
  now_ = parse_iso8601("2026-11-23T11:00:00Z").value();
  state.refreshed(ask(), now_);
  EXPECT_NE(state.usable(now_ + 9min), nullptr);
  EXPECT_FALSE(state.wants_refresh(now_ + 4min));
  EXPECT_TRUE(state.wants_refresh(now_ + 10min));
}

TEST_F(Instance, KnowsItsRegion) {
  const auto where = context(enabled());
  const auto region = region_of_instance(where.environment, Profile{}, where.exchange);
  ASSERT_TRUE(region) << region.error();
  EXPECT_EQ(*region, "eu-north-1");
  region_ = "evil.example.com/";
  EXPECT_EQ(region_of_instance(where.environment, Profile{}, where.exchange).error(),
            "EC2 instance metadata: http://169.254.169.254 names no region");
  broken_ = true;
  EXPECT_EQ(region_of_instance(where.environment, Profile{}, where.exchange).error(),
            "EC2 instance metadata: http://169.254.169.254 answered with HTTP status 503");
}

}  // namespace
}  // namespace kcl::aws
