#include "operate/diagnose.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "base/text.h"
#include "consumer/row_status.h"
#include "operate/text.h"
#include "shards/rules.h"

namespace kcl::operate {

using leases::Lease;
using std::chrono::milliseconds;

namespace {

/// Java's rows carry no time; a take of kclpp's writes the server's, and every renewal since adds one to it.
std::optional<Timestamp> taken_about(const Lease& lease) {
  constexpr std::int64_t kYear2020 = 1'577'836'800'000;
  constexpr std::int64_t kYear2200 = 7'258'118'400'000;
  if (!lease.owner || lease.go || !lease.last_written_by_kclpp()) return std::nullopt;
  if (lease.counter < kYear2020 || lease.counter > kYear2200) return std::nullopt;
  return Timestamp(milliseconds(lease.counter));
}

/// The owner says that it cannot go on by itself, or that the program fails.
bool tells_of_failure(const consumer::RowStatus& status) {
  static const std::set<std::string, std::less<>> failing{"stopped", "retrying", "dead_lettering", "suspended"};
  return failing.contains(status.state) || (!status.last_error.empty() && status.state != "ended");
}

class Judge {
 public:
  explicit Judge(const TableView& view)
      : view_(view), leases_(shards::by_shard(view.leases)), listing_(view.listing ? &*view.listing : &nothing_) {}

  Line judge(const Lease& lease) const;
  std::vector<Line> shards_without_rows() const;

 private:
  void judge_unowned(const Lease& lease, Line& line) const;
  void judge_owned(const Lease& lease, const std::optional<consumer::RowStatus>& status, Line& line) const;
  bool is_missing(const Shard& shard) const;
  std::string watched() const { return duration_text(view_.watched); }

