// The awaitable Kinesis seam used inside; kcl/kinesis.h is what users plug in. Every call answers by about its
// deadline, and never inline: it always suspends.
#pragma once

#include <string>

#include <kcl/kinesis.h>

#include "base/task.h"
#include "ports/answer.h"

namespace kcl::ports {

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
};

}  // namespace kcl::ports
