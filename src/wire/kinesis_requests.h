// Bodies of the Kinesis requests that we send. Source: Amazon Kinesis Data Streams API Reference (2013-12-02).
//
// A stream is a name or an ARN ("arn:..."): an ARN is sent as StreamARN, by which streams of other accounts are read.
// Times are whole milliseconds: in CBOR an integer of milliseconds under tag 1 (what AWS's Java SDK writes; RFC 8949
// would have it be seconds), in JSON seconds with three decimals.
#pragma once

#include <string>
#include <string_view>

#include <kcl/kinesis.h>

#include "wire/protocol.h"

namespace kcl::wire {

// Values of the header X-Amz-Target.
inline constexpr std::string_view kDescribeStreamSummaryTarget = "Kinesis_20131202.DescribeStreamSummary";
inline constexpr std::string_view kListShardsTarget = "Kinesis_20131202.ListShards";
inline constexpr std::string_view kGetShardIteratorTarget = "Kinesis_20131202.GetShardIterator";
inline constexpr std::string_view kGetRecordsTarget = "Kinesis_20131202.GetRecords";
inline constexpr std::string_view kSubscribeToShardTarget = "Kinesis_20131202.SubscribeToShard";
inline constexpr std::string_view kDescribeStreamConsumerTarget = "Kinesis_20131202.DescribeStreamConsumer";
inline constexpr std::string_view kListStreamConsumersTarget = "Kinesis_20131202.ListStreamConsumers";
inline constexpr std::string_view kRegisterStreamConsumerTarget = "Kinesis_20131202.RegisterStreamConsumer";

// Precondition of each: texts are UTF-8.
std::string encode_describe_stream_summary(Protocol protocol, std::string_view stream);
std::string encode_list_stream_consumers(Protocol protocol, std::string_view stream_arn);
/// With a next_token, neither stream nor filter is sent: AWS refuses them beside it, and the token stands for both.
std::string encode(Protocol protocol, const ListShards& request);
std::string encode(Protocol protocol, const GetShardIterator& request);
std::string encode(Protocol protocol, const GetRecords& request);
std::string encode(Protocol protocol, const SubscribeToShard& request);

/// A consumer by its name: what DescribeStreamConsumer and RegisterStreamConsumer ask for.
struct ConsumerName {
  std::string stream_arn;
  std::string name;
};
std::string encode(Protocol protocol, const ConsumerName& request);

}  // namespace kcl::wire
