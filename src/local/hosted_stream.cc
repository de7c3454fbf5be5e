#include "local/hosted_stream.h"

namespace kcl::local {

HostedStream::HostedStream(const Options& options)
    : records(options.records),
      consumers(records.arn(), options.consumers),
      subscriptions(records, consumers, options.subscriptions),
      created(options.records.created) {}

std::string_view HostedStream::status(Timestamp now) const {
  if (gone_from) return "DELETING";
  if (now < active_from) return "CREATING";
  return now < updated_from ? "UPDATING" : "ACTIVE";
}

}  // namespace kcl::local
