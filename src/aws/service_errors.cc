#include "aws/service_errors.h"

#include <algorithm>
#include <array>
#include <utility>

namespace kcl::aws {

namespace {

template <std::size_t N>
bool is_one_of(std::string_view code, const std::array<std::string_view, N>& codes) {
  return std::ranges::find(codes, code) != codes.end();
}

constexpr std::array<std::string_view, 14> kThrottled{
    "ProvisionedThroughputExceededException",
    "ProvisionedThroughputExceeded",
    "LimitExceededException",
    "KMSThrottlingException",
    "ThrottlingException",
    "Throttling",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "PriorRequestNotComplete",
    "BandwidthLimitExceeded",
    "SlowDown",
};

constexpr std::array<std::string_view, 3> kExpired{"ExpiredTokenException", "ExpiredToken", "TokenRefreshRequired"};

constexpr std::array<std::string_view, 6> kClock{
    "RequestTimeTooSkewed",      "RequestExpired",        "RequestInTheFuture",
    "InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure",
};

constexpr std::array<std::string_view, 16> kDenied{
    "AccessDeniedException",
    "AccessDenied",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "OptInRequired",
    "NotAuthorized",
    "KMSAccessDeniedException",
    "KMSDisabledException",
    "KMSInvalidStateException",
    "KMSNotFoundException",
    "KMSOptInRequired",
};

// Passing by their nature, whatever their status.
constexpr std::array<std::string_view, 8> kBroken{
    "InternalServerError", "InternalFailure",  "InternalFailureException",    "RequestTimeout",
    "ServiceUnavailable",  "ServiceException", "ServiceUnavailableException", "RequestTimeoutException",
};

// By these the service has looked at the request and will not carry it out. Of a code that is not known here that is
// not certain: RequestAbortedException, for one, says nothing about what was done before.
constexpr std::array<std::string_view, 16> kRefused{
    "ConditionalCheckFailedException",
    "ValidationException",
    "ValidationError",
    "SerializationException",
    "ResourceNotFoundException",
    "ResourceInUseException",
    "TableNotFoundException",
    "TransactionConflictException",
    "ReplicatedWriteConflictException",
    "ItemCollectionSizeLimitExceededException",
    "InvalidArgumentException",
    "ExpiredIteratorException",
    "ExpiredNextTokenException",
    "UnknownOperationException",
    "InvalidAction",
    "PolicyEndpointException",
};

}  // namespace

ErrorMeaning meaning_of(int status, std::string_view code) {
  using Kind = CallError::Kind;
  if (is_one_of(code, kThrottled)) return {.kind = Kind::throttled, .not_done = true};
  if (is_one_of(code, kExpired)) return {.kind = Kind::denied, .not_done = true, .credentials_expired = true};
  if (is_one_of(code, kClock)) return {.kind = Kind::denied, .not_done = true, .clock_suspected = true};
  if (is_one_of(code, kDenied)) return {.kind = Kind::denied, .not_done = true};
  if (code.empty() || status >= 500 || is_one_of(code, kBroken)) {
    // Whoever answered without a code is not the service: what became of the request, nobody knows.
    return {.kind = Kind::unavailable, .not_done = false, .no_service = code.empty() && status < 500};
  }
  return {.kind = Kind::refused, .not_done = is_one_of(code, kRefused)};
}

std::string_view advice_on(const ErrorMeaning& meaning) {
  if (meaning.credentials_expired) return "; the credentials have expired: log in again, or get new ones";
  if (meaning.clock_suspected) return "; check the secret access key, and the clock of this host";
  if (meaning.no_service) return "; this is no answer of AWS: look at the endpoint, and at proxies on the way";
  return {};
}

CallError call_error(const std::string& host, wire::AwsError error, const ErrorMeaning& meaning) {
  CallError told;
  told.kind = meaning.kind;
  told.not_done = meaning.not_done;
  told.message = host + ": ";
  if (!error.code.empty()) told.message += error.code + ": ";
  told.message += error.message;
  told.message += advice_on(meaning);
  told.code = std::move(error.code);
  told.item = std::move(error.item);
  return told;
}

}  // namespace kcl::aws
