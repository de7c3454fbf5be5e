#include "operate/look.h"

#include <algorithm>

#include "shards/rules.h"

namespace kcl::operate {

using base::BootTime;
using base::Duration;
using base::Task;
using leases::Lease;
using std::chrono::milliseconds;

namespace {

constexpr Duration kCallTimeout = std::chrono::seconds(10);

bool same(const Lease& a, const Lease& b) {
  return a.counter == b.counter && a.token == b.token && a.owner == b.owner && a.claim == b.claim;
}

bool wants_a_sign_of_life(const Lease& lease) { return lease.owner && !lease.ended(); }

Duration time_to_watch(const TableView& view) {
  milliseconds longest{0};
  for (const Lease& lease : view.leases) {
    if (wants_a_sign_of_life(lease)) longest = std::max(longest, failover_of(lease, view));
  }
  return longest + std::chrono::seconds(1);
}

/// Rows of which nobody knows yet whether their owner lives.
bool all_seen(const TableView& view) {
  return std::ranges::all_of(
      view.leases, [&](const Lease& lease) { return !wants_a_sign_of_life(lease) || view.moved.contains(lease.key); });
}

/// A take sets the counter to the server's time; everything else that a holder writes adds one.
std::int64_t writes_between(const Lease& before, const Lease& after) {
  constexpr std::int64_t kMostRenewals = 1'000;
  const std::int64_t grown = after.counter - before.counter;
  return grown > kMostRenewals ? 1 : std::max<std::int64_t>(0, grown);
}

void adopt(TableView& view, leases::LeaseScan scan, const shards::LeasesByShard& first) {
  view.writes = 0;
  for (const Lease& lease : scan.leases) {
    const auto before = first.find(lease.key);
    if (before == first.end() || !same(lease, before->second)) view.moved.insert(lease.key);
    if (before != first.end()) view.writes += writes_between(before->second, lease);
  }
  view.leases = std::move(scan.leases);
  view.unreadable = std::move(scan.unreadable);
  view.java_version = std::move(scan.java_version);
  view.application = scan.application;
}

GetShardIterator iterator_behind(const shards::ReadFrom& from) {
  using Type = GetShardIterator::Type;
  GetShardIterator request;
  switch (from.kind) {
    case shards::ReadFrom::Kind::after_sequence_number:
    // A checkpoint inside an aggregate counts as past it: which it is, only reading it again would tell.
    case shards::ReadFrom::Kind::after_user_record:
      request.type = Type::after_sequence_number;
      request.sequence_number = from.sequence_number;
      break;
    case shards::ReadFrom::Kind::timestamp:
      request.type = Type::at_timestamp;
      request.timestamp = from.timestamp;
      break;
    case shards::ReadFrom::Kind::trim_horizon:
      request.type = Type::trim_horizon;
      break;
  }
  return request;
}

Task<ProbedLag> probe(base::Loop& loop, ports::Kinesis& kinesis, GetShardIterator request) {
  ProbedLag lag;
  GetRecords read;
  read.stream = request.stream;
  read.limit = 1;
  auto iterator = co_await kinesis.get_shard_iterator(std::move(request), loop.now() + kCallTimeout);
  if (!iterator.value) {
    lag.error = iterator.value.error().message;
    co_return lag;
  }
  read.iterator = iterator.value->iterator;
  auto page = co_await kinesis.get_records(std::move(read), loop.now() + kCallTimeout);
  if (!page.value) {
    lag.error = page.value.error().message;
    co_return lag;
  }
  lag.behind = page.value->behind_latest;
  // The answer is behind by what comes after this record; the checkpoint is behind by the record, too.
  if (!page.value->records.empty()) {
    const auto age = page.value->server_time - page.value->records.front().approximate_arrival();
    lag.behind = std::max(*lag.behind, age);
  }
  co_return lag;
}

}  // namespace

Task<StoreResult<TableView>> look(base::Loop& loop, leases::LeaseTable& table, LookOptions options, base::Stop& stop) {
  TableView view;
  view.format = table.format().format();
  view.assumed_failover = options.assumed_failover;
  auto first = co_await table.scan(true);
  if (!first) co_return Failure{first.error()};
  const BootTime begun = first->timing.received;
  const auto before = shards::by_shard(first->leases);
  adopt(view, *std::move(first), before);
  view.now = table.server_now();

  const BootTime end = begun + options.watch.value_or(time_to_watch(view));
  while (loop.now() < end && (options.whole || !all_seen(view)) && !stop.requested()) {
    co_await base::sleep_until(loop, std::min(end, loop.now() + options.interval), stop);
    auto scan = co_await table.scan(false);
    if (!scan) co_return Failure{scan.error()};
    // What such a scan shows may be a second old, and says nothing about the time before it was sent.
    view.watched = scan->timing.sent - begun;
    adopt(view, *std::move(scan), before);
    view.now = table.server_now();
  }
  co_return view;
}

Task<void> probe_lags(base::Loop& loop, StreamSight& stream, TableView& view, base::Stop& stop) {
  const auto leases = shards::by_shard(view.leases);
  const auto start = shards::start_instant(leases);
  for (const auto& [shard, lease] : leases) {
    if (stop.requested()) co_return;
    const Shard* listed = view.listing->find(shard);
    if (lease.ended() || listed == nullptr) continue;
    if (!start && !lease.checkpoint.is_real() && lease.checkpoint != Position::trim_horizon()) {
      view.lags[shard].error = "no checkpoint yet, and where it begins is only in its owner's configuration";
      continue;
    }
    const bool parent_has_row = std::ranges::any_of(listed->parents(), [&](const std::string& parent) {
      return leases.contains(parent) && !shards::ended_before_start(parent, *view.listing);
    });
    GetShardIterator request =
        iterator_behind(shards::read_from(lease, parent_has_row, start.value_or(shards::kTrimHorizon)));
    request.stream = stream.stream();
    request.shard_id = shard;
    ProbedLag lag = co_await probe(loop, stream.kinesis(), std::move(request));
    view.lags.insert_or_assign(shard, std::move(lag));
  }
}

}  // namespace kcl::operate
