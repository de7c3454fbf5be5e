#include "aws/kinesis_errors.h"

#include <utility>

namespace kcl::aws {

namespace {

KinesisError::Kind kind_of(const CallError& error) {
  using Kind = KinesisError::Kind;
  switch (error.kind) {
    case CallError::Kind::throttled:
      return Kind::throttled;
    case CallError::Kind::denied:
      return Kind::denied;
    case CallError::Kind::untrusted:
      return Kind::untrusted;
    case CallError::Kind::refused:
      break;
    case CallError::Kind::unavailable:
      return Kind::unavailable;
  }
  if (error.code == "ExpiredIteratorException") return Kind::expired_iterator;
  if (error.code == "ResourceNotFoundException") return Kind::not_found;
  // The listing begins anew; ResourceInUse: the stream is being created.
  if (error.code == "ExpiredNextTokenException" || error.code == "ResourceInUseException") return Kind::unavailable;
  return Kind::invalid_argument;
}

}  // namespace

KinesisError kinesis_error(CallError error, const ports::Timing& timing) {
  KinesisError told;
  told.kind = kind_of(error);
  told.message = std::move(error.message);
  told.server_time = timing.server_time;
  return told;
}

KinesisError subscription_error(CallError error, const ports::Timing& timing) {
  const bool in_use = error.code == "ResourceInUseException";
  const bool unknown = error.code == "UnknownOperationException";
  KinesisError told = kinesis_error(std::move(error), timing);
  if (in_use) told.kind = KinesisError::Kind::in_use;
  if (unknown) told.kind = KinesisError::Kind::unsupported;
  return told;
}

}  // namespace kcl::aws
