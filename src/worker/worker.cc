#include <kcl/errors.h>
#include <kcl/worker.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/random.h"
#include "base/text.h"
#include "engine/engine.h"
#include "sinks/cloudwatch_sender.h"
#include "worker/async_log.h"
#include "worker/aws_ports.h"
#include "worker/blocking_item_store.h"
#include "worker/blocking_kinesis.h"
#include "worker/config_check.h"
#include "worker/decoding.h"
#include "worker/engine_config.h"
#include "worker/metered_ports.h"
#include "worker/metrics_publisher.h"
#include "worker/monitor.h"
#include "worker/runtime.h"
#include "worker/signals.h"
#include "worker/user_processor.h"

namespace kcl {

using base::BootTime;
using worker::StrandLink;
using worker::Threads;

namespace {

// As good as for ever, and far below where nanoseconds overflow.
constexpr std::chrono::milliseconds kLongestShutdown = std::chrono::hours(24 * 365);

WorkerState state_of(engine::EngineState state) {
  switch (state) {
    case engine::EngineState::starting:
      return WorkerState::starting;
    case engine::EngineState::running:
      return WorkerState::running;
    case engine::EngineState::stopping:
      return WorkerState::stopping;
    case engine::EngineState::stopped:
      break;
  }
  return WorkerState::stopped;
}

}  // namespace

/// Owns what outlives the engine; the engine itself, and all that lives on the strand with it, is a Life.
class Worker::Impl {
 public:
  /// Checks what is given, all at once.
  template <class Factory>
  static std::unique_ptr<Impl> make(WorkerConfig config, Factory factory, std::shared_ptr<Threads> threads);
  static std::unique_ptr<Impl> make(WorkerConfig config, worker::MakeProcessors processors, worker::ConfigUse use,
                                    std::shared_ptr<Threads> threads);

  Impl(WorkerConfig config, std::optional<worker::AwsNeeds> aws, worker::MakeProcessors processors,
       std::shared_ptr<Threads> threads);
  ~Impl();

  void start();
  ShutdownReport run();
  ShutdownReport shutdown(std::chrono::milliseconds deadline);
  WorkerStatus status();
  const std::string& id() const noexcept { return config_.worker_id; }

 private:
  struct Life;
  enum class Phase : std::uint8_t { created, started, ended };

  // On the strand.
  void begin();
  void request_shutdown(BootTime deadline);
  void end(ShutdownReport report);
  WorkerStatus current_status() const;
  void update_gauges();
  void set_gauges(const engine::EngineStatus& status);

  /// Null without an address to listen at. Throws ConfigError.
  std::unique_ptr<worker::Monitor> make_monitor();
  base::EventLog event_log();
  void announce(ShutdownReport report);
  ShutdownReport wait_until_ended();
  ShutdownReport wait_for_signals(worker::SignalWatch& watch);
  void set_watch(worker::SignalWatch* watch);

  const WorkerConfig config_;
  const std::optional<worker::AwsNeeds> aws_;
  worker::MakeProcessors make_processors_;
  std::shared_ptr<Threads> threads_;
  worker::InFlight in_flight_;
  metrics::Registry registry_;
  worker::AsyncLog log_;
  std::shared_ptr<StrandLink<Impl>> link_;

  // On the strand.
  std::unique_ptr<Life> life_;
  WorkerStatus last_status_;

  std::unique_ptr<worker::Monitor> monitor_;
  /// Null when CloudWatch is told nothing.
  std::unique_ptr<sinks::CloudWatchSender> cloudwatch_;

  std::mutex mutex_;
  std::condition_variable ended_;
  Phase phase_ = Phase::created;
  ShutdownReport report_;
  /// To be woken at the end.
  worker::SignalWatch* watch_ = nullptr;
};

struct Worker::Impl::Life {
  explicit Life(Impl& impl);

  base::Task<void> live();
  ports::Kinesis& kinesis_port();
  ports::ItemStore& store_port();