  const TableView& view_;
  const shards::LeasesByShard leases_;
  const shards::Listing nothing_;
  const shards::Listing* listing_;
};

Line facts_of(const Lease& lease) {
  Line line;
  line.shard = lease.key;
  line.owner = lease.owner.value_or("");
  if (!lease.go) line.by_kclpp = lease.last_written_by_kclpp();
  line.owned_since = taken_about(lease);
  line.checkpoint = lease.checkpoint;
  if (lease.checkpoint == Position::at_timestamp()) line.at = lease.at;
  if (lease.claim && lease.claim->worker_id != line.owner) line.claimed_by = lease.claim->worker_id;
  line.failover = lease.failover;
  line.throughput_kbps = lease.throughput_kbps;
  line.counter = lease.counter;
  line.parents.assign(lease.parents.begin(), lease.parents.end());
  line.children.assign(lease.children.begin(), lease.children.end());
  return line;
}

Line Judge::judge(const Lease& lease) const {
  Line line = facts_of(lease);
  const auto status = consumer::parse_row_status(lease.status);
  if (const auto probed = view_.lags.find(lease.key); probed != view_.lags.end()) {
    line.behind = probed->second.behind;
    line.probed = line.behind.has_value();
    if (!probed->second.error.empty()) line.last_error = "lag not measured: " + probed->second.error;
  }
  if (lease.ended()) {
    line.verdict = Verdict::ended;
    line.why = "read to its end";
    return line;
  }
  if (view_.listing && view_.listing->find(lease.key) == nullptr) {
    line.verdict = Verdict::no_shard;
    line.why = "the stream has no such shard: it is past its retention, or the table is another stream's";
    line.advice = "check --stream; a kclpp worker removes the row of a shard that is gone for good by itself";
    return line;
  }
  lease.owner ? judge_owned(lease, status, line) : judge_unowned(lease, line);
  return line;
}

void Judge::judge_unowned(const Lease& lease, Line& line) const {
  const auto blocking = shards::blocking_parents(lease, *listing_, leases_);
  if (!blocking.empty()) {
    line.verdict = Verdict::waiting;
    line.why = "waits for parent " + base::joined(blocking);
    return;
  }
  if (view_.moved.contains(lease.key)) {
    line.verdict = Verdict::changing_hands;
    line.why = "was let go a moment ago";
    return;
  }
  line.verdict = Verdict::unowned;
  line.why = "nobody owns it, and nobody took it in " + watched();
  line.advice = "see whether workers run, and whether they may take more leases (WorkerConfig::max_leases)";
  if (!lease.let_go()) {
    line.why += "; whoever had it did not let it go by itself";
    line.advice = "workers take it once it has stood still for long enough; " + line.advice;
  }
}

void Judge::judge_owned(const Lease& lease, const std::optional<consumer::RowStatus>& status, Line& line) const {
  const milliseconds failover = failover_of(lease, view_);
  if (!view_.moved.contains(lease.key)) {
    const bool long_enough = view_.watched >= failover;
    line.verdict = long_enough ? Verdict::silent : Verdict::unwatched;
    line.why = line.owner + " wrote nothing in " + watched();
    if (view_.watched.count() == 0) {
      line.why = "one look does not tell whether " + line.owner + " lives";
    } else if (long_enough) {
      line.why += ", longer than its failover time of " + duration_text(failover) + ": it is dead or paused";
      line.advice = "a live worker of the fleet takes the lease over by itself: see whether one runs";
    } else {
      line.why += "; its failover time is " + duration_text(failover);
    }
    if (status && !status->state.empty()) {
      line.why += "; it last said: " + status->state;
      if (status->behind) line.why += ", " + duration_text(*status->behind) + " behind";
    }
    return;
  }
  if (line.by_kclpp == true && status) {
    line.state = status->state;
    line.state_since = status->since;
    if (line.last_error.empty()) line.last_error = status->last_error;
    if (!line.probed) line.behind = status->behind;
  }
  if (line.by_kclpp == true && status && tells_of_failure(*status)) {
    line.verdict = Verdict::failing;
    line.why = status->state + (status->last_error.empty() ? "" : ": " + status->last_error);
    line.advice = "its worker's log has the whole error";
    return;
  }
  if (lease.checkpoint_owner && lease.checkpoint_owner != lease.owner) {
    line.verdict = Verdict::changing_hands;
    line.why = "Java's leader gives it from " + *lease.checkpoint_owner + " to " + line.owner;
    return;
  }
  if (!line.claimed_by.empty()) {
    line.verdict = Verdict::changing_hands;
    line.why = line.claimed_by + " asked for it";
    return;
  }
  const auto blocking = shards::blocking_parents(lease, *listing_, leases_);
  const bool says_so = status && status->state == "waiting_for_parents";
  if (!blocking.empty() || says_so) {
    line.verdict = Verdict::waiting;
    line.why = blocking.empty() ? "waits for its parents" : "waits for parent " + base::joined(blocking);
    return;
  }
  line.verdict = Verdict::held;
  if (line.by_kclpp == false) {
    line.why = "held by a worker that is not kclpp";
  } else if (line.by_kclpp && status && !status->waiting_for.empty()) {
    line.why = "waits for " + status->waiting_for;
  }
}

/// Closed shards without a row were read and cleaned up, or ended before the application began: that is told apart only
/// where a row says when that was.
bool Judge::is_missing(const Shard& shard) const {
  const bool start_known = shards::start_instant(leases_).has_value();
  if (!shard.is_open() && !start_known) return false;
  return shards::must_create(shard.id, *listing_, leases_);
}

std::vector<Line> Judge::shards_without_rows() const {
  std::vector<Line> lines;
  std::set<std::string> unreadable;
  for (const auto& row : view_.unreadable) unreadable.insert(row.key);
  for (const Shard* shard : listing_->ancestors_first()) {
    if (unreadable.contains(shard->id) || !is_missing(*shard)) continue;
    Line line;
    line.shard = shard->id;
    line.verdict = Verdict::no_row;
    line.parents = shard->parents();
    line.why = "the stream has this shard, and no row leases it: nobody reads it";
    line.advice = "workers make the row within a minute or two of seeing the shard: see whether one runs";
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> notes_on(const TableView& view) {
  std::vector<std::string> notes;
  if (view.leases.empty() && view.unreadable.empty()) notes.emplace_back("the table has no leases");
  std::map<milliseconds, std::size_t> failovers;
  for (const Lease& lease : view.leases) {
    if (lease.owner && lease.failover && !lease.ended()) ++failovers[*lease.failover];
  }
  if (failovers.size() > 1) {
    std::vector<std::string> texts;
    texts.reserve(failovers.size());
    for (const auto& [failover, leases] : failovers) texts.push_back(duration_text(failover));
    notes.push_back("the workers have different failover times (" + base::joined(texts) +
                    "): the longer ones decide, and those with the longest are taken over last");
  }
  return notes;
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::unreadable:
      return "unreadable";
    case Verdict::no_row:
      return "no_row";
    case Verdict::no_shard:
      return "no_shard";
    case Verdict::silent:
      return "silent";
    case Verdict::failing:
      return "failing";
    case Verdict::unowned:
      return "unowned";
    case Verdict::unwatched:
      return "unwatched";
    case Verdict::changing_hands:
      return "changing_hands";
    case Verdict::waiting:
      return "waiting";
    case Verdict::held:
      return "held";
    case Verdict::ended:
      break;
  }
  return "ended";
}

Diagnosis diagnose(const TableView& view) {
  Diagnosis diagnosis;
  diagnosis.now = view.now;
  diagnosis.watched = view.watched;
  diagnosis.with_stream = view.listing.has_value();
  diagnosis.java_version = view.java_version;
  diagnosis.notes = notes_on(view);

  const Judge judge(view);
  diagnosis.lines = judge.shards_without_rows();
  for (const auto& row : view.unreadable) {
    Line line;
    line.shard = row.key;
    line.verdict = Verdict::unreadable;
    line.why = "its row cannot be read: " + row.problem;
    line.advice = "no worker takes such a lease: mend its row, or import it from an export";
    diagnosis.lines.push_back(std::move(line));
  }
  for (const Lease& lease : view.leases) {
    diagnosis.lines.push_back(judge.judge(lease));
    if (lease.owner && !lease.ended()) ++diagnosis.workers[*lease.owner];
  }
  // Of the same kind, the one that is the most behind first.
  const auto key = [](const Line& line) {
    return std::tuple(line.verdict, -line.behind.value_or(milliseconds(0)).count(), std::string_view(line.shard));
  };
  std::ranges::sort(diagnosis.lines, [&](const Line& a, const Line& b) { return key(a) < key(b); });
  for (const Line& line : diagnosis.lines) ++diagnosis.counts[line.verdict];
  return diagnosis;
}

}  // namespace kcl::operate
