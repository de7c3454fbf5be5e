// Who is registered on a stream for enhanced fan-out: it costs by the hour and shard, whether or not anybody reads as
// it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "aws/service_client.h"
#include "base/loop.h"
#include "base/task.h"
#include "wire/descriptions.h"

namespace kcl::operate {

/// `service` is Kinesis. Nothing where it does not say: listing them is no permission that workers have.
base::Task<std::optional<std::vector<wire::ConsumerFacts>>> list_consumers(base::Loop& loop,
                                                                           aws::ServiceClient& service,
                                                                           std::string stream_arn);

/// "2 consumers registered for enhanced fan-out, of 20: billing, audit (CREATING)".
std::string consumers_text(const std::vector<wire::ConsumerFacts>& consumers);

}  // namespace kcl::operate
