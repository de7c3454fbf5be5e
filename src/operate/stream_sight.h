// The stream beside a lease table: its shards, to be looked at, and its records, to be measured against checkpoints. Of
// a table with the leases of several streams it is one of them, and the leases of the others are put out of sight.
// Read-only. Lives on the strand.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/random.h"
#include "base/task.h"
#include "coordinator/shard_sync.h"
#include "engine/keyed_kinesis.h"
#include "leases/lease_table.h"
#include "operate/table_view.h"
#include "ports/kinesis.h"

namespace kcl::operate {

class StreamSight {
 public:
  /// What it is given outlives it. `stream`: name or ARN.
  StreamSight(base::Loop& loop, base::Random& random, ports::Kinesis& kinesis, leases::LeaseTable& table,
              std::string stream);
  StreamSight(const StreamSight&) = delete;
  StreamSight& operator=(const StreamSight&) = delete;

  /// Adds the stream's shards, named as the view's leases name them. The error is for people.
  base::Task<Result<void, std::string>> add_listing(TableView& view);

  /// Leaves the leases of this stream. After add_listing().
  void keep_own(TableView& view) const;

  const std::string& stream() const noexcept { return stream_; }
  /// Asked by the keys of the leases. After add_listing().
  ports::Kinesis& kinesis() noexcept { return keyed_ ? *keyed_ : kinesis_; }

 private:
  base::Loop& loop_;
  base::Random& random_;
  ports::Kinesis& kinesis_;
  leases::LeaseTable& table_;
  const std::string stream_;
  std::optional<engine::KeyedKinesis> keyed_;
  std::unique_ptr<coordinator::ShardSync> sync_;
};

}  // namespace kcl::operate
