#include "flags/aws_flags.h"

#include <algorithm>
#include <vector>

#include "aws/sts.h"

namespace kclpp {

namespace {

constexpr std::size_t kLongestStreamName = 128;

std::string read_region(FlagReader& flags, std::string_view flag) {
  auto region = flags.text(flag, "a region such as eu-west-1");
  const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  if (!region) return {};
  if (std::ranges::all_of(*region, good)) return *std::move(region);
  flags.problem(flag, "\"" + *region + "\" is no region; one looks like eu-west-1");
  return {};
}

void read_access(FlagReader& flags, const std::string& service, kcl::ServiceAccess& access) {
  access.region = read_region(flags, service + "-region");
  if (auto profile = flags.text(service + "-profile", "a profile's name")) access.profile = *std::move(profile);
  if (auto role = flags.text(service + "-role", "the ARN of a role")) access.role_arn = *std::move(role);
  if (!access.role_arn.empty() && !kcl::aws::is_role_arn(access.role_arn)) {
    flags.problem(service + "-role", "\"" + access.role_arn +
                                         "\" is not the ARN of a role; one looks like "
                                         "arn:aws:iam::123456789012:role/reader");
  }
}

}  // namespace

std::optional<std::string> region_of_stream_arn(std::string_view text) {
  std::vector<std::string_view> parts;
  while (parts.size() < 5) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    parts.push_back(text.substr(0, colon));
    text.remove_prefix(colon + 1);
  }
  constexpr std::string_view kResource = "stream/";
  const bool account =
      parts[4].size() == 12 && std::ranges::all_of(parts[4], [](char c) { return c >= '0' && c <= '9'; });
  if (parts[0] != "arn" || !parts[1].starts_with("aws") || parts[2] != "kinesis" || parts[3].empty() || !account) {
    return std::nullopt;
  }
  if (!text.starts_with(kResource) || !is_aws_name(text.substr(kResource.size()), 1, kLongestStreamName)) {
    return std::nullopt;
  }
  return std::string(parts[3]);
}

kcl::worker::AwsSettings read_aws(FlagReader& flags, const std::string& region_of_arn) {
  kcl::worker::AwsSettings aws;
  aws.region = read_region(flags, "region");
  if (!region_of_arn.empty() && !aws.region.empty() && aws.region != region_of_arn) {
    flags.problem("region", aws.region + " is not the region of the stream's ARN, " + region_of_arn +
                                ": leave it out, or name that of the lease table with --dynamodb-region");
  }
  if (aws.region.empty()) aws.region = region_of_arn;
  if (auto profile = flags.text("profile", "a profile's name")) aws.profile = *std::move(profile);
  read_access(flags, "kinesis", aws.kinesis_access);
  read_access(flags, "dynamodb", aws.dynamodb_access);
  read_access(flags, "cloudwatch", aws.cloudwatch_access);
  const std::string& of_kinesis = aws.kinesis_access.region;
  if (!region_of_arn.empty() && !of_kinesis.empty() && region_of_arn != of_kinesis) {
    flags.problem("kinesis-region",
                  of_kinesis + " is not the region of the stream's ARN, " + region_of_arn + ": leave it out");
  }
  flags.url("kinesis-endpoint", aws.kinesis_endpoint);
  flags.url("dynamodb-endpoint", aws.dynamodb_endpoint);
  flags.url("cloudwatch-endpoint", aws.cloudwatch_endpoint);
  return aws;
}

void expect_cloudwatch(FlagReader& flags) {
  if (flags.has("cloudwatch")) return;
  for (const std::string_view flag :
       {"cloudwatch-namespace", "cloudwatch-endpoint", "cloudwatch-region", "cloudwatch-profile", "cloudwatch-role"}) {
    if (flags.has(flag)) flags.problem(flag, "is about --cloudwatch: add that, or leave it out");
  }
}

}  // namespace kclpp
