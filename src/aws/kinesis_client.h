// Amazon Kinesis Data Streams over HTTP: the port that production reads streams by.
//
// Speaks CBOR, which carries records as they are. A server that does not understand it (older emulators, gateways) is
// spoken to in JSON from then on. Lives on the strand.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "aws/fan_out_consumer.h"
#include "aws/service_client.h"
#include "ports/kinesis.h"
#include "wire/kinesis_answers.h"
#include "wire/kinesis_requests.h"
#include "wire/protocol.h"

namespace kcl::aws {

class KinesisClient final : public ports::Kinesis {
 public:
  /// All of them outlive it. `streams` carries subscriptions: connections apart from those of short calls.
  /// `consumer` is whom it subscribes for, of each stream, where a request does not say.
  KinesisClient(base::Loop& loop, ServiceClient& service, http::Client& streams, ConsumerChoice consumer)
      : loop_(loop), service_(service), streams_(streams), consumer_(std::move(consumer)) {}

  Reply<StreamDescription> describe_stream(std::string stream, base::BootTime deadline) override;
  Reply<ShardPage> list_shards(ListShards request, base::BootTime deadline) override;
  Reply<ShardIterator> get_shard_iterator(GetShardIterator request, base::BootTime deadline) override;
  Reply<RecordsPage> get_records(GetRecords request, base::BootTime deadline) override;
  Reply<std::unique_ptr<ports::ShardSubscription>> subscribe_to_shard(SubscribeToShard request,
                                                                      base::BootTime deadline) override;

  Reply<StreamConsumer> describe_consumer(wire::ConsumerName name, base::BootTime deadline);
  Reply<StreamConsumer> register_consumer(wire::ConsumerName name, base::BootTime deadline);

 private:
  template <class T>
  struct Operation;
  template <class T>
  Reply<T> call(Operation<T> operation, base::BootTime deadline);

  base::Loop& loop_;
  ServiceClient& service_;
  http::Client& streams_;
  const ConsumerChoice consumer_;
  /// By the stream.
  std::map<std::string, FanOutConsumer> consumers_;
  wire::Protocol protocol_ = wire::Protocol::cbor;
  /// The server has answered in it: an error later is not for want of understanding.
  bool understood_ = false;
};

}  // namespace kcl::aws
