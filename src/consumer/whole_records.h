// Where service records end, for lease rows that have no place for a sub-sequence number: a checkpoint inside a KPL
// aggregate is stored as the end of the record before it. What is repeated then is less than an aggregate; stored as
// the number alone it would pass over the rest of it, for whoever reads on from there. Pure.
#pragma once

#include <deque>
#include <optional>

#include <kcl/position.h>
#include <kcl/record.h>

namespace kcl::consumer {

class WholeRecords {
 public:
  /// What is about to be delivered, in order. `end`: of the last service record, whose last user records may not be in
  /// `batch`.
  void add(const RecordBatch& batch, const Position& end);
  /// The end of the last service record that `position` is not inside or before; empty if that is none of those known.
  std::optional<Position> floor(const Position& position) const;
  /// Nothing up to this position will be asked for again.
  void forget_before(const Position& position);

 private:
  void thin_out();

  /// The last user record of each service record.
  std::deque<Position> ends_;
};

}  // namespace kcl::consumer
