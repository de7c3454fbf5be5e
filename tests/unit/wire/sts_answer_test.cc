#include "wire/sts_answer.h"

#include <gtest/gtest.h>

#include <string>

namespace kcl::wire {
namespace {

// The shape of the API Reference's sample response.
constexpr const char* kAssumeRole = R"(<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
  <SourceIdentity>Alice</SourceIdentity>
    <AssumedRoleUser>
      <Arn>arn:aws:sts::123456789012:assumed-role/demo/TestAR</Arn>
      <AssumedRoleId>ARO123EXAMPLE123:TestAR</AssumedRoleId>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>
      <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>
      <SessionToken>AQoDYXdzEPT//////////wEXAMPLEtc764==</SessionToken>
      <Expiration>2019-11-09T13:34:41.5Z</Expiration>
    </Credentials>
    <PackedPolicySize>6</PackedPolicySize>
  </AssumeRoleResult>
  <ResponseMetadata>
    <RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId>
  </ResponseMetadata>
</AssumeRoleResponse>)";

TEST(StsAnswer, HoldsTheCredentialsOfTheRole) {
  const auto found = decode_assumed_role("AssumeRole", kAssumeRole);
  ASSERT_TRUE(found) << found.error();
  EXPECT_EQ(found->access_key_id, "ASIAIOSFODNN7EXAMPLE");
  EXPECT_EQ(found->secret_access_key, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY");
  EXPECT_EQ(found->session_token, "AQoDYXdzEPT//////////wEXAMPLEtc764==");
  EXPECT_EQ(found->expiration, parse_iso8601("2019-11-09T13:34:41.500Z"));
}

TEST(StsAnswer, ToAnotherActionIsRefused) {
  EXPECT_EQ(decode_assumed_role("AssumeRoleWithWebIdentity", kAssumeRole).error(), "AccessKeyId is missing");
}

TEST(StsAnswer, MustBeWhole) {
  for (const char* name : {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}) {
    std::string without = kAssumeRole;
    const std::string open = "<" + std::string(name) + ">";
    const auto begin = without.find(open) + open.size();
    without.erase(begin, without.find('<', begin) - begin);
    EXPECT_EQ(decode_assumed_role("AssumeRole", without).error(), std::string(name) + " is missing");
  }
  std::string wrong = kAssumeRole;
  wrong.replace(wrong.find("2019-11-09"), 10, "2019/11/09");
  EXPECT_EQ(decode_assumed_role("AssumeRole", wrong).error(), "Expiration is no time");
  for (std::size_t cut = 0; cut < std::string(kAssumeRole).size(); ++cut) {
    EXPECT_FALSE(decode_assumed_role("AssumeRole", std::string(kAssumeRole).substr(0, cut))) << cut;
  }
}

TEST(StsAnswer, NamesTheCaller) {
  EXPECT_EQ(
      decode_caller_arn("<GetCallerIdentityResponse xmlns=\"x\"><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/A"
                        "lice</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>"),
      "arn:aws:iam::1:user/Alice");
  EXPECT_EQ(decode_caller_arn("<GetCallerIdentityResponse/>"), std::nullopt);
  EXPECT_EQ(decode_caller_arn("<Arn>arn</Arn>"), std::nullopt);
  EXPECT_EQ(decode_caller_arn(""), std::nullopt);
}

}  // namespace
}  // namespace kcl::wire
