// Bodies of the Kinesis answers that we get. Source: Amazon Kinesis Data Streams API Reference (2013-12-02).
//
// Decoding takes any bytes. It fails with a message that names the member ("Records.3.Data: ..."), never crashes, and
// never leaves out what it cannot read: a page is complete or an error. Members that we do not know are skipped; null
// is as good as absent. In particular an answer without Records is an error, and no shard's end.
//
// In CBOR, Data is a byte string, or a text of base64 as kinesis-local sends it; times are milliseconds, tagged or not.
// In JSON, Data is base64; times are seconds. `server_time` is left to the caller.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <kcl/kinesis.h>
#include <kcl/result.h>

#include "wire/protocol.h"

namespace kcl::wire {

template <class T>
using Decoded = Result<T, std::string>;

Decoded<StreamDescription> decode_describe_stream_summary(Protocol protocol, std::string_view body);
Decoded<ShardPage> decode_list_shards(Protocol protocol, std::string_view body);
Decoded<ShardIterator> decode_get_shard_iterator(Protocol protocol, std::string_view body);
/// Of DescribeStreamConsumer and RegisterStreamConsumer.
Decoded<StreamConsumer> decode_stream_consumer(Protocol protocol, std::string_view body);

/// Raw bytes of CBOR are not copied: the page's `buffer` holds `body`, and records are views into it. What must be
/// decoded from base64 goes into one more block, which `buffer` then holds too. Precondition: `body` is not null.
Decoded<RecordsPage> decode_get_records(Protocol protocol, std::shared_ptr<const std::string> body);

}  // namespace kcl::wire
