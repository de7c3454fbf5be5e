#include "operate/stream_consumers.h"

#include <utility>

#include "base/text.h"
#include "operate/text.h"
#include "wire/document_writer.h"
#include "wire/kinesis_requests.h"

namespace kcl::operate {

using base::Task;

namespace {

constexpr base::Duration kPatience = std::chrono::seconds(8);

}  // namespace

Task<std::optional<std::vector<wire::ConsumerFacts>>> list_consumers(base::Loop& loop, aws::ServiceClient& service,
                                                                     std::string stream_arn) {
  aws::ServiceClient::Request request;
  request.target = wire::kListStreamConsumersTarget;
  request.content_type = wire::content_type(wire::Protocol::json);
  request.body = wire::encode_list_stream_consumers(wire::Protocol::json, stream_arn);
  request.repeatable = true;
  auto called = co_await service.call(std::move(request), loop.now() + kPatience);
  if (!called.value) co_return std::nullopt;
  auto consumers = wire::decode_consumer_facts(*called.value->body);
  if (!consumers) co_return std::nullopt;
  co_return *std::move(consumers);
}

std::string consumers_text(const std::vector<wire::ConsumerFacts>& consumers) {
  std::vector<std::string> names;
  names.reserve(consumers.size());
  for (const wire::ConsumerFacts& consumer : consumers) {
    names.push_back(consumer.name + (consumer.status == "ACTIVE" ? "" : " (" + consumer.status + ")"));
  }
  std::string text = counted(consumers.size(), "consumer") + " registered for enhanced fan-out, of 20";
  if (!names.empty()) text += ": " + base::joined(names);
  return text;
}

}  // namespace kcl::operate
