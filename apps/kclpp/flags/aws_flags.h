// How AWS is reached: the flags that say so, which every command has by the same names, and what they say.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "flags/flag_reader.h"
#include "worker/aws_settings.h"

namespace kclpp {

inline constexpr std::string_view kAws = "AWS";
inline constexpr std::string_view kOneService = "AWS, where one service differs";

/// In the order of the help. Those of one service begin with its name and "-".
inline constexpr std::array kAwsFlags{
    Flag{"region", "REGION", kAws,
         "Default: that of a stream ARN, of the environment, of the profile, of the EC2 instance"},
    Flag{"profile", "NAME", kAws, "Of the shared configuration files of AWS"},
    Flag{"kinesis-endpoint", "URL", kAws, "Another server for Kinesis"},
    Flag{"dynamodb-endpoint", "URL", kAws, "Another server for DynamoDB"},
    Flag{"cloudwatch-endpoint", "URL", kAws, "Another server for CloudWatch"},
    Flag{"kinesis-region", "REGION", kOneService, "Of the stream"},
    Flag{"kinesis-profile", "NAME", kOneService, "Whose credentials and endpoint count for Kinesis"},
    Flag{"kinesis-role", "ARN", kOneService, "To assume for Kinesis, with the credentials that count otherwise"},
    Flag{"dynamodb-region", "REGION", kOneService, "Of the lease table"},
    Flag{"dynamodb-profile", "NAME", kOneService, "Whose credentials and endpoint count for DynamoDB"},
    Flag{"dynamodb-role", "ARN", kOneService, "To assume for DynamoDB"},
    Flag{"cloudwatch-region", "REGION", kOneService, "Of the metrics"},
    Flag{"cloudwatch-profile", "NAME", kOneService, "Whose credentials and endpoint count for CloudWatch"},
    Flag{"cloudwatch-role", "ARN", kOneService, "To assume for CloudWatch"},
};

/// "eu-west-1" of "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"; nothing of what is no ARN of a stream.
std::optional<std::string> region_of_stream_arn(std::string_view text);

/// `region_of_arn`: of the stream's ARN; empty where only its name is given. It is the stream's own, and by default
/// that of all services.
kcl::worker::AwsSettings read_aws(FlagReader& flags, const std::string& region_of_arn);

/// Notes what is said of CloudWatch where --cloudwatch does not say that anything goes there.
void expect_cloudwatch(FlagReader& flags);

}  // namespace kclpp
