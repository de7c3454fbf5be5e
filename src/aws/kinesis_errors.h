// What failed calls mean to readers of Kinesis. Pure.
#pragma once

#include <kcl/kinesis.h>

#include "aws/service_client.h"
#include "ports/answer.h"

namespace kcl::aws {

KinesisError kinesis_error(CallError error, const ports::Timing& timing);

/// Of SubscribeToShard and of what it says in the stream, where ResourceInUse is another subscription.
KinesisError subscription_error(CallError error, const ports::Timing& timing);

}  // namespace kcl::aws
