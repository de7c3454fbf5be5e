// The lease table that a verb works on.
#pragma once

#include <algorithm>
#include <chrono>

#include "leases/lease_table.h"
#include "leases/options.h"
#include "operate/session.h"

namespace kclpp::leases {

/// For the table to show that it is there.
inline constexpr std::chrono::seconds kTablePatience{20};

/// As a worker of its own, of a name that says what it is.
inline kcl::leases::LeaseTable open_table(kcl::operate::Session& session, const LeasesOptions& options) {
  kcl::leases::LeaseTableOptions table;
  table.me.worker_id = "kclpp-leases:" + session.random().uuid();
  table.me.incarnation = session.random().uuid();
  table.format = options.places.format;
  table.failover = options.assumed_failover;
  // Whoever only looks loses no lease by waiting: for a busy file, or a busy host.
  table.call_timeout = std::chrono::seconds(10);
  if (changes(options.verb))
    table.call_timeout = std::min<kcl::base::Duration>(table.call_timeout, options.assumed_failover / 4);
  return {session.loop(), session.store(), std::move(table)};
}

}  // namespace kclpp::leases
