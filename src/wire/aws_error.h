// What an answer with an HTTP status other than 200 says, in JSON, CBOR or the query protocol's XML.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <kcl/item_store.h>

namespace kcl::wire {

struct ErrorAnswer {
  int status = 0;
  /// Of the header Content-Type; empty when absent.
  std::string_view content_type;
  /// Of the header x-amzn-ErrorType; empty when absent.
  std::string_view error_type;
  std::string_view body;
  /// False of services that give credentials: their answer may hold some whatever its status is.
  bool quotable = true;
};

struct AwsError {
  /// As "ResourceNotFoundException": without the namespace before '#' and the address after ':'. Empty when the answer
  /// names none: it is not the service's own (a proxy, a load balancer), or the service broke.
  std::string code;
  /// For people: one line of ASCII, not empty, at most 500 bytes. Without a code it begins with the status and quotes
  /// how the body begins, if it may be quoted. What AWS repeats of a request whose signature it refused is left out.
  std::string message;
  /// DynamoDB's row as it is, when ReturnValuesOnConditionCheckFailure asked for it and the service gives it.
  std::optional<Item> item;
};

/// Takes any bytes.
AwsError parse_aws_error(const ErrorAnswer& answer);

/// What a service said, for people: one line of ASCII, cut at 400 bytes, without what AWS repeats of a request whose
/// signature it refused: that may hold a session token.
std::string one_line(std::string_view text);

}  // namespace kcl::wire
