#include "operate/fleet_watch.h"

#include <algorithm>
#include <utility>

namespace kcl::operate {

using base::BootTime;
using base::Duration;
using base::Task;
using leases::Lease;

FleetWatch::FleetWatch(base::Loop& loop, leases::LeaseTable& table, StreamSight* stream, FleetWatchOptions options)
    : loop_(loop), table_(table), stream_(stream), options_(options), ages_(table.options().failover) {}

Task<Result<FleetView, std::string>> FleetWatch::look() {
  auto scan = co_await table_.scan(false);
  if (!scan) co_return Failure{scan.error().message};
  const BootTime seen = scan->timing.received;
  if (!begun_) begun_ = seen;
  ages_.observe(*scan);

  FleetView view;
  view.table.format = table_.format().format();
  view.table.now = table_.server_now();
  view.table.watched = seen - *begun_;
  view.table.assumed_failover = options_.assumed_failover;
  view.table.leases = std::move(scan->leases);
  view.table.unreadable = std::move(scan->unreadable);
  view.table.java_version = std::move(scan->java_version);
  for (const Lease& lease : view.table.leases) {
    const Duration still = seen - ages_.unchanged_since(lease).value_or(seen);
    view.still_for.emplace(lease.key, still);
    // Written to since the watch began, and not so long ago that its owner's time is over.
    const bool written = still < view.table.watched;
    if (written && still < failover_of(lease, view.table) + options_.interval) view.table.moved.insert(lease.key);
  }
  if (stream_ != nullptr) {
    auto listed = co_await list(view.table);
    if (!listed) co_return Failure{listed.error()};
  }
  co_return view;
}

/// Shards come and go in minutes.
Task<Result<void, std::string>> FleetWatch::list(TableView& view) {
  if (listing_ && loop_.now() < listing_due_) {
    view.listing = listing_;
    stream_->keep_own(view);
    co_return Result<void, std::string>();
  }
  auto listed = co_await stream_->add_listing(view);
  if (listed) {
    listing_ = view.listing;
    listing_due_ = loop_.now() + options_.listing_interval;
  }
  co_return listed;
}

}  // namespace kcl::operate
