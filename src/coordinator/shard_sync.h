// Keeps the lease table in step with the stream's shards, without a leader and without a start-up wait: every worker
// does it, and every write is a put-if-absent that any of them may win. Also answers the questions about parents, and
// prepares the end of a shard.
//
// Safe because each creation rests on a complete listing and a strongly consistent scan that are both younger than 30 s
// at that very moment (lease-traces 7), rows are written ancestors first (13), and an empty table gets one anchor row
// alone (R6). Lives on the strand.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <kcl/kinesis.h>

#include "base/async_mutex.h"
#include "base/event_log.h"
#include "base/random.h"
#include "base/task.h"
#include "base/wait.h"
#include "coordinator/sync_error.h"
#include "leases/lease_table.h"
#include "ports/kinesis.h"
#include "shards/rules.h"

namespace kcl::coordinator {

struct ShardSyncOptions {
  std::string stream;
  shards::InitialPosition initial = shards::InitialPosition::trim_horizon;
  /// Of `at_timestamp`.
  Timestamp initial_timestamp{};
  /// When the service was first heard of in this worker's life, by its clock: what LATEST goes back to, however long
  /// the start takes. Of several streams they share one.
  std::shared_ptr<std::optional<Timestamp>> first_heard = std::make_shared<std::optional<Timestamp>>();
  /// The table has leases of several streams, each named by its own, and so does `kinesis` name this one's shards
  /// (leases/lease_key.h).
  bool keyed_by_stream = false;
  /// Between two looks at the stream's shards when nothing asks for one.
  base::Duration interval = std::chrono::seconds(60);
  /// How long an ended lease outlives the start of its children.
  base::Duration keep_ended = std::chrono::hours(1);
  base::Duration call_timeout = std::chrono::seconds(10);
};

class ShardSync {
 public:
  ShardSync(base::Loop& loop, base::Random& random, ports::Kinesis& kinesis, leases::LeaseTable& table,
            base::EventLog log, ShardSyncOptions options);
  ShardSync(const ShardSync&) = delete;
  ShardSync& operator=(const ShardSync&) = delete;

  /// One pass: look, create what is missing. A hole in a table that was not empty counts when it was seen twice, at
  /// least a failover time apart.
  base::Task<SyncResult<void>> sync();

  /// Passes for ever. What is refused is asked again: it must not cost a running worker its leases. A conflict ends it,
  /// and `on_conflict` is told.
  base::Task<void> run(base::Stop& stop, std::function<void(std::string)> on_conflict);
  /// Makes run() look now.
  void look_again() { poked_.notify_all(); }

  /// What the last look showed.
  struct View {
    shards::Listing listing;
    shards::LeasesByShard leases;
    Timestamp start_instant{};
    /// The start instant is on record; without it no lease is created but the one that records it.
    bool anchored = false;
    /// Workers of other kinds hold leases on the table, of whatever stream.
    bool others_live = false;
    /// When the older of the two was asked for.
    base::BootTime sent{};
  };
  using ViewPtr = std::shared_ptr<const View>;
  /// A look that begins no earlier than this call.
  base::Task<SyncResult<ViewPtr>> fresh_look();
  /// Shards that deserve a lease and have none.
  std::vector<leases::Lease> holes(const View& view) const;
  /// Precondition: sync() has succeeded once.
  const View& last_view() const { return *view_; }

  const std::string& stream() const noexcept { return options_.stream; }
  base::Duration interval() const noexcept { return options_.interval; }
  /// How this stream's leases are named; empty where it is the only one. Known once a look has succeeded.
  const std::string& stream_part() const noexcept { return stream_part_; }
  /// It is a lease of this stream.
  bool owns(const std::string& key) const;
  /// With the shard of this lease named.
  base::EventLog log_of(const std::string& key) const;

  /// What a take of this lease adds to a row of Java's.
  leases::TakeMarks marks_for(const std::string& key) const;

  /// What a consumer must know before it starts on a lease that it holds. Parent rows are read strongly consistent.
  struct Admission {
    std::vector<std::string> blocking_parents;
    shards::ReadFrom read_from;
  };
  base::Task<SyncResult<Admission>> admit(leases::Lease lease);

  /// Creates the rows that must be there before this shard may be stored at SHARD_END: co-parents, then children.
  /// Yields the children; none means that nobody knows them yet, and the shard must not end (C6).
  base::Task<SyncResult<std::set<std::string>>> prepare_end(std::string shard_id, std::vector<ChildShard> told);

 private:
  base::Task<SyncResult<ViewPtr>> look();
  base::Task<SyncResult<void>> list(ListShards::Filter filter, Timestamp timestamp, std::map<std::string, Shard>& into);
  SyncResult<void> learn_name(const StreamDescription& description);
  /// Leaves what is about this stream.
  SyncResult<void> take_own(leases::LeaseScan& scan);
  SyncResult<void> check_stream(const StreamDescription& description, const leases::LeaseScan& scan);
  std::optional<Timestamp> recorded_start(const leases::LeaseScan& scan, const View& view) const;
  std::vector<std::string> gone(const View& view) const;
  Timestamp configured_start(Timestamp server_time, bool made_anew) const;
  bool made_anew(const leases::LeaseScan& scan) const;
  shards::StartPoint start_point(const View& view) const;
  base::Task<SyncResult<void>> create_anchor(ViewPtr view);
  base::Task<SyncResult<void>> create_application_row(ViewPtr view);
  base::Task<SyncResult<void>> create(leases::Lease lease, const View& basis, leases::Origin origin);
  base::Task<SyncResult<void>> create_all(std::vector<leases::Lease> missing, ViewPtr basis);
  base::Task<bool> create_missing(leases::Lease lease, const View& basis, SyncResult<void>& result);
  std::vector<leases::Lease> ripe_holes(std::vector<leases::Lease> missing);
  base::Task<void> clean_up();

  base::Loop& loop_;
  base::Random& random_;
  ports::Kinesis& kinesis_;
  leases::LeaseTable& table_;
  base::EventLog log_;
  ShardSyncOptions options_;

  std::string stream_part_;
  std::optional<std::chrono::sys_seconds> stream_created_;
  ViewPtr view_;
  base::AsyncMutex looking_;
  /// This worker found the table empty and has not come to the last row yet. Rows that it had seen there before were
  /// deleted by somebody.
  std::optional<leases::Origin> filling_;
  bool has_seen_rows_ = false;
  std::map<std::string, base::BootTime> holes_since_;
  std::map<std::string, base::BootTime> removal_due_;
  /// When children of shards whose co-parents' rows are new may get theirs.
  base::BootTime children_due_{};
  base::Event poked_;
};

}  // namespace kcl::coordinator