  Impl& impl;
  base::Random random = base::Random::from_os();
  base::EventLog log;
  /// Null where everything was plugged in.
  std::unique_ptr<worker::AwsPorts> aws;
  std::optional<worker::BlockingKinesis> plugged_kinesis;
  std::optional<worker::BlockingItemStore> plugged_store;
  worker::MeteredKinesis kinesis;
  worker::MeteredItemStore store;
  std::unique_ptr<worker::HostedProcessors> processors;
  worker::Decoding decoding;
  engine::Engine engine;
  worker::MetricsPublisher publisher;
  bool ending = false;
  base::TaskScope tasks;
};

Worker::Impl::Life::Life(Impl& owner)
    : impl(owner),
      log(owner.event_log()),
      aws(owner.aws_ ? std::make_unique<worker::AwsPorts>(*owner.threads_, random, *owner.aws_, log) : nullptr),
      kinesis(kinesis_port(), owner.registry_),
      store(store_port(), owner.registry_),
      processors(owner.make_processors_(
          worker::ProcessorHost{.threads = *owner.threads_,
                                .in_flight = owner.in_flight_,
                                .registry = owner.registry_,
                                .application = owner.config_.application,
                                .worker_id = owner.id(),
                                .stop_worker =
                                    [link = owner.link_] {
                                      link->post([](Impl& self) {
                                        self.request_shutdown(self.threads_->loop.now() + self.config_.shutdown_time);
                                      });
                                    },
                                .checkpoint_automatically = owner.config_.checkpointing == Checkpointing::automatic,
                                .failover = owner.config_.failover_time,
                                .dead_letters = owner.config_.dead_letters,
                                .on_failure =
                                    [this](const std::string& task, const std::exception_ptr& failure) {
                                      log.error("task_failed", {{"task", task}, {"error", base::what_of(failure)}});
                                    }},
          log)),
      decoding(*owner.threads_),
      engine(engine::EnginePorts{.loop = owner.threads_->loop,
                                 .random = random,
                                 .kinesis = kinesis,
                                 .store = store,
                                 .processors = *processors,
                                 .budget = owner.threads_->budget,
                                 .decoding = decoding,
                                 .metrics = owner.registry_,
                                 .log = log,
                                 .java_state = aws ? aws->java_state() : nullptr,
                                 .on_stopping = [this] { processors->request_stop(); }},
             worker::engine_options(owner.config_)),
      publisher(
          *owner.threads_, owner.in_flight_, owner.registry_, owner.config_.metrics, owner.config_.metrics_interval,
          [this] { impl.update_gauges(); }, owner.cloudwatch_.get()),
      tasks(owner.threads_->loop, [this](const std::string&, const std::exception_ptr& failure) {
        ShutdownReport report;
        report.failure = "a defect of kclpp: " + base::what_of(failure);
        log.error("worker_failed", {{"error", report.failure}});
        impl.end(std::move(report));
      }) {
  tasks.spawn("worker", live());
}

base::EventLog Worker::Impl::event_log() {
  const base::EventLog plain(threads_->loop, [this](LogEvent event) { log_.write(std::move(event)); });
  if (!config_.streams.empty()) return plain.with({{"worker", id()}});
  return plain.with({{"worker", id()}, {"stream", config_.stream}});
}

/// What was plugged in, or kclpp's own.
ports::Kinesis& Worker::Impl::Life::kinesis_port() {
  if (impl.config_.kinesis) return plugged_kinesis.emplace(*impl.threads_, impl.config_.kinesis);
  return *aws->kinesis();
}

ports::ItemStore& Worker::Impl::Life::store_port() {
  if (impl.config_.lease_store) return plugged_store.emplace(*impl.threads_, impl.config_.lease_store);
  return *aws->lease_store();
}

base::Task<void> Worker::Impl::Life::live() {
  engine::EngineResult result = co_await engine.run();
  ShutdownReport report;
  report.failure = std::move(result.failure);
  report.unfinished = std::move(result.unfinished);
  impl.end(std::move(report));
}

/// Of a worker that has ended: it holds nothing.
void Worker::Impl::update_gauges() { set_gauges(life_ ? life_->engine.status() : engine::EngineStatus{}); }

void Worker::Impl::set_gauges(const engine::EngineStatus& status) {
  const auto set = [&](std::string_view name, std::string_view help, double value, metrics::Labels labels = {}) {
    registry_.gauge(name, help, std::move(labels))->set(value);
  };
  set("kclpp_leases_held", "Shards that this worker holds.", static_cast<double>(status.shards.size()));
  set("kclpp_application_workers", "Workers of the application that seem alive.", static_cast<double>(status.workers));
  set("kclpp_application_leases", "Open leases of the application.", static_cast<double>(status.leases));
  set("kclpp_buffered_bytes", "Bytes of records in the memory budget, over all workers of the runtime.",
      static_cast<double>(threads_->budget->used()));
  std::size_t kept = 0;
  for (const auto& [shard, bytes] : threads_->budget->kept()) kept += bytes;
  set("kclpp_kept_bytes", "Bytes of the memory budget in batches that the program keeps after it was done with them.",
      static_cast<double>(kept));
  std::size_t stalled = 0;
  std::chrono::duration<double> oldest{};
  for (const ShardStatus& shard : status.shards) {
    if (!shard.stalled) continue;
    ++stalled;
    oldest = std::max<std::chrono::duration<double>>(oldest, *shard.stalled);
  }
  set("kclpp_shards_stalled", "Shards that do not move although there is something to do.",
      static_cast<double>(stalled));
  set("kclpp_oldest_stall_seconds", "For how long the longest stalled of them has not moved.", oldest.count());
  for (const ShardStatus& shard : status.shards) {
    if (!shard.behind) continue;
    set("kclpp_shard_behind_seconds", "How far the shard's reader is behind its tip.",
        std::chrono::duration<double>(*shard.behind).count(), consumer::shard_labels(shard.stream, shard.lease_key));
  }
}

template <class Factory>
std::unique_ptr<Worker::Impl> Worker::Impl::make(WorkerConfig config, Factory factory,
                                                 std::shared_ptr<Threads> threads) {
  worker::ConfigUse use;
  use.has_runtime = threads != nullptr;
  use.can_checkpoint = std::is_same_v<Factory, RecordProcessorFactory>;
  worker::MakeProcessors make;
  if (factory) {
    make = [program = worker::program_factory(std::move(factory))](worker::ProcessorHost host, const base::EventLog&) {
      return std::make_unique<worker::UserProcessors>(std::move(host), program);
    };
  }
  return Impl::make(std::move(config), std::move(make), use, std::move(threads));
}

std::unique_ptr<Worker::Impl> Worker::Impl::make(WorkerConfig config, worker::MakeProcessors processors,
                                                 worker::ConfigUse use, std::shared_ptr<Threads> threads) {
  auto problems = worker::problems_of(config, use);
  if (!processors) problems.emplace_back("factory: empty; give a function that makes a processor");
  auto aws = worker::find_aws(config, aws::Environment::of_process());
  if (!aws) problems.insert(problems.end(), aws.error().begin(), aws.error().end());
  if (!problems.empty()) throw ConfigError(std::move(problems));
  return std::make_unique<Impl>(worker::completed(std::move(config)), *std::move(aws), std::move(processors),
                                std::move(threads));
}

Worker::Impl::Impl(WorkerConfig config, std::optional<worker::AwsNeeds> aws, worker::MakeProcessors processors,
                   std::shared_ptr<Threads> threads)
    : config_(std::move(config)),
      aws_(std::move(aws)),
      make_processors_(std::move(processors)),
      threads_(threads ? std::move(threads)
                       : std::make_shared<Threads>(Runtime::Options{.buffer_bytes = config_.buffer_bytes})),
      registry_(worker::instrument_labels(config_)),
      log_(threads_->loop, config_.log, registry_),
      link_(std::make_shared<StrandLink<Impl>>(threads_->loop, *this)) {
  last_status_.worker_id = config_.worker_id;
  monitor_ = make_monitor();
  if (!config_.cloudwatch) return;
  const worker::AwsService& service = *aws_->cloudwatch;
  cloudwatch_ = std::make_unique<sinks::CloudWatchSender>(service.access, service.endpoint, *config_.cloudwatch,
                                                          sinks::CloudWatchSender::Meters(registry_), event_log());
}

std::unique_ptr<worker::Monitor> Worker::Impl::make_monitor() {
  if (config_.listen.empty()) return nullptr;
  const auto ask = [link = link_](std::function<void(worker::Monitor::Seen)> tell) {
    link->post([tell = std::move(tell)](Impl& self) {
      self.update_gauges();
      tell({.status = self.current_status(), .metrics = self.registry_.readings(self.threads_->loop.wall())});
    });
  };
  try {
    return std::make_unique<worker::Monitor>(
        *server::parse_listen_address(config_.listen),
        worker::Identity{.application = config_.application, .stream = worker::streams_text(config_)},
        config_.prometheus, ask);
  } catch (const std::exception& failure) {
    throw ConfigError({"listen: " + config_.listen + ": " + failure.what() + "; name another port (0: any)"});
  }
}

Worker::Impl::~Impl() {
  shutdown(config_.shutdown_time);
  monitor_.reset();
  threads_->loop.run_and_wait([this] {
    link_->close();
    life_.reset();
  });
  cloudwatch_.reset();
  in_flight_.wait_until_none();
}

void Worker::Impl::start() {
  {
    const std::lock_guard lock(mutex_);
    if (phase_ == Phase::ended) return;
    if (phase_ == Phase::started)
      throw std::logic_error("kcl::Worker: start() and run() start a worker, which starts once");
    phase_ = Phase::started;
  }
  link_->post([](Impl& self) { self.begin(); });
}

void Worker::Impl::begin() {
  ShutdownReport report;
  if (monitor_) event_log().info("listening", {{"url", monitor_->url()}});
  try {
    life_ = std::make_unique<Life>(*this);
    return;
  } catch (const std::exception& e) {
    report.failure = std::string("cannot start: ") + e.what();
  }
  event_log().error("worker_failed", {{"error", report.failure}});
  last_status_.state = WorkerState::stopped;
  last_status_.message = report.failure;
  announce(std::move(report));
}

ShutdownReport Worker::Impl::run() {
  if (!config_.handle_signals) {
    start();
    return wait_until_ended();
  }
  worker::SignalWatch watch;
  start();
  set_watch(&watch);
  ShutdownReport report = wait_for_signals(watch);
  set_watch(nullptr);
  return report;
}

void Worker::Impl::set_watch(worker::SignalWatch* watch) {
  const std::lock_guard lock(mutex_);
  watch_ = watch;
}

/// The first signal shuts down, the second one means at once.
ShutdownReport Worker::Impl::wait_for_signals(worker::SignalWatch& watch) {
  int seen = 0;
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (phase_ == Phase::ended) return report_;
    }
    if (watch.count() > 1) {
      ShutdownReport report;
      report.failure = "a second signal came before the shutdown had ended";
      for (const ShardStatus& shard : status().shards) report.unfinished.push_back(shard.shard_id);
      // What is left for the destructor is to wait for callbacks.
      link_->post([why = report.failure](Impl& self) {
        self.event_log().error("worker_failed", {{"error", why}});
        self.request_shutdown(self.threads_->loop.now());
      });
      return report;
    }
    if (watch.count() > seen) {
      seen = watch.count();
      link_->post([](Impl& self) { self.request_shutdown(self.threads_->loop.now() + self.config_.shutdown_time); });
    }
    watch.wait();
  }
}

