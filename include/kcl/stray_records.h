// What becomes of user records that a KPL aggregate brought into the wrong shard.
#pragma once

#include <cstdint>
#include <string_view>

namespace kcl {

/// A KPL producer aggregates for the shards that it knows. After a split or a merge an aggregate may reach a shard
/// where some of its user records do not belong: their hash keys are outside the shard's range. The KPL notices, and
/// puts those again; other producers do not.
///
/// The range is that of the lease row; of a row without one nothing is a stray. kclpp_stray_records_total counts them.
enum class StrayRecords : std::uint8_t {
  /// They are delivered like all others: with a KPL producer a few come twice, and nothing is ever lost.
  deliver,
  /// They are left out, one by one. Loses them unless every producer puts them again, as the KPL does.
  leave_out,
  /// The whole aggregate is left out that has one, as Java KCL does: with any producer but the KPL, and with some of
  /// its versions, that loses records.
  drop_aggregate,
};

std::string_view name_of(StrayRecords choice);

}  // namespace kcl
