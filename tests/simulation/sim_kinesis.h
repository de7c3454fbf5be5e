// The streams of a simulation as one worker reaches them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "embedded/stream.h"
#include "embedded/subscription.h"
#include "leases/lease_key.h"
#include "ports/kinesis.h"
#include "simulation/faults.h"
#include "simulation/reply.h"
#include "simulation/subscription_port.h"
#include "simulation/world.h"

namespace kcl::simulation {

/// When shards were born that were not there from the start: what a late listing does not show yet.
using ShardBirths = std::map<std::string, base::BootTime>;

/// A stream, and whoever reads it by enhanced fan-out: all workers have one consumer.
struct StreamService {
  /// `keyed`: it is one of several, whose shards are known by their lease keys.
  StreamService(World& world, embedded::Stream::Options options, std::chrono::milliseconds stream_lifetime, bool keyed)
      : stream(std::move(options)),
        consumers(stream.arn(), {}),
        subscriptions(stream, consumers, {.lifetime = stream_lifetime}),
        consumer_arn(consumers.add("fleet", world.server_time())->arn),
        part(keyed ? *leases::stream_part_of(*stream.describe(stream.name(), world.server_time())) : "") {}

  std::string key(const std::string& shard_id) const { return leases::lease_key(part, shard_id); }

  embedded::Stream stream;
  embedded::Consumers consumers;
  embedded::Subscriptions subscriptions;
  const std::string consumer_arn;
  /// As leases::stream_part() of its shards' keys gives it.
  const std::string part;
};

/// By name.
using StreamServices = std::map<std::string, std::unique_ptr<StreamService>>;

class SimKinesis final : public ports::Kinesis {
 public:
  SimKinesis(World& world, base::Loop& loop, StreamServices& services, const ShardBirths& births,
             const KinesisFaults& faults)
      : world_(world), loop_(loop), services_(services), births_(births), faults_(faults) {}

  void set_reachable(bool reachable) { reachable_ = reachable; }

  Reply<StreamDescription> describe_stream(std::string stream, base::BootTime deadline) override;
  Reply<ShardPage> list_shards(ListShards request, base::BootTime deadline) override;
  Reply<ShardIterator> get_shard_iterator(GetShardIterator request, base::BootTime deadline) override;
  Reply<RecordsPage> get_records(GetRecords request, base::BootTime deadline) override;
  Reply<std::unique_ptr<ports::ShardSubscription>> subscribe_to_shard(SubscribeToShard request,
                                                                      base::BootTime deadline) override;

 private:
  template <class T>
  using Serve = std::function<KinesisResult<T>(Timestamp now)>;
  template <class T>
  Reply<T> call(KinesisCall kind, Serve<T> serve, base::BootTime deadline);
  KinesisError fault(KinesisError::Kind kind) const;
  std::optional<KinesisError> break_of_stream();
  void spoil_end(ShardEvent& event);
  /// Takes the newest shards out of a listing; `late` shows their parents as open, too.
  void hide_newest(const StreamService& service, ShardPage& page, bool late) const;
  StreamService& service(const std::string& stream) const { return *services_.at(stream); }

  World& world_;
  base::Loop& loop_;
  StreamServices& services_;
  const ShardBirths& births_;
  const KinesisFaults& faults_;
  bool reachable_ = true;
};

}  // namespace kcl::simulation
