// What was seen of a table, built row by row.
#pragma once

#include <chrono>
#include <string>

#include "operate/diagnose.h"
#include "operate/table_view.h"

namespace kcl::operate {

inline constexpr Timestamp kNow{std::chrono::seconds(1'800'000'000)};
inline constexpr const char* kIncarnation = "aaaaaaaa-0000-4000-8000-000000000001";

inline std::string shard(int index) { return "shardId-00000000000" + std::to_string(index); }
inline Position number(const char* digits) { return Position::at(*SequenceNumber::parse(digits)); }

/// A lease that `owner`, a kclpp worker, took a minute ago.
inline leases::Lease kclpp_lease(int index, std::string owner = "A") {
  leases::Lease lease;
  lease.key = shard(index);
  lease.owner = std::move(owner);
  lease.counter = (kNow - std::chrono::minutes(1)).time_since_epoch().count();
  lease.token = leases::Token{.incarnation = kIncarnation, .counter = lease.counter, .attempt = 7};
  lease.checkpoint = number("4711");
  lease.from = Timestamp{};
  lease.failover = std::chrono::seconds(10);
  return lease;
}

/// A lease as a Java worker keeps it.
inline leases::Lease java_lease(int index, std::string owner = "J") {
  leases::Lease lease;
  lease.key = shard(index);
  lease.owner = std::move(owner);
  lease.counter = 41;
  lease.checkpoint = number("4711");
  return lease;
}

inline Shard listed(int index, std::string parent = "", bool open = true) {
  Shard shard_of;
  shard_of.id = shard(index);
  shard_of.parent_id = std::move(parent);
  if (!open) shard_of.ending_sequence_number = "9999";
  return shard_of;
}

struct ViewBuilder {
  TableView view;

  ViewBuilder() {
    view.now = kNow;
    view.watched = std::chrono::seconds(11);
  }
  ViewBuilder& row(leases::Lease lease, bool moved = true) {
    if (moved) view.moved.insert(lease.key);
    view.leases.push_back(std::move(lease));
    return *this;
  }
  ViewBuilder& with(Shard shard_of) {
    if (!view.listing) view.listing.emplace();
    view.listing->since_start.insert(shard_of.id);
    view.listing->shards.insert_or_assign(shard_of.id, std::move(shard_of));
    return *this;
  }
  Diagnosis diagnosis() const { return diagnose(view); }
  /// Of a view with one line.
  Line line() const { return diagnosis().lines.at(0); }
};

}  // namespace kcl::operate
