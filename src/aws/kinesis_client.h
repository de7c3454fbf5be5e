// Amazon Kinesis Data Streams over HTTP: the port that production reads streams by.
//
// Speaks CBOR, which carries records as they are. A server that does not understand it (older emulators, gateways) is
// spoken to in JSON from then on. Lives on the strand.
#pragma once

#include "aws/service_client.h"
#include "ports/kinesis.h"
#include "wire/kinesis_answers.h"
#include "wire/protocol.h"

namespace kcl::aws {

class KinesisClient final : public ports::Kinesis {
 public:
  /// `service` outlives it.
  explicit KinesisClient(ServiceClient& service) : service_(service) {}

  Reply<StreamDescription> describe_stream(std::string stream, base::BootTime deadline) override;
  Reply<ShardPage> list_shards(ListShards request, base::BootTime deadline) override;
  Reply<ShardIterator> get_shard_iterator(GetShardIterator request, base::BootTime deadline) override;
  Reply<RecordsPage> get_records(GetRecords request, base::BootTime deadline) override;

 private:
  template <class T>
  struct Operation;
  template <class T>
  Reply<T> call(Operation<T> operation, base::BootTime deadline);

  ServiceClient& service_;
  wire::Protocol protocol_ = wire::Protocol::cbor;
  /// The server has answered in it: an error later is not for want of understanding.
  bool understood_ = false;
};

}  // namespace kcl::aws
