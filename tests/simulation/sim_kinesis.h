// The stream of a simulation as one worker reaches it.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "embedded/stream.h"
#include "ports/kinesis.h"
#include "simulation/faults.h"
#include "simulation/reply.h"
#include "simulation/world.h"

namespace kcl::simulation {

/// When shards were born that were not there from the start: what a late listing does not show yet.
using ShardBirths = std::map<std::string, base::BootTime>;

class SimKinesis final : public ports::Kinesis {
 public:
  SimKinesis(World& world, base::Loop& loop, embedded::Stream& stream, const ShardBirths& births,
             const KinesisFaults& faults)
      : world_(world), loop_(loop), stream_(stream), births_(births), faults_(faults) {}

  void set_reachable(bool reachable) { reachable_ = reachable; }

  Reply<StreamDescription> describe_stream(std::string stream, base::BootTime deadline) override;
  Reply<ShardPage> list_shards(ListShards request, base::BootTime deadline) override;
  Reply<ShardIterator> get_shard_iterator(GetShardIterator request, base::BootTime deadline) override;
  Reply<RecordsPage> get_records(GetRecords request, base::BootTime deadline) override;

 private:
  template <class T>
  using Serve = std::function<KinesisResult<T>(Timestamp now)>;
  template <class T>
  Reply<T> call(KinesisCall kind, Serve<T> serve, base::BootTime deadline);
  KinesisError fault(KinesisError::Kind kind) const;
  /// Takes the newest shards out of a listing; `late` shows their parents as open, too.
  void hide_newest(ShardPage& page, bool late) const;

  World& world_;
  base::Loop& loop_;
  embedded::Stream& stream_;
  const ShardBirths& births_;
  const KinesisFaults& faults_;
  bool reachable_ = true;
};

}  // namespace kcl::simulation