ShutdownReport Worker::Impl::shutdown(std::chrono::milliseconds deadline) {
  {
    const std::lock_guard lock(mutex_);
    if (phase_ == Phase::created) {
      phase_ = Phase::ended;
      link_->post([](Impl& self) { self.last_status_.state = WorkerState::stopped; });
    }
    if (phase_ == Phase::ended) return report_;
  }
  const auto patience = std::clamp(deadline, std::chrono::milliseconds(0), kLongestShutdown);
  link_->post([by = threads_->loop.now() + patience](Impl& self) { self.request_shutdown(by); });
  return wait_until_ended();
}

ShutdownReport Worker::Impl::wait_until_ended() {
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [this] { return phase_ == Phase::ended; });
  return report_;
}

void Worker::Impl::request_shutdown(BootTime deadline) {
  if (life_ && !life_->ending) life_->engine.request_shutdown(deadline);
}

/// The engine goes before anyone hears of the end, so that by then its leases are no longer renewed and the callbacks
/// that still run are cancelled. It goes in a turn of its own: its own frame may be the caller.
void Worker::Impl::end(ShutdownReport report) {
  if (std::exchange(life_->ending, true)) return;
  if (!report.unfinished.empty())
    life_->log.warning("shutdown_unfinished", {{"shards", base::joined(report.unfinished)}});
  life_->publisher.publish();
  link_->post([report = std::move(report)](Impl& self) {
    self.last_status_ = self.current_status();
    self.last_status_.state = WorkerState::stopped;
    if (!report.failure.empty()) self.last_status_.message = report.failure;
    // What was not finished is in the report; nobody renews it any more.
    self.last_status_.shards.clear();
    self.life_.reset();
    self.update_gauges();
    self.announce(report);
  });
}

