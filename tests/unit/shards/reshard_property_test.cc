// Random histories: a stream that splits and merges while workers create rows, read, crash half-way and clean up.
// Whatever the order:
//  - a shard is read only once the parents that deserve reading are done with (C3), and each is run to its end once;
//  - no row is created twice (lease-traces 7);
//  - every hash key is some unfinished lease's, and at most one that may run (C6).
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "embedded/stream.h"
#include "shards/rules.h"

namespace kcl::shards {
namespace {

using namespace std::chrono_literals;
using leases::Lease;

constexpr Timestamp kBorn{1'800'000'000s};

class History {
 public:
  History() : stream_(stream_options(*rc::gen::inRange<std::size_t>(1, 4))), now_(kBorn) {
    for (auto reshards = *rc::gen::inRange(0, 4); reshards > 0; --reshards) reshard();
    if (*rc::gen::arbitrary<bool>()) {
      pass_time();
      start_ = {.instant = now_, .sentinel = InitialPosition::latest};
    }
  }

  void step() {
    switch (*rc::gen::inRange(0, 6)) {
      case 0:
        return reshard();
      case 1:
        return sync(*rc::gen::inRange<std::size_t>(0, 6));
      case 2:
        return start_one();
      case 3:
      case 4:
        return end_one(*rc::gen::inRange<std::size_t>(0, 6));
      case 5:
        return clean_up();
    }
  }

  /// Nobody crashes any more: everything that is closed gets read to its end.
  void drain() {
    for (int round = 0; round < 200; ++round) {
      sync(SIZE_MAX);
      start_one();
      end_one(SIZE_MAX);
    }
    sync(SIZE_MAX);
    check_coverage();
    const auto listing = look();
    for (const std::string& id : listing.since_start) {
      if (!listing.find(id)->is_open()) RC_ASSERT(ended_.contains(id));
    }
  }

 private:
  static embedded::Stream::Options stream_options(std::size_t shards) {
    embedded::Stream::Options options;
    options.shards = shards;
    options.created = kBorn;
    options.limits = embedded::Limits::none();
    return options;
  }

  void pass_time() { now_ += std::chrono::seconds(*rc::gen::inRange(1, 100)); }

  Listing look() {
    Listing listing;
    ListShards request;
    request.stream = "embedded";
    const auto all = stream_.list_shards(request, now_);
    for (const Shard& shard : all->shards) listing.shards.emplace(shard.id, shard);
    request.filter = ListShards::Filter::from_timestamp;
    request.timestamp = start_.instant;
    if (start_.instant != kTrimHorizon) {
      const auto filtered = stream_.list_shards(request, now_);
      for (const Shard& shard : filtered->shards) listing.since_start.insert(shard.id);
    } else {
      for (const auto& [id, shard] : listing.shards) listing.since_start.insert(id);
    }
    return listing;
  }

  void reshard() {
    pass_time();
    std::vector<std::string> open;
    for (const auto& [id, shard] : look().shards) {
      if (shard.is_open()) open.push_back(id);
    }
    const auto pick = [&] { return open[*rc::gen::inRange<std::size_t>(0, open.size())]; };
    if (open.size() < 2 || *rc::gen::arbitrary<bool>()) {
      RC_ASSERT(stream_.split_shard(pick(), std::nullopt, now_).has_value());
    } else {
      const auto first = pick();
      const auto second = pick();
      const auto merged = stream_.merge_shards(first, second, now_);  // refused when they do not touch
      (void)merged;
    }
    pass_time();
  }

  void create(const Lease& lease) {
    RC_ASSERT(!leases_.contains(lease.key));
    RC_ASSERT(created_.insert(lease.key).second);
    leases_.emplace(lease.key, lease);
  }

  /// Fills the table, and crashes after so many rows.
  void sync(std::size_t rows_before_crash) {
    const auto listing = look();
    if (leases_.empty() && created_.empty()) {
      if (rows_before_crash-- == 0) return;
      create(*anchor_lease(listing, start_));
    }
    for (const Lease& lease : missing_leases(listing, leases_, start_)) {
      if (rows_before_crash-- == 0) return;
      create(lease);
    }
    check_coverage();
  }

  std::vector<std::string> runnable(const Listing& listing) {
    std::vector<std::string> ids;
    for (const auto& [id, lease] : leases_) {
      if (!lease.ended() && blocking_parents(lease, listing, leases_).empty()) ids.push_back(id);
    }
    return ids;
  }

  /// A worker starts a shard that nothing blocks, and stores a first checkpoint.
  void start_one() {
    const auto listing = look();
    const auto ids = runnable(listing);
    if (ids.empty()) return;
    run(ids[*rc::gen::inRange<std::size_t>(0, ids.size())], listing);
  }

  void run(const std::string& id, const Listing& listing) {
    for (const std::string& parent : listing.find(id)->parents()) {
      if (listing.since_start.contains(parent)) RC_ASSERT(ended_.contains(parent));
    }
    Lease& lease = leases_.at(id);
    if (!lease.checkpoint.is_real()) lease.checkpoint = Position::at(*SequenceNumber::parse("1"));
  }

  /// As ShardSync::prepare_end: co-parents and what is above them, children, SHARD_END, with a crash after so many
  /// rows.
  void end_one(std::size_t rows_before_crash) {
    const auto listing = look();
    auto ids = runnable(listing);
    std::erase_if(ids, [&](const std::string& id) { return listing.find(id)->is_open(); });
    if (ids.empty()) return;
    const std::string id = ids[*rc::gen::inRange<std::size_t>(0, ids.size())];
    run(id, listing);
    const auto children = complete_children(id, {}, listing);
    RC_ASSERT(!children.empty());
    std::set<std::string> child_ids;
    std::set<std::string> co_parents;
    for (const ChildShard& child : children) {
      child_ids.insert(child.id);
      co_parents.insert(child.parents.begin(), child.parents.end());
    }
    for (const Lease& lease : missing_leases(listing, leases_, start_)) {
      if (child_ids.contains(lease.key)) continue;
      if (!co_parents.contains(lease.key) && !has_descendant(lease.key, co_parents, listing)) continue;
      if (rows_before_crash-- == 0) return;
      create(lease);
    }
    for (const ChildShard& child : children) {
      if (leases_.contains(child.id) || has_started_descendant(child.id, listing, leases_)) continue;
      if (rows_before_crash-- == 0) return;
      create(child_lease(child, start_.instant));
    }
    RC_ASSERT(ended_.insert(id).second);
    leases_.at(id).checkpoint = Position::shard_end();
    leases_.at(id).children = child_ids;
  }

  void clean_up() {
    for (const std::string& id : removable_leases(look(), leases_)) leases_.erase(id);
  }

  /// Right after a sync that did not crash.
  void check_coverage() {
    const auto listing = look();
    const auto ids = runnable(listing);
    for (const auto& [open_id, open] : listing.shards) {
      if (!open.is_open()) continue;
      // Shards' ranges only ever split and merge, so their ends are where anything can change.
      for (const HashKey& key : {open.hash_keys.start, open.hash_keys.end}) {
        const auto covers = [&](const std::string& id) {
          const Shard* shard = listing.find(id);
          return shard != nullptr && shard->hash_keys.contains(key);
        };
        RC_ASSERT(std::any_of(leases_.begin(), leases_.end(),
                              [&](const auto& entry) { return !entry.second.ended() && covers(entry.first); }));
        RC_ASSERT(std::count_if(ids.begin(), ids.end(), covers) <= 1);
      }
    }
  }

  embedded::Stream stream_;
  Timestamp now_;
  StartPoint start_;
  LeasesByShard leases_;
  std::set<std::string> created_;
  std::set<std::string> ended_;
};

RC_GTEST_PROP(ReshardProperty, EveryShardIsRunOnceAfterItsParentsAndNoneIsResurrected, ()) {
  History history;
  for (auto steps = *rc::gen::inRange(0, 60); steps > 0; --steps) history.step();
  history.drain();
}

}  // namespace
}  // namespace kcl::shards
