// Everything that a worker can be told. Defaulted members, made for designated initialisers. Bad values are reported
// all at once, by name, as one ConfigError from the Worker's constructor.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <kcl/cloudwatch.h>
#include <kcl/credentials.h>
#include <kcl/item_store.h>
#include <kcl/kinesis.h>
#include <kcl/lease_balance.h>
#include <kcl/lease_format.h>
#include <kcl/log_sink.h>
#include <kcl/metrics_sink.h>
#include <kcl/on_error.h>
#include <kcl/prometheus.h>
#include <kcl/stray_records.h>
#include <kcl/timestamp.h>

namespace kcl {

/// Where an application starts reading: fixed by its first worker for the whole fleet, and carried by every lease (C6).
/// Shards born later are read from their beginning whatever this says.
class InitialPosition {
 public:
  enum class Kind : std::uint8_t { trim_horizon, latest, at_timestamp };
  /// Everything that the stream still has.
  static InitialPosition trim_horizon() { return InitialPosition(Kind::trim_horizon, {}); }
  /// What is put from now on: two seconds before the first worker's start, by the server's clock.
  static InitialPosition latest() { return InitialPosition(Kind::latest, {}); }
  static InitialPosition at(Timestamp time) { return InitialPosition(Kind::at_timestamp, time); }

  Kind kind() const noexcept { return kind_; }
  Timestamp timestamp() const noexcept { return timestamp_; }

 private:
  InitialPosition(Kind kind, Timestamp timestamp) : kind_(kind), timestamp_(timestamp) {}
  Kind kind_;
  Timestamp timestamp_;
};

enum class Checkpointing : std::uint8_t {
  automatic,  ///< by kclpp, of what was processed: every checkpoint_interval, at the end of a shard, and at exit
  manual,     ///< by the program, through Checkpointer
};

/// What differs for one service of AWS. Empty, or null: as WorkerConfig says for all of them.
struct ServiceAccess {
  std::string region;
  /// Whose credentials, region and endpoint count.
  std::string profile;
  std::shared_ptr<CredentialsProvider> credentials;
  /// A role to assume for this service alone, with the credentials that count for it otherwise:
  /// "arn:aws:iam::123456789012:role/reader". Its session is named "kclpp".
  std::string role_arn;
};

/// One of several streams that a worker reads.
struct StreamConfig {
  /// As WorkerConfig::stream.
  std::string stream;
  /// Empty: as WorkerConfig says.
  std::optional<InitialPosition> initial_position;
  /// For fan_out: the consumer of this stream to read as. Empty: by consumer_name.
  std::string consumer_arn;
};

struct WorkerConfig {
  /// Names the fleet that shares the work, and its lease table. Empty: this worker alone, leases in memory, nothing
  /// stored.
  std::string application;
  /// A name, or an ARN: by that, streams of other accounts are read.
  std::string stream;
  /// Several streams instead of one: their shards are shared by one fleet, in one lease table, and counted together;
  /// ShardContext::stream() tells whose a shard is. Best the same for the whole fleet: a worker leaves alone what is
  /// not on its list, and what nobody has on theirs waits, at its checkpoint. Not with LeaseFormat::vmware_go. The
  /// leases are named as Java KCL's multi-stream mode names them, `<account>:<stream>:<creation>:<shard>`: a stream
  /// that was deleted and made anew is another one. A table of one stream is not taken over (and the other way round).
  std::vector<StreamConfig> streams;
  /// Empty: AWS_REGION, AWS_DEFAULT_REGION, the profile's. Like all that follows about AWS, unused where a client or a
  /// store is plugged in.
  std::string region;
  /// Of the shared AWS files. Empty: AWS_PROFILE, else "default".
  std::string profile;
  /// URLs instead of the region's own endpoints. Empty: AWS_ENDPOINT_URL_KINESIS, _DYNAMODB or _CLOUDWATCH,
  /// AWS_ENDPOINT_URL, the profile's.
  std::string kinesis_endpoint;
  std::string dynamodb_endpoint;
  std::string cloudwatch_endpoint;
  /// Where a service is in another region or account than the others, or is used in another name.
  ServiceAccess kinesis_access;
  ServiceAccess dynamodb_access;
  ServiceAccess cloudwatch_access;
  /// The DynamoDB table that holds the leases. Empty: named as the application.
  std::string lease_table;
  /// Whose rows the lease table has. The same for the whole fleet. With vmware_go, vmware-go-kcl's workers may live on
  /// the table too, and the table is keyed by "ShardID": a lease_store must be made so. What a mixed fleet cannot bear
  /// is refused: static_identity, balance by throughput, and a failover_time that is not 5 s to 60 s. See
  /// docs/migrating-from-vmware-go.md.
  LeaseFormat lease_format = LeaseFormat::kcl;
  /// Names this worker in the lease table. Unique among all workers that ever run; at most 128 bytes. Empty: made up,
  /// "<host>:<process>:<uuid>".
  std::string worker_id;
  /// The worker id is that of one place (a pod of a stateful set), and a worker that starts there takes over at once,
  /// in a new epoch, what its predecessor held when it crashed. Needs a worker_id. Never let two processes with one id
  /// live at the same time: for up to a failover time both may deliver the same shards (their checkpoints are fenced,
  /// and the error worker_id_in_use is logged).
  bool static_identity = false;

