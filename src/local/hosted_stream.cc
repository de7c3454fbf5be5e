#include "local/hosted_stream.h"

#include <algorithm>

namespace kcl::local {

std::string_view Consumer::status(Timestamp now) const {
  if (gone_from) return "DELETING";
  return now < active_from ? "CREATING" : "ACTIVE";
}

std::string_view HostedStream::status(Timestamp now) const {
  if (gone_from) return "DELETING";
  if (now < active_from) return "CREATING";
  return now < updated_from ? "UPDATING" : "ACTIVE";
}

void HostedStream::forget_consumers(Timestamp now) {
  std::erase_if(consumers,
                [now](const Consumer& consumer) { return consumer.gone_from && *consumer.gone_from <= now; });
}

Consumer* HostedStream::find_consumer(std::string_view name) {
  const auto found =
      std::find_if(consumers.begin(), consumers.end(), [name](const Consumer& c) { return c.name == name; });
  return found == consumers.end() ? nullptr : &*found;
}

}  // namespace kcl::local
