#include "local/service_error.h"

#include "embedded/stream.h"

namespace kcl::local {

std::string_view code_of(const KinesisError& error) {
  using Kind = KinesisError::Kind;
  switch (error.kind) {
    case Kind::throttled:
      return "ProvisionedThroughputExceededException";
    case Kind::expired_iterator:
      return "ExpiredIteratorException";
    case Kind::not_found:
      return "ResourceNotFoundException";
    case Kind::invalid_argument:
      return error.message == embedded::kExpiredPageToken ? "ExpiredNextTokenException" : "InvalidArgumentException";
    case Kind::in_use:
      return "ResourceInUseException";
    case Kind::denied:
    case Kind::untrusted:
    case Kind::unavailable:
    case Kind::unsupported:
      break;
  }
  return "InternalFailure";
}

void refuse(std::string code, std::string message) {
  throw Refused({.code = std::move(code), .message = std::move(message)});
}

void refuse_value(std::string_view value, std::string_view member, std::string_view constraint) {
  std::string message = "1 validation error detected: Value ";
  message.append(value).append(" at '").append(member).append("' failed to satisfy constraint: Member must ");
  refuse("ValidationException", message.append(constraint));
}

void refuse(const KinesisError& error) { refuse(std::string(code_of(error)), error.message); }

}  // namespace kcl::local