void Worker::Impl::announce(ShutdownReport report) {
  const std::lock_guard lock(mutex_);
  phase_ = Phase::ended;
  report_ = std::move(report);
  ended_.notify_all();
  if (watch_ != nullptr) watch_->wake();
}

WorkerStatus Worker::Impl::current_status() const {
  if (!life_) return last_status_;
  engine::EngineStatus status = life_->engine.status();
  WorkerStatus current;
  current.state = state_of(status.state);
  current.worker_id = config_.worker_id;
  current.message = std::move(status.message);
  current.shards = std::move(status.shards);
  current.workers = status.workers;
  current.leases = status.leases;
  return current;
}

WorkerStatus Worker::Impl::status() {
  WorkerStatus status;
  threads_->loop.run_and_wait([&] { status = current_status(); });
  return status;
}

Worker::Worker(WorkerConfig config, RecordProcessorFactory factory)
    : impl_(Impl::make(std::move(config), std::move(factory), nullptr)) {}
Worker::Worker(WorkerConfig config, AckProcessorFactory factory)
    : impl_(Impl::make(std::move(config), std::move(factory), nullptr)) {}
Worker::Worker(WorkerConfig config, RecordProcessorFactory factory, Runtime& runtime)
    : impl_(Impl::make(std::move(config), std::move(factory), runtime.impl_)) {}
Worker::Worker(WorkerConfig config, AckProcessorFactory factory, Runtime& runtime)
    : impl_(Impl::make(std::move(config), std::move(factory), runtime.impl_)) {}
Worker::Worker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Worker::~Worker() = default;

void Worker::start() { impl_->start(); }
ShutdownReport Worker::run() { return impl_->run(); }
ShutdownReport Worker::shutdown(std::chrono::milliseconds deadline) { return impl_->shutdown(deadline); }
WorkerStatus Worker::status() const { return impl_->status(); }
const std::string& Worker::id() const noexcept { return impl_->id(); }

namespace worker {

/// What may make a worker that the public constructors cannot.
struct WorkerMaker {
  static std::unique_ptr<Worker> make(WorkerConfig config, MakeProcessors processors, ConfigUse use) {
    auto impl = Worker::Impl::make(std::move(config), std::move(processors), use, nullptr);
    return std::unique_ptr<Worker>(new Worker(std::move(impl)));
  }
};

std::unique_ptr<Worker> make_worker(WorkerConfig config, MakeProcessors processors, ConfigUse use) {
  return WorkerMaker::make(std::move(config), std::move(processors), use);
}

}  // namespace worker

}  // namespace kcl
