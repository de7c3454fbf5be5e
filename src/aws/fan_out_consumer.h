// The consumer by which a worker reads with enhanced fan-out: its ARN is given, or found by its name, or it is
// registered, and used once it is ACTIVE. Never deregistered: other workers use it. Lives on the strand.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/async_mutex.h"
#include "base/loop.h"
#include "base/task.h"
#include "ports/kinesis.h"

namespace kcl::aws {

class KinesisClient;

struct ConsumerChoice {
  /// Empty: by name.
  std::string arn;
  std::string name;
  /// Between two looks at a consumer that is being made or deleted.
  base::Duration look_every = std::chrono::seconds(1);
};

class FanOutConsumer {
 public:
  /// What it is given outlives it. `stream`: name or ARN.
  FanOutConsumer(base::Loop& loop, KinesisClient& kinesis, std::string stream, ConsumerChoice choice)
      : loop_(loop), kinesis_(kinesis), stream_(std::move(stream)), choice_(std::move(choice)), finding_(loop) {}

  /// Of a consumer that is ACTIVE. Asks the service only once, unless it fails.
  base::Task<KinesisResult<std::string>> arn(base::BootTime deadline);
  /// The service does not know it any more: it is looked for anew.
  void forget() { found_.reset(); }

 private:
  base::Task<KinesisResult<std::string>> find(base::BootTime deadline);
  base::Task<std::optional<KinesisError>> find_stream_arn(base::BootTime deadline);

  base::Loop& loop_;
  KinesisClient& kinesis_;
  const std::string stream_;
  const ConsumerChoice choice_;
  std::string stream_arn_;
  std::optional<std::string> found_;
  base::AsyncMutex finding_;
};

}  // namespace kcl::aws
