#include "demo/fleet.h"

#include <algorithm>
#include <cstdio>

#include "base/wall_clock.h"

namespace kclpp::demo {

namespace {

constexpr std::size_t kEventsKept = 6;
constexpr std::chrono::seconds kShutdownTime{10};
// Far longer than any shard ever waits for a worker, and short enough for a demo that runs for hours.
constexpr std::chrono::minutes kRetention{5};
constexpr int kFailoversRetained = 4;
// The rows of shards that have ended stay for an hour, and longer where no worker lives for so long: a demo of hours
// would be about them alone.
constexpr std::size_t kReshardsAtFirst = 60;
constexpr std::chrono::seconds kBetweenReshards{20};

kcl::testing::EmbeddedStreamOptions stream_options(const FleetOptions& options) {
  kcl::testing::EmbeddedStreamOptions stream;
  stream.name = "demo-stream";
  stream.shards = options.shards;
  stream.limits = options.limits;
  stream.retention = kRetention + kFailoversRetained * options.failover;
  return stream;
}

}  // namespace

Fleet::Fleet(FleetOptions options, Ledger& ledger)
    : options_(std::move(options)),
      ledger_(ledger),
      random_(options_.seed),
      stream_(stream_options(options_)),
      shards_ever_(options_.shards),
      began_(kcl::base::wall_now()) {
  for (std::size_t i = 0; i < options_.workers; ++i) start_member();
}

void Fleet::start_member() {
  MemberOptions member;
  member.id = "worker-" + std::to_string(++members_ever_);
  member.stream = stream_.name();
  member.kinesis = stream_.kinesis();
  member.store = options_.store;
  member.log = options_.log;
  member.failover = options_.failover;
  members_.push_back(std::make_unique<Member>(member, runtime_, ledger_));
}

std::vector<kcl::Shard> Fleet::open_shards() const {
  auto shards = stream_.list();
  std::erase_if(shards, [](const kcl::Shard& shard) { return !shard.is_open(); });
  return shards;
}

void Fleet::note(std::string event) {
  const std::chrono::duration<double> elapsed = kcl::base::wall_now() - began_;
  char at[32];
  std::snprintf(at, sizeof(at), "%6.1f s  ", elapsed.count());
  events_.push_back(at + std::move(event));
  if (events_.size() > kEventsKept) events_.pop_front();
  ++disturbances_;
}

void Fleet::disturb() {
  switch (random_.below(6)) {
    case 0:
    case 1:
      return crash();
    case 2:
      return stall();
    case 3:
      return restart();
    case 4:
      return may_reshard() ? split() : crash();
    default:
      return may_reshard() ? merge() : crash();
  }
}

bool Fleet::may_reshard() const {
  return reshards_ < kReshardsAtFirst || kcl::base::wall_now() - last_reshard_ >= kBetweenReshards;
}

void Fleet::note_reshard(std::size_t children) {
  shards_ever_ += children;
  ++reshards_;
  last_reshard_ = kcl::base::wall_now();
}

void Fleet::crash() {
  auto& victim = members_[random_.below(members_.size())];
  if (victim->id() == stalled_) stalled_.clear();
  const std::string id = victim->id();
  victim->kill();
  std::erase_if(members_, [&](const auto& member) { return member->id() == id; });
  start_member();
  note("killed " + id + "; " + members_.back()->id() + " joins");
}

void Fleet::stall() {
  if (!stalled_.empty()) return may_reshard() ? split() : crash();
  Member& victim = any_member();
  victim.stall();
  stalled_ = victim.id();
  const auto length = options_.failover * 3 / 2;
  stalled_until_ = kcl::base::wall_now() + length;
  note("stalled " + stalled_ + " for " + std::to_string(length.count()) + " ms, longer than its leases last");
}

void Fleet::tend() {
  if (stalled_.empty() || kcl::base::wall_now() < stalled_until_) return;
  for (const auto& member : members_) {
    if (member->id() == stalled_) member->resume();
  }
  stalled_.clear();
}

void Fleet::restart() {
  auto& victim = members_[random_.below(members_.size())];
  if (victim->id() == stalled_) stalled_.clear();
  const std::string id = victim->id();
  victim->shut_down(kShutdownTime);
  std::erase_if(members_, [&](const auto& member) { return member->id() == id; });
  start_member();
  note("shut down " + id + " in an orderly way; " + members_.back()->id() + " joins");
}

void Fleet::split() {
  const auto open = open_shards();
  if (open.size() >= 2 * options_.shards) return merge();
  const std::string parent = open[random_.below(open.size())].id;
  const auto children = stream_.split(parent);
  if (!children) return;
  note_reshard(children->size());
  note("split " + parent + " into " + children->front() + " and " + children->back());
}

void Fleet::merge() {
  auto open = open_shards();
  if (open.size() < 2) return split();
  std::sort(open.begin(), open.end(),
            [](const auto& a, const auto& b) { return a.hash_keys.start < b.hash_keys.start; });
  const std::size_t first = random_.below(open.size() - 1);
  const auto child = stream_.merge(open[first].id, open[first + 1].id);
  if (!child) return;
  note_reshard(1);
  note("merged " + open[first].id + " and " + open[first + 1].id + " into " + *child);
}

std::string Fleet::failure() const {
  for (const auto& member : members_) {
    const auto status = member->status();
    if (status.state == kcl::WorkerState::stopped && !status.message.empty())
      return member->id() + ": " + status.message;
  }
  return {};
}

std::string Fleet::shut_down() {
  std::string unfinished;
  for (const auto& member : members_) {
    const auto report = member->shut_down(kShutdownTime);
    if (!report.failure.empty()) unfinished += member->id() + ": " + report.failure + ". ";
    for (const auto& shard : report.unfinished) unfinished += member->id() + " could not finish " + shard + ". ";
  }
  return unfinished;
}

}  // namespace kclpp::demo
