// An answer that refuses, as AWS names it: code, message, HTTP status.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include <kcl/kinesis.h>
#include <kcl/result.h>

namespace kcl::local {

struct ServiceError {
  /// "ResourceNotFoundException".
  std::string code;
  std::string message;
  int status = 400;
};

template <class T>
using Served = Result<T, ServiceError>;

/// How the operations of Service refuse inside; Service::call() returns what it carries.
class Refused final : public std::exception {
 public:
  explicit Refused(ServiceError error) : error_(std::move(error)) {}
  const ServiceError& error() const noexcept { return error_; }
  const char* what() const noexcept override { return error_.message.c_str(); }

 private:
  ServiceError error_;
};

/// AWS's code for what the embedded stream says.
std::string_view code_of(const KinesisError& error);

[[noreturn]] void refuse(std::string code, std::string message);
/// "1 validation error detected: Value 'x' at 'limit' failed to satisfy constraint: Member must ..."
[[noreturn]] void refuse_value(std::string_view value, std::string_view member, std::string_view constraint);
[[noreturn]] void refuse(const KinesisError& error);

/// The value, or a refusal by its cause.
template <class T>
T served(KinesisResult<T> result) {
  if (!result) refuse(result.error());
  return std::move(result).value();
}

}  // namespace kcl::local