  InitialPosition initial_position = InitialPosition::latest();
  Checkpointing checkpointing = Checkpointing::automatic;
  /// 100 ms to 1 h.
  std::chrono::milliseconds checkpoint_interval{10'000};

  /// How long a worker may be silent before others take its shards: 1 s to 10 min. Renewals are due three times in it.
  std::chrono::milliseconds failover_time{10'000};
  /// At most so many shards at a time; at least 1. Shards that wait for their parents do not count.
  std::size_t max_leases = SIZE_MAX;
  /// What is shared evenly among the workers. The same for all of them.
  LeaseBalance balance = LeaseBalance::count;
  CreateTable create_table = CreateTable::if_missing;
  /// How long the stream and the lease table may be out of reach at the start before the worker gives up: 0 to 1 h.
  /// Later they may be so for any time.
  std::chrono::milliseconds start_patience{60'000};
  /// Between two looks at the stream's shards when nothing asks for one: 1 s to 1 h.
  std::chrono::milliseconds shard_sync_interval{60'000};

  /// Ends the worker, in an orderly way, once it has caught up: each shard of its own was read to its tip at some time
  /// after the start and all of that was processed, it has its fair share and nothing is free to take, and every other
  /// worker was seen alive after that. A worker that dies later leaves its shards to whoever is started in its place.
  /// While shards are free that max_leases keeps it from taking it does not end, and warns once (`leases_left_over`).
  bool stop_when_caught_up = false;
  /// Delivers no record that arrived at this time or later (as approximate_arrival says), nor any after it in its
  /// shard, and ends the worker as stop_when_caught_up does once every shard has come so far.
  std::optional<Timestamp> read_until;

  /// Records per read: 1 to 10,000.
  std::size_t max_records = 10'000;
  /// Between two reads of a shard that has more; the service allows five a second and shard, for all applications
  /// together. 0 to 1 min; below 200 ms only makes sense for other streams than AWS's.
  std::chrono::milliseconds min_read_interval{200};
  /// Between two reads of a shard that has nothing new: min_read_interval to 1 min.
  std::chrono::milliseconds idle_read_interval{1'000};
  /// Batches read ahead of the processor, per shard: 1 to 100.
  std::size_t prefetch_batches = 2;
  /// Enhanced fan-out: the service pushes records over HTTP/2 as they come, with 2 MB/s per shard for this consumer
  /// alone, at a price of its own. Otherwise shards are polled, as the four settings above say but for the last.
  bool fan_out = false;
  /// The consumer to read as. By ARN (of several streams, each in StreamConfig), or by its name (empty: the
  /// application): then it is looked up, registered if there is none, and used once it is ACTIVE. It is never
  /// deregistered. Fleets that share a consumer take the records from each other: one for each application.
  std::string consumer_arn;
  std::string consumer_name;
  /// Polls a shard whose subscription is refused (no permission, no such consumer, no fan-out at this service): said by
  /// the warning fan_out_refused and by kclpp_fan_out_refused_total. Otherwise it goes on trying.
  bool poll_if_refused = false;
  /// Batches of one shard that an AckProcessor may have at once, not settled: 1 to 1,000. More than 1 needs an
  /// AckProcessor, or parallelism_per_shard (kcl/consume.h).
  std::size_t max_outstanding_batches = 1;
  /// Bytes of those batches; a larger one comes alone. At least 1.
  std::size_t max_outstanding_bytes = 64UL << 20;
  /// Memory for records that the worker has read, over all shards (C11): at least 1 MiB. Half of it may be filled by
  /// reading ahead, the rest is for shards that have nothing yet. Ignored when a Runtime is given:
  /// it has its own.
  std::size_t buffer_bytes = 256UL << 20;

  /// What becomes of user records that a KPL aggregate brought into the wrong shard.
  StrayRecords stray_records = StrayRecords::deliver;

  /// Back-off after a callback threw: doubling from the first to the longest. 1 ms to 1 h.
  std::chrono::milliseconds first_retry{200};
  std::chrono::milliseconds longest_retry{30'000};
  /// What becomes of a batch that keeps failing (C5).
  OnError on_error = OnError::retry;
  /// With stop and bisect: after so many failed calls a batch, or with bisect a single record, has failed for good. 1
  /// to 1,000. RetryLater is no failure. Five take about three seconds with the back-off above: what an outage makes
  /// fail should throw RetryLater, or be given more.
  std::size_t max_attempts = 5;

  /// A shard is stalled when nothing of it moves for so long although there is something to do: a callback that does
  /// not return, a batch that fails again and again, a parent that is not read, reads that fail, a byte budget that is
  /// used up (C9). An error in the log names it and the cause, again at twice the time and then about every hour, and
  /// its end is told; ShardStatus and metrics show it. A shard without new records is never stalled. 1 s to 24 h.
  std::chrono::milliseconds stall_after{300'000};
  /// Ends the worker, with a failure that names shard and cause, after the first such alarm.
  bool stop_on_stall = false;

  /// consume() and run() let SIGTERM and SIGINT shut the worker down in an orderly way, within shutdown_time (0 to 1
  /// h). A second signal (the same again within half a second is none) ends the run at once. Then, and when the run has
  /// ended, the handlers are again those from before. A signal that the program ignores stays ignored.
  bool handle_signals = true;
  std::chrono::milliseconds shutdown_time{25'000};

  /// Where the worker serves what it says of itself: "HOST:PORT", "[IPv6]:PORT", or a port on 127.0.0.1 alone; port 0
  /// is a free one, which the log tells (`listening`). Empty: nowhere. There are /metrics (Prometheus), /livez,
  /// /readyz, /status (JSON) and / (a page for people); no TLS and no passwords: beyond loopback only in a network that
  /// you trust. See docs/monitoring.md.
  std::string listen;
  /// What is served there at /metrics.
  Prometheus prometheus;
  /// How often metrics go to the sink and to CloudWatch: 1 s to 1 h.
  std::chrono::milliseconds metrics_interval{10'000};
  /// Empty: none go there.
  std::optional<CloudWatch> cloudwatch;

  // What a program may plug in. Shared, since several workers may use one.

  /// Empty: Amazon Kinesis Data Streams.
  std::shared_ptr<Kinesis> kinesis;
  /// Empty: the DynamoDB table; without an application, memory: nothing is stored.
  std::shared_ptr<ItemStore> lease_store;
  /// Empty: those that the AWS tools would use (kcl/credentials.h).
  std::shared_ptr<CredentialsProvider> credentials;
  /// Takes the records that fail by themselves. Goes with on_error = bisect, and only with that.
  std::shared_ptr<DeadLetterSink> dead_letters;
  /// Empty: warnings and errors to stderr.
  std::shared_ptr<LogSink> log;
  /// Empty: none.
  std::shared_ptr<MetricsSink> metrics;
};

}  // namespace kcl
