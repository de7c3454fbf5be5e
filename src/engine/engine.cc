#include "engine/engine.h"

#include <algorithm>
#include <utility>

#include "base/backoff.h"
#include "base/text.h"
#include "engine/keyed_kinesis.h"
#include "leases/lease_key.h"

namespace kcl::engine {

using base::BootTime;
using base::Duration;
using base::Task;

namespace {

// DynamoDB may take a minute to make a table.
constexpr Duration kTablePatience = std::chrono::minutes(2);

// A start that waits is told of once people begin to wonder; one that gives up before that tells why only then.
constexpr Duration kWorthTelling = std::chrono::seconds(5);

// Each worker looks at no more streams than these in a sync interval: the service describes 20 a second, for all of an
// account's programs. What the looks are for is repair; children are created at their parents' ends.
constexpr std::size_t kStreamsPerInterval = 10;

// After a failure consumers get so long to let go of what they hold.
constexpr Duration kWindUpAfterFailure = std::chrono::seconds(10);

leases::LeaseTableOptions table_options(const EngineOptions& options, base::Random& random) {
  leases::LeaseTableOptions table;
  table.me.worker_id = options.worker_id;
  table.me.incarnation = random.uuid();
  table.failover = options.failover;
  table.call_timeout = options.failover / 4;
  table.format = options.lease_format;
  return table;
}

coordinator::CoordinatorOptions coordinator_options(const EngineOptions& options, const EnginePorts& ports) {
  coordinator::CoordinatorOptions coordinator = options.coordinator;
  coordinator.java_state = ports.java_state;
  return coordinator;
}

}  // namespace

/// A stream that is read, and what its consumers share.
struct Engine::Stream {
  Stream(Engine& engine, const coordinator::ShardSyncOptions& options, const std::string& consumer_arn);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// As logs, instruments and status name it; empty where it is the only one.
  const std::string label;
  const base::EventLog log;
  std::optional<KeyedKinesis> keyed;
  ports::Kinesis& kinesis;
  coordinator::ShardSync sync;
  consumer::ConsumerContext consumers;
};

Engine::Stream::Stream(Engine& engine, const coordinator::ShardSyncOptions& options, const std::string& consumer_arn)
    : label(options.keyed_by_stream ? options.stream : ""),
      log(label.empty() ? engine.ports_.log : engine.ports_.log.with({{"stream", label}})),
      kinesis(label.empty() ? engine.ports_.kinesis : keyed.emplace(engine.ports_.kinesis)),
      sync(engine.ports_.loop, engine.ports_.random, kinesis, engine.table_, log, options),
      consumers{.loop = engine.ports_.loop,
                .random = engine.ports_.random,
                .kinesis = kinesis,
                .sync = sync,
                .processors = engine.ports_.processors,
                .budget = engine.ports_.budget,
                .decoding = engine.ports_.decoding,
                .metrics = engine.ports_.metrics,
                .log = log,
                .options = engine.options_.consumer,
                .stream_label = label,
                .failover = engine.options_.failover,
                .on_failure = engine.on_failure_} {
  consumer::ReaderOptions& reader = consumers.options.reader;
  reader.stream = options.stream;
  if (reader.fan_out) reader.fan_out->consumer_arn = consumer_arn;
}

Engine::Engine(EnginePorts ports, EngineOptions options)
    : ports_(std::move(ports)),
      options_(std::move(options)),
      on_failure_([this](const std::string& task, const std::exception_ptr& failure) {
        fail("task " + task + " failed: " + base::what_of(failure));
      }),
      table_(ports_.loop, ports_.store, table_options(options_, ports_.random)),
      coordinator_(
          ports_.loop, ports_.random, table_,
          [this](const std::string& key) {
            const Stream* stream = stream_of(key);
            return stream == nullptr ? nullptr : &stream->sync;
          },
          ports_.log, coordinator_options(options_, ports_),
          [this] {
            std::set<std::string> keys;
            for (const auto& [key, consumer] : consumers_) keys.insert(key);
            return keys;
          },
          [this](std::unique_ptr<leases::LeaseHold> hold) { acquired(std::move(hold)); }),
      stalls_(options_.stall_after),
      consumer_tasks_(ports_.loop, on_failure_),
      coordination_(ports_.loop, on_failure_) {
  if (options_.streams.empty()) {
    const auto& fan_out = options_.consumer.reader.fan_out;
    streams_.push_back(std::make_unique<Stream>(*this, options_.sync, fan_out ? fan_out->consumer_arn : ""));
    return;
  }
  const std::size_t crowd = (options_.streams.size() + kStreamsPerInterval - 1) / kStreamsPerInterval;
  for (const StreamChoice& choice : options_.streams) {
    coordinator::ShardSyncOptions sync = options_.sync;
    sync.stream = choice.stream;
    sync.initial = choice.initial;
    sync.initial_timestamp = choice.initial_timestamp;
    sync.keyed_by_stream = true;
    sync.interval *= static_cast<Duration::rep>(crowd);
    streams_.push_back(std::make_unique<Stream>(*this, sync, choice.consumer_arn));
  }
}

Engine::~Engine() = default;

Engine::Stream* Engine::stream_of(const std::string& key) const {
  const auto found = in_step_.find(leases::stream_part(key));
  return found == in_step_.end() ? nullptr : found->second;
}

Task<EngineResult> Engine::run() {
  coordination_.spawn("start-up", start_up());
  while (!started_ && !shutdown_by_) co_await changed_.wait_uninterruptibly(ports_.loop);
  if (!started_) {
    // It may be in the middle of a long answer.
    coordination_.abandon();
  } else {
    state_ = EngineState::running;
    message_.clear();
    auto on_conflict = [this](std::string why) { fail(std::move(why)); };
    for (const auto& stream : streams_)
      coordination_.spawn("shard sync", coordinate(stream->sync.run(coordination_.stop(), on_conflict)));
    coordination_.spawn("coordinator", coordinate(coordinator_.run(coordination_.stop())));
    coordination_.spawn("stall watch", coordinate(watch_for_stalls()));
    if (options_.stop_when_done) coordination_.spawn("finish", coordinate(finish_when_done()));
    while (!shutdown_by_) co_await changed_.wait_uninterruptibly(ports_.loop);
  }
  state_ = EngineState::stopping;
  EngineResult result;
  result.unfinished = co_await wind_up();
  result.failure = failure_;
  state_ = EngineState::stopped;
  message_ = failure_;
  co_return result;
}

/// Until the table is there and the shards have leases.
Task<void> Engine::start_up() {
  base::Backoff backoff(std::chrono::milliseconds(200), std::chrono::seconds(10));
  BootTime patience = base::saturating_add(ports_.loop.now(), options_.start_patience);
  const BootTime tell_from = ports_.loop.now() + kWorthTelling;
  std::string told;
  std::size_t in_step = 0;
  while (!shutdown_by_) {
    auto trouble = co_await get_ready();
    if (!trouble) {
      started_ = true;
      changed_.notify_all();
      co_return;
    }
    // One stream after the other: there may be many.
    if (std::exchange(in_step, in_step_.size()) < in_step_.size())
      patience = base::saturating_add(ports_.loop.now(), options_.start_patience);
    if (trouble->fatal || ports_.loop.now() >= patience) {
      fail(std::move(trouble->message));
      co_return;
    }
    if (ports_.loop.now() >= tell_from && trouble->message != told) {
      ports_.log.warning("start_waits", {{"error", trouble->message}});
      told = trouble->message;
    }
    message_ = std::move(trouble->message);
    const BootTime again = std::min(patience, ports_.loop.now() + backoff.next(ports_.random));
    while (!shutdown_by_ && ports_.loop.now() < again) {
      co_await changed_.wait_until(ports_.loop, again, coordination_.stop());
    }
  }
}

/// One try; what went well is not done again.
Task<std::optional<Engine::Trouble>> Engine::get_ready() {
  if (!table_ready_) {
    auto ensured = co_await table_.ensure(options_.create_table, kTablePatience);
    if (!ensured) {
      const bool misuse = ensured.error().kind == StoreError::Kind::misuse;
      co_return Trouble{"leases: " + ensured.error().message, misuse};
    }
    table_ready_ = true;
  }
  while (in_step_.size() < streams_.size()) {
    Stream& stream = *streams_[in_step_.size()];
    auto synced = co_await stream.sync.sync();
    if (!synced) {
      const bool passes = synced.error().kind == coordinator::SyncError::Kind::transient;
      co_return Trouble{std::move(synced.error().message), !passes};
    }
    const auto [other, first] = in_step_.try_emplace(stream.sync.stream_part(), &stream);
    if (!first) {
      co_return Trouble{
          "streams: " + other->second->label + " and " + stream.label + " are the same stream: name it once", true};
    }
  }
  co_return std::nullopt;
}

Task<void> Engine::coordinate(Task<void> task) {
  ++coordinating_;
  co_await std::move(task);
  --coordinating_;
  changed_.notify_all();
}

coordinator::OwnShards Engine::own_shards() const {
  coordinator::OwnShards own;
  for (const auto& [key, consumer] : consumers_) own.emplace(key, consumer->progress());
  return own;
}

Task<void> Engine::finish_when_done() {
  base::Stop& stop = coordination_.stop();
  while (!stop.requested()) {
    const coordinator::Outlook& outlook = coordinator_.outlook();
    if (!coordinator::through_with_all(own_shards(), outlook)) {
      through_since_.reset();
    } else if (!through_since_) {
      through_since_ = ports_.loop.now();
    } else if (coordinator::may_finish(outlook, *through_since_)) {
      const bool finished = co_await nothing_is_left(*through_since_);
      if (finished && !stop.requested()) {
        ports_.log.info("all_done");
        request_shutdown(ports_.loop.now() + options_.wind_up);
        co_return;
      }
      through_since_.reset();
    }
    tell_what_is_left_over();
    co_await changed_.wait_until(ports_.loop, ports_.loop.now() + options_.failover / 20, stop);
  }
}

Task<void> Engine::watch_for_stalls() {
  base::Stop& stop = coordination_.stop();
  while (!stop.requested()) {
    std::vector<consumer::ShardLook> looks;
    looks.reserve(consumers_.size());
    for (const auto& [key, consumer] : consumers_) looks.push_back(look_at(*consumer));
    for (const auto& alarm : stalls_.look(looks, ports_.loop.now())) tell(alarm);
    co_await base::sleep_for(ports_.loop, stalls_.interval(), stop);
  }
}

/// A shard that waits for its parents moves as they do, and as what they wait for does.
consumer::ShardLook Engine::look_at(const consumer::ShardConsumer& consumer) const {
  consumer::ShardLook look = consumer.look();
  if (consumer.status().state != ShardState::waiting_for_parents) return look;
  const Stream& stream = *stream_of(look.key);
  look.mark += consumer::ancestors_mark(look.key, stream.sync.last_view().leases);
  look.mark_age = stream.sync.interval();
  return look;
}

void Engine::tell(const consumer::StallWatch::Alarm& alarm) {
  using Kind = consumer::StallWatch::Alarm::Kind;
  const std::string shard_id(leases::shard_part(alarm.key));
  const base::EventLog log = stream_of(alarm.key)->log.with({{"shard", shard_id}, {"epoch", alarm.epoch}});
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(alarm.age).count();
  if (alarm.kind == Kind::ended) {
    log.warning("shard_stall_ended", {{"after_s", seconds}, {"cause", alarm.cause}});
    return;
  }
  log.error("shard_stalled", {{"for_s", seconds}, {"cause", alarm.cause}});
  if (alarm.kind == Kind::began && options_.stop_on_stall)
    fail("shard " + alarm.key + " is stalled for " + std::to_string(seconds) + " s: " + alarm.cause);
}

/// A worker that does not finish because nobody takes what it may not take says so.
void Engine::tell_what_is_left_over() {
  // Others, or this one after a change, may take a little while.
  if (!through_since_ || ports_.loop.now() - *through_since_ < options_.failover) return;
  const std::size_t most = options_.coordinator.max_leases;
  const std::size_t count = coordinator::left_over(own_shards(), coordinator_.outlook(), most);
  if (count != left_over_ && count != 0) {
    ports_.log.warning("leases_left_over", {{"leases", count},
                                            {"max_leases", most},
                                            {"what_to_do",
                                             "start more workers, or raise max_leases: this worker ends "
                                             "when nothing is left, and may not take more"}});
  }
  left_over_ = count;
}

/// The last word have a fresh listing and a consistent scan: a scan of the coordinator may be torn, and a shard that
/// has no row yet is nobody's.
Task<bool> Engine::nothing_is_left(BootTime since) {
  base::Stop& stop = coordination_.stop();
  for (const auto& stream : streams_) {
    auto view = co_await stream->sync.fresh_look();
    while (!view && through_since_ == since && !stop.requested()) {
      stream->log.warning("finish_waits", {{"error", view.error().message}});
      co_await changed_.wait_until(ports_.loop, ports_.loop.now() + options_.failover / 10, stop);
      view = co_await stream->sync.fresh_look();
    }
    if (!view || through_since_ != since || stop.requested()) co_return false;
    if (!stream->sync.holes(**view).empty()) {
      stream->sync.look_again();
      co_return false;
    }
    const auto own = own_shards();
    const auto closely = coordinator::outlook_of((*view)->listing, (*view)->leases, own);
    if (closely.work_to_come || !coordinator::through_with_all(own, closely)) co_return false;
  }
  co_return true;
}

void Engine::acquired(std::unique_ptr<leases::LeaseHold> hold) {
  const std::string key = hold->key();
  through_since_.reset();
  ports_.metrics.counter("kclpp_leases_taken_total", "Leases that this worker took.")->add();
  auto consumer = std::make_unique<consumer::ShardConsumer>(stream_of(key)->consumers, std::move(hold));
  if (shutdown_by_) consumer->request_shutdown();
  consumers_.emplace(key, std::move(consumer));
  consumer_tasks_.spawn("shard " + key, consume(key));
}

Task<void> Engine::consume(std::string key) {
  co_await consumers_.at(key)->run();
  consumers_.erase(key);
  through_since_.reset();
  changed_.notify_all();
  // A shard that ended has children waiting; a lease that was let go may leave room for another.
  coordinator_.look_again();
}

void Engine::fail(std::string why) {
  if (failure_.empty()) {
    ports_.log.error("worker_failed", {{"error", why}});
    failure_ = std::move(why);
  }
  request_shutdown(ports_.loop.now() + kWindUpAfterFailure);
}

void Engine::request_shutdown(BootTime deadline) {
  if (!shutdown_by_ && ports_.on_stopping) ports_.on_stopping();
  shutdown_by_ = std::min(shutdown_by_.value_or(base::kForever), deadline);
  coordination_.stop().request();
  for (auto& [key, consumer] : consumers_) consumer->request_shutdown();
  changed_.notify_all();
}

/// What could not be finished by the deadline. A take that is under way may still bring a lease, so it is waited for
/// too.
Task<std::vector<std::string>> Engine::wind_up() {
  base::Stop never;
  while ((coordinating_ > 0 || !consumers_.empty()) && ports_.loop.now() < *shutdown_by_) {
    co_await changed_.wait_until(ports_.loop, *shutdown_by_, never);
  }
  std::vector<std::string> unfinished;
  unfinished.reserve(consumers_.size());
  for (const auto& [key, consumer] : consumers_) unfinished.push_back(key);
  co_return unfinished;
}

EngineStatus Engine::status() const {
  EngineStatus status;
  status.state = state_;
  status.message = message_;
  for (const auto& [key, consumer] : consumers_) {
    status.shards.push_back(consumer->status());
    const auto stall = stalls_.stalls().find(key);
    if (stall == stalls_.stalls().end()) continue;
    status.shards.back().stalled = std::chrono::duration_cast<std::chrono::milliseconds>(stall->second.age);
    status.shards.back().stall_cause = stall->second.cause;
  }
  status.workers = coordinator_.last_plan().workers;
  status.leases = coordinator_.last_plan().load;
  return status;
}

}  // namespace kcl::engine
