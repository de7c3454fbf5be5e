#include "engine/engine.h"

#include <algorithm>

#include "base/backoff.h"
#include "base/text.h"

namespace kcl::engine {

using base::BootTime;
using base::Duration;
using base::Task;

namespace {

// DynamoDB may take a minute to make a table.
constexpr Duration kTablePatience = std::chrono::minutes(2);

// A start that waits is told of once people begin to wonder; one that gives up before that tells why only then.
constexpr Duration kWorthTelling = std::chrono::seconds(20);

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

Engine::Engine(EnginePorts ports, EngineOptions options)
    : ports_(std::move(ports)),
      options_(std::move(options)),
      table_(ports_.loop, ports_.store, table_options(options_, ports_.random)),
      sync_(ports_.loop, ports_.random, ports_.kinesis, table_, ports_.log, options_.sync),
      coordinator_(
          ports_.loop, ports_.random, table_, sync_, ports_.log, coordinator_options(options_, ports_),
          [this] {
            std::set<std::string> keys;
            for (const auto& [key, consumer] : consumers_) keys.insert(key);
            return keys;
          },
          [this](std::unique_ptr<leases::LeaseHold> hold) { acquired(std::move(hold)); }),
      consumers_context_{.loop = ports_.loop,
                         .random = ports_.random,
                         .kinesis = ports_.kinesis,
                         .sync = sync_,
                         .processors = ports_.processors,
                         .budget = ports_.budget,
                         .decoding = ports_.decoding,
                         .metrics = ports_.metrics,
                         .log = ports_.log,
                         .options = options_.consumer,
                         .failover = options_.failover,
                         .on_failure =
                             [this](const std::string& task, const std::exception_ptr& failure) {
                               fail("task " + task + " failed: " + base::what_of(failure));
                             }},
      stalls_(options_.stall_after),
      consumer_tasks_(ports_.loop, consumers_context_.on_failure),
      coordination_(ports_.loop, consumers_context_.on_failure) {
  consumers_context_.options.reader.stream = options_.sync.stream;
}

Engine::~Engine() = default;

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
    coordination_.spawn("shard sync", coordinate(sync_.run(coordination_.stop(), std::move(on_conflict))));
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
  const BootTime patience = base::saturating_add(ports_.loop.now(), options_.start_patience);
  const BootTime tell_from = ports_.loop.now() + kWorthTelling;
  std::string told;
  bool table_ready = false;
  while (!shutdown_by_) {
    bool fatal = false;
    std::string problem;
    if (!table_ready) {
      auto ensured = co_await table_.ensure(options_.create_table, kTablePatience);
      table_ready = ensured.has_value();
      if (!ensured) {
        problem = "leases: " + ensured.error().message;
        fatal = ensured.error().kind == StoreError::Kind::misuse;
      }
    }
    if (table_ready) {
      auto synced = co_await sync_.sync();
      if (synced) {
        started_ = true;
        changed_.notify_all();
        co_return;
      }
      problem = synced.error().message;
      fatal = synced.error().kind != coordinator::SyncError::Kind::transient;
    }
    if (fatal || ports_.loop.now() >= patience) {
      fail(std::move(problem));
      co_return;
    }
    if (ports_.loop.now() >= tell_from && problem != told) {
      ports_.log.warning("start_waits", {{"error", problem}});
      told = problem;
    }
    message_ = std::move(problem);
    const BootTime again = std::min(patience, ports_.loop.now() + backoff.next(ports_.random));
    while (!shutdown_by_ && ports_.loop.now() < again) {
      co_await changed_.wait_until(ports_.loop, again, coordination_.stop());
    }
  }
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
  look.mark += consumer::ancestors_mark(look.shard_id, sync_.last_view().leases);
  look.mark_age = options_.sync.interval;
  return look;
}

void Engine::tell(const consumer::StallWatch::Alarm& alarm) {
  using Kind = consumer::StallWatch::Alarm::Kind;
  const base::EventLog log = ports_.log.with({{"shard", alarm.shard_id}, {"epoch", alarm.epoch}});
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(alarm.age).count();
  if (alarm.kind == Kind::ended) {
    log.warning("shard_stall_ended", {{"after_s", seconds}, {"cause", alarm.cause}});
    return;
  }
  log.error("shard_stalled", {{"for_s", seconds}, {"cause", alarm.cause}});
  if (alarm.kind == Kind::began && options_.stop_on_stall)
    fail("shard " + alarm.shard_id + " is stalled for " + std::to_string(seconds) + " s: " + alarm.cause);
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
  auto view = co_await sync_.fresh_look();
  if (!view || through_since_ != since) co_return false;
  if (!sync_.holes(**view).empty()) {
    sync_.look_again();
    co_return false;
  }
  const auto own = own_shards();
  const auto closely = coordinator::outlook_of((*view)->listing, (*view)->leases, own);
  co_return !closely.work_to_come && coordinator::through_with_all(own, closely);
}

void Engine::acquired(std::unique_ptr<leases::LeaseHold> hold) {
  const std::string key = hold->key();
  through_since_.reset();
  ports_.metrics.counter("kclpp_leases_taken_total", "Leases that this worker took.")->add();
  auto consumer = std::make_unique<consumer::ShardConsumer>(consumers_context_, std::move(hold));
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
