// Several handlers of one shard at once, in order per partition key: an AckProcessor that hands records to lanes, each
// key to always the same one.
//
// Guarantees
//  - The records of one key are handled one after the other, in the order of the shard, across batches, too.
//  - After a failure, and once the epoch is to end or not certainly ours any more, no lane begins another record until
//  all that was handed out is
//    settled; then the consumer brings again what is not done with, and of that only those records are handled that
//    have not been in this epoch.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include <kcl/record_processor.h>

#include "base/blocking_pool.h"

namespace kcl::worker {

class KeyedProcessor final : public AckProcessor {
 public:
  using Handler = std::function<void(const Record&)>;

  /// `pool` outlives everything that is done for it.
  KeyedProcessor(base::BlockingPool& pool, std::size_t lanes, std::shared_ptr<const Handler> handler);
  ~KeyedProcessor() override;

  void initialize(const ShardContext& context) override;
  void process_records(RecordBatch batch, Ack ack) override;

 private:
  class Lanes;
  std::shared_ptr<Lanes> lanes_;
};

}  // namespace kcl::worker
