#include "local/fault_errors.h"

namespace kcl::local {

namespace {

ServiceError error(std::string code, std::string message, int status = 400) {
  return {.code = std::move(code), .message = std::move(message) + " (a fault that was asked for)", .status = status};
}

ServiceError throttled(Operation operation) {
  const bool per_shard = is_of_the_data_plane(operation) && operation != Operation::subscribe_to_shard;
  return error(per_shard ? "ProvisionedThroughputExceededException" : "LimitExceededException", "Rate exceeded.");
}

}  // namespace

std::optional<ServiceError> refusal_of(Fault fault, Operation operation) {
  switch (fault) {
    case Fault::throttle:
      return throttled(operation);
    case Fault::kms_throttling:
      return error("KMSThrottlingException", "The request was denied due to request throttling.");
    case Fault::kms_access_denied:
      return error("KMSAccessDeniedException", "The ciphertext refers to a key that cannot be used.");
    case Fault::kms_disabled:
      return error("KMSDisabledException", "The key is disabled.");
    case Fault::kms_invalid_state:
      return error("KMSInvalidStateException", "The state of the key is not valid for this request.");
    case Fault::kms_not_found:
      return error("KMSNotFoundException", "The key cannot be found.");
    case Fault::kms_opt_in_required:
      return error("KMSOptInRequired", "The AWS access key ID needs a subscription for the service.");
    case Fault::internal_failure:
      return error("InternalFailure", "The request failed because of an unknown error.", 500);
    case Fault::service_unavailable:
      return error("ServiceUnavailable", "The request failed due to a temporary failure of the server.", 503);
    case Fault::expired_token:
      return error("ExpiredTokenException", "The security token included in the request is expired.");
    case Fault::access_denied:
      return error("AccessDeniedException",
                   "User is not authorized to perform: kinesis:" + std::string(name_of(operation)));
    case Fault::expired_iterator:
      return error("ExpiredIteratorException", "Iterator expired.");
    case Fault::not_found:
      return error("ResourceNotFoundException", "Not found.");
    case Fault::no_cbor:
      return error("UnknownOperationException", "");
    case Fault::reset_before:
    case Fault::reset_after:
    case Fault::truncate:
    case Fault::slow:
    case Fault::clock_skew:
    case Fault::partial_list:
    case Fault::stream_cut:
    case Fault::stream_bad_crc:
    case Fault::stream_exception:
      break;
  }
  return std::nullopt;
}

}  // namespace kcl::local
