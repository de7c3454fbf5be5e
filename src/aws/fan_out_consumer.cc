#include "aws/fan_out_consumer.h"

#include <algorithm>

#include "aws/kinesis_client.h"
#include "base/wait.h"

namespace kcl::aws {

using base::BootTime;
using base::Task;
using Kind = KinesisError::Kind;
using Status = StreamConsumer::Status;

Task<KinesisResult<std::string>> FanOutConsumer::arn(BootTime deadline) {
  if (!choice_.arn.empty()) co_return choice_.arn;
  // The readers of all shards ask at once: one looks, the others wait for what it finds.
  const auto guard = co_await finding_.lock();
  if (found_) co_return *found_;
  co_return co_await find(deadline);
}

Task<std::optional<KinesisError>> FanOutConsumer::find_stream_arn(BootTime deadline) {
  if (stream_.starts_with("arn:")) stream_arn_ = stream_;
  if (!stream_arn_.empty()) co_return std::nullopt;
  auto described = co_await kinesis_.describe_stream(stream_, deadline);
  if (!described.value) co_return described.value.error();
  stream_arn_ = described.value->arn;
  co_return std::nullopt;
}

Task<KinesisResult<std::string>> FanOutConsumer::find(BootTime deadline) {
  if (auto error = co_await find_stream_arn(deadline)) co_return Failure{*std::move(error)};
  const wire::ConsumerName name{.stream_arn = stream_arn_, .name = choice_.name};
  base::Stop never;
  while (loop_.now() < deadline) {
    auto consumer = co_await kinesis_.describe_consumer(name, deadline);
    if (consumer.value && consumer.value->status == Status::active) {
      found_ = consumer.value->arn;
      co_return *found_;
    }
    const bool missing = !consumer.value && consumer.value.error().kind == Kind::not_found;
    if (!consumer.value && !missing) co_return Failure{consumer.value.error()};
    if (missing) {
      auto registered = co_await kinesis_.register_consumer(name, deadline);
      // Somebody else may have been quicker.
      const bool there = registered.value || registered.value.error().kind == Kind::in_use;
      if (!there) co_return Failure{registered.value.error()};
    }
    co_await base::sleep_until(loop_, std::min(deadline, loop_.now() + choice_.look_every), never);
  }
  KinesisError error;
  error.message = "the consumer " + choice_.name + " of " + stream_arn_ + " is not ACTIVE yet";
  co_return Failure{std::move(error)};
}

}  // namespace kcl::aws
