// The awaitable Kinesis seam used inside; kcl/kinesis.h is what users plug in. Every call answers by about its
// deadline, and never inline: it always suspends.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <kcl/kinesis.h>

#include "base/task.h"
#include "ports/answer.h"

namespace kcl::ports {

/// kcl::ShardSubscription on a strand. Destroying it cancels the stream, also while next() waits: its frame goes first.
class ShardSubscription {
 public:
  ShardSubscription() = default;
  ShardSubscription(const ShardSubscription&) = delete;
  ShardSubscription& operator=(const ShardSubscription&) = delete;
  virtual ~ShardSubscription() = default;

  using Next = base::Task<Answer<KinesisResult<std::optional<ShardEvent>>>>;
  /// No event by the deadline is an error. One at a time.
  virtual Next next(base::BootTime deadline) = 0;
};

class Kinesis {
 public:
  Kinesis() = default;
  Kinesis(const Kinesis&) = delete;
  Kinesis& operator=(const Kinesis&) = delete;
  virtual ~Kinesis() = default;

  template <class T>
  using Reply = base::Task<Answer<KinesisResult<T>>>;

  virtual Reply<StreamDescription> describe_stream(std::string stream, base::BootTime deadline) = 0;
  virtual Reply<ShardPage> list_shards(ListShards request, base::BootTime deadline) = 0;
  virtual Reply<ShardIterator> get_shard_iterator(GetShardIterator request, base::BootTime deadline) = 0;
  virtual Reply<RecordsPage> get_records(GetRecords request, base::BootTime deadline) = 0;
  virtual Reply<std::unique_ptr<ShardSubscription>> subscribe_to_shard(SubscribeToShard request,
                                                                       base::BootTime deadline) = 0;
};

}  // namespace kcl::ports
