#include "aws/service_errors.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kcl::aws {
namespace {

using Kind = CallError::Kind;

struct Case {
  int status;
  std::string code;
  Kind kind;
  bool not_done;
  bool credentials_expired = false;
  bool clock_suspected = false;
};

std::vector<Case> cases() {
  std::vector<Case> all{
      // What a service says of a request that it has looked at.
      {400, "ConditionalCheckFailedException", Kind::refused, true},
      {400, "ValidationException", Kind::refused, true},
      {400, "InvalidArgumentException", Kind::refused, true},
      {400, "ResourceNotFoundException", Kind::refused, true},
      {400, "ResourceInUseException", Kind::refused, true},
      {400, "ExpiredIteratorException", Kind::refused, true},
      {400, "TransactionConflictException", Kind::refused, true},
      {400, "SerializationException", Kind::refused, true},
      {404, "UnknownOperationException", Kind::refused, true},
      // Nobody knows what became of these.
      {500, "InternalServerError", Kind::unavailable, false},
      {500, "InternalFailure", Kind::unavailable, false},
      {400, "InternalFailure", Kind::unavailable, false},
      {503, "ServiceUnavailable", Kind::unavailable, false},
      {503, "AnythingNewException", Kind::unavailable, false},
      {400, "AnythingNewException", Kind::refused, false},
      {400, "RequestAbortedException", Kind::refused, false},
      {500, "ConditionalCheckFailedException", Kind::unavailable, false},
      {400, "RequestTimeout", Kind::unavailable, false},
      {408, "RequestTimeoutException", Kind::unavailable, false},
      {400, "", Kind::unavailable, false},
      {403, "", Kind::unavailable, false},
      {502, "", Kind::unavailable, false},
      {302, "", Kind::unavailable, false},
  };
  for (const char* code :
       {"ProvisionedThroughputExceededException", "ProvisionedThroughputExceeded", "LimitExceededException",
        "KMSThrottlingException", "ThrottlingException", "Throttling", "ThrottledException", "RequestThrottled",
        "RequestThrottledException", "RequestLimitExceeded", "TooManyRequestsException", "PriorRequestNotComplete",
        "BandwidthLimitExceeded", "SlowDown"}) {
    all.push_back({400, code, Kind::throttled, true});
    all.push_back({503, code, Kind::throttled, true});
  }
  for (const char* code : {"ExpiredTokenException", "ExpiredToken", "TokenRefreshRequired"})
    all.push_back({400, code, Kind::denied, true, true});
  for (const char* code : {"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture", "InvalidSignatureException",
                           "SignatureDoesNotMatch"})
    all.push_back({403, code, Kind::denied, true, false, true});
  for (const char* code :
       {"AccessDeniedException", "AccessDenied", "UnrecognizedClientException", "InvalidClientTokenId",
        "MissingAuthenticationToken", "MissingAuthenticationTokenException", "IncompleteSignatureException",
        "OptInRequired", "NotAuthorized", "KMSAccessDeniedException", "KMSDisabledException",
        "KMSInvalidStateException", "KMSNotFoundException", "KMSOptInRequired"})
    all.push_back({400, code, Kind::denied, true});
  return all;
}

TEST(ServiceErrors, MeanWhatTheServicesDocument) {
  for (const Case& expected : cases()) {
    const ErrorMeaning meaning = meaning_of(expected.status, expected.code);
    SCOPED_TRACE(std::to_string(expected.status) + " " + expected.code);
    EXPECT_EQ(meaning.kind, expected.kind);
    EXPECT_EQ(meaning.not_done, expected.not_done);
    EXPECT_EQ(meaning.credentials_expired, expected.credentials_expired);
    EXPECT_EQ(meaning.clock_suspected, expected.clock_suspected);
  }
}

}  // namespace
}  // namespace kcl::aws
