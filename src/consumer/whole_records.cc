#include "consumer/whole_records.h"

#include <algorithm>

namespace kcl::consumer {

namespace {

/// A program may process for a long time without asking for a checkpoint.
constexpr std::size_t kMost = 65'536;

}  // namespace

void WholeRecords::add(const RecordBatch& batch, const Position& end) {
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const bool last_of_its_number =
        i + 1 == batch.size() || batch[i + 1].sequence_number() != batch[i].sequence_number();
    if (last_of_its_number) ends_.push_back(batch[i].position());
  }
  if (!ends_.empty() && ends_.back().sequence_number() == end.sequence_number()) ends_.pop_back();
  ends_.push_back(end);
  if (ends_.size() > kMost) thin_out();
}

/// Without an end, what lies behind it is stored as the end before: more is repeated, and nothing lost.
void WholeRecords::thin_out() {
  std::deque<Position> kept;
  for (std::size_t i = ends_.size() % 2 == 0 ? 1 : 0; i < ends_.size(); i += 2) kept.push_back(ends_[i]);
  ends_ = std::move(kept);
}

std::optional<Position> WholeRecords::floor(const Position& position) const {
  const auto behind = std::ranges::upper_bound(ends_, position);
  if (behind == ends_.begin()) return std::nullopt;
  return *std::prev(behind);
}

void WholeRecords::forget_before(const Position& position) {
  while (!ends_.empty() && ends_.front() < position) ends_.pop_front();
}

}  // namespace kcl::consumer
