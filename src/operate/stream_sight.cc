#include "operate/stream_sight.h"

#include <algorithm>
#include <utility>

#include "leases/lease_key.h"

namespace kcl::operate {

using base::Task;

StreamSight::StreamSight(base::Loop& loop, base::Random& random, ports::Kinesis& kinesis, leases::LeaseTable& table,
                         std::string stream)
    : loop_(loop), random_(random), kinesis_(kinesis), table_(table), stream_(std::move(stream)) {}

Task<Result<void, std::string>> StreamSight::add_listing(TableView& view) {
  const bool several = std::ranges::any_of(
      view.leases, [](const leases::Lease& lease) { return !leases::stream_part(lease.key).empty(); });
  if (!sync_ || several != keyed_.has_value()) {
    sync_.reset();
    keyed_.reset();
    if (several) keyed_.emplace(kinesis_);
    coordinator::ShardSyncOptions options;
    options.stream = stream_;
    options.keyed_by_stream = several;
    const base::EventLog silent(loop_, [](const LogEvent&) {});
    sync_ = std::make_unique<coordinator::ShardSync>(loop_, random_, kinesis(), table_, silent, std::move(options));
  }
  auto seen = co_await sync_->fresh_look();
  if (!seen) {
    // A stream that was made anew has another name for its leases.
    if (seen.error().kind == coordinator::SyncError::Kind::conflict) sync_.reset();
    co_return Failure{seen.error().message};
  }
  view.listing = (*seen)->listing;
  keep_own(view);
  co_return Result<void, std::string>();
}

void StreamSight::keep_own(TableView& view) const {
  if (!keyed_) return;
  const auto of_another = [this](const auto& row) { return !sync_->owns(row.key); };
  std::erase_if(view.leases, of_another);
  std::erase_if(view.unreadable, of_another);
}

}  // namespace kcl::operate
