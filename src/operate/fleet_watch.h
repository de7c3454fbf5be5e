// Looks at a lease table again and again, for as long as somebody wants to know: what an exporter of metrics runs on.
// Read-only. Lives on the strand.
//
// Unlike look(), it never has to wait to see who lives: it remembers since when each row has stood still.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/task.h"
#include "coordinator/lease_ages.h"
#include "leases/lease_table.h"
#include "operate/stream_sight.h"
#include "operate/table_view.h"

namespace kcl::operate {

struct FleetWatchOptions {
  /// Between two looks at the table.
  base::Duration interval = std::chrono::seconds(10);
  /// Between two looks at the stream's shards, which cost a description and a listing.
  base::Duration listing_interval = std::chrono::minutes(1);
  std::chrono::milliseconds assumed_failover{10'000};
};

/// What is known after a look.
struct FleetView {
  TableView table;
  /// By shard: how long nobody has written to the row, as far as this watch goes back.
  std::map<std::string, base::Duration> still_for;
};

class FleetWatch {
 public:
  /// `stream`: of the same table; null when it is not asked. What it is given outlives it.
  FleetWatch(base::Loop& loop, leases::LeaseTable& table, StreamSight* stream, FleetWatchOptions options);
  FleetWatch(const FleetWatch&) = delete;
  FleetWatch& operator=(const FleetWatch&) = delete;

  /// One look. The error is for people; what was seen before stays remembered.
  base::Task<Result<FleetView, std::string>> look();

 private:
  base::Task<Result<void, std::string>> list(TableView& view);

  base::Loop& loop_;
  leases::LeaseTable& table_;
  StreamSight* stream_;
  FleetWatchOptions options_;
  coordinator::LeaseAges ages_;
  std::optional<base::BootTime> begun_;
  std::optional<shards::Listing> listing_;
  base::BootTime listing_due_{};
};

}  // namespace kcl::operate
