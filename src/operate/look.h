// Looks at a lease table for a while, and at its stream when asked: read-only. Lives on the strand; ends by itself, and
// soon after `stop` is requested.
#pragma once

#include <optional>
#include <string>

#include "base/task.h"
#include "base/wait.h"
#include "leases/lease_table.h"
#include "operate/stream_sight.h"
#include "operate/table_view.h"

namespace kcl::operate {

struct LookOptions {
  /// How long to watch the rows for signs of life; it ends sooner when every owned row has shown one. Absent: as long
  /// as the longest failover time of the rows, and a second.
  std::optional<base::Duration> watch;
  /// Watch to the end, whatever shows: to measure how often rows are written.
  bool whole = false;
  /// Between two looks.
  base::Duration interval = std::chrono::seconds(1);
  /// Holder's failover time where a row does not tell.
  std::chrono::milliseconds assumed_failover{10'000};
};

/// The first scan is strongly consistent, those after it need not be.
base::Task<StoreResult<TableView>> look(base::Loop& loop, leases::LeaseTable& table, LookOptions options,
                                        base::Stop& stop);

/// Reads one record behind each checkpoint, one shard after the other: one of the five reads a second that all
/// applications of a shard share. Precondition: the view has the stream's listing.
base::Task<void> probe_lags(base::Loop& loop, StreamSight& stream, TableView& view, base::Stop& stop);

}  // namespace kcl::operate
