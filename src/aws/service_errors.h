// What the error codes of AWS services mean for whoever sent the request. Pure.
#pragma once

#include <string_view>

#include "aws/service_client.h"
#include "wire/aws_error.h"

namespace kcl::aws {

struct ErrorMeaning {
  CallError::Kind kind = CallError::Kind::unavailable;
  bool not_done = false;
  /// Other credentials may help, and the provider may have them by now.
  bool credentials_expired = false;
  /// The signature's time was too far from the service's clock, as far as the code tells.
  bool clock_suspected = false;
  /// No AWS service answers like that.
  bool no_service = false;
};

/// Source: "Common Errors" of the Kinesis and DynamoDB API References; AWS SDKs and Tools Reference Guide, "Retry
/// behavior".
ErrorMeaning meaning_of(int status, std::string_view code);

/// What a person can do about it, to follow the service's own words: "; get new credentials", or nothing.
std::string_view advice_on(const ErrorMeaning& meaning);

/// What the service at `host` said, for whoever called.
CallError call_error(const std::string& host, wire::AwsError error, const ErrorMeaning& meaning);

}  // namespace kcl::aws
