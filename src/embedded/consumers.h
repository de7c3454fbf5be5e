// The consumers of a stream for enhanced fan-out: names at the service, each with its state. Like Stream: a plain state
// machine, given the time with every call.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <kcl/kinesis.h>
#include <kcl/timestamp.h>

namespace kcl::embedded {

class Consumers {
 public:
  struct Options {
    /// From RegisterStreamConsumer until ACTIVE, and from DeregisterStreamConsumer until it is gone.
    std::chrono::milliseconds creation_time{0};
    std::chrono::milliseconds deletion_time{0};
    /// AWS "Quotas and limits": of a stream; of those, at most so many CREATING at once.
    std::size_t most = 20;
    std::size_t most_creating = 5;
  };

  /// `stream_arn` begins every consumer's ARN.
  Consumers(std::string stream_arn, Options options);

  /// in_use: the name is taken. throttled: there are too many. invalid_argument: not 1 to 128 letters, digits, '_', '.'
  /// or '-'.
  KinesisResult<StreamConsumer> add(std::string_view name, Timestamp now);
  /// By name or ARN. not_found: no such consumer.
  KinesisResult<StreamConsumer> find(std::string_view name_or_arn, Timestamp now);
  /// In the order of their registration.
  std::vector<StreamConsumer> list(Timestamp now);
  /// By name or ARN. It is DELETING first. not_found: no such consumer; in_use: it is being deleted already.
  KinesisResult<StreamConsumer> remove(std::string_view name_or_arn, Timestamp now);

 private:
  using Kind = KinesisError::Kind;
  struct Entry {
    StreamConsumer consumer;
    /// When its present state passes.
    Timestamp until{};
  };

  void advance(Timestamp now);
  std::vector<Entry>::iterator entry_of(std::string_view name_or_arn);
  Failure<KinesisError> refuse(Kind kind, std::string message) const;

  const std::string stream_arn_;
  const Options options_;
  Timestamp now_{};
  std::vector<Entry> entries_;
};

}  // namespace kcl::embedded
