// The batches that a program has in its hands, not settled yet, in their order. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <list>
#include <optional>
#include <utility>

#include "base/loop.h"
#include "consumer/shard_reader.h"
#include "ports/processor.h"

namespace kcl::consumer {

class Outstanding {
 public:
  struct Entry {
    Fetched fetched;
    base::BootTime since;
    /// Empty until it is settled.
    std::optional<ports::CallbackResult> result = {};
  };

  bool empty() const noexcept { return entries_.empty(); }
  std::size_t size() const noexcept { return entries_.size(); }
  const Entry& front() const { return entries_.front(); }

  /// Whether a batch of so many bytes may come beside them.
  bool has_room(std::size_t bytes, std::size_t most, std::size_t most_bytes) const {
    if (empty()) return true;
    return size() < most && bytes <= most_bytes && bytes_ <= most_bytes - bytes;
  }
  /// It stays where it is until it is taken out.
  Entry& add(Fetched fetched, base::BootTime now) {
    bytes_ += fetched.batch.bytes();
    entries_.push_back({.fetched = std::move(fetched), .since = now});
    return entries_.back();
  }
  Fetched take_front() {
    Fetched fetched = std::move(entries_.front().fetched);
    entries_.pop_front();
    bytes_ -= fetched.batch.bytes();
    return fetched;
  }

  /// The first of them is done with: everything before the second one is.
  bool front_is_done() const { return !empty() && front().result && front().result->ok(); }
  bool all_settled() const {
    return std::ranges::all_of(entries_, [](const Entry& entry) { return entry.result.has_value(); });
  }
  /// The first, in their order, that has failed.
  const Entry* first_failure() const {
    const auto failed = std::ranges::find_if(entries_, [](const Entry& e) { return e.result && !e.result->ok(); });
    return failed == entries_.end() ? nullptr : &*failed;
  }

 private:
  std::list<Entry> entries_;
  std::size_t bytes_ = 0;
};

}  // namespace kcl::consumer
