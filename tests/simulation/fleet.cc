#include "simulation/fleet.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "kpl/aggregate_writer.h"
#include "leases/lease_key.h"
#include "leases/row_format.h"

namespace kcl::simulation {

namespace {

constexpr std::string_view kStream = "simulated";

/// The `index`th of several, which have different numbers of shards.
embedded::Stream::Options stream_options(const World& world, const FleetOptions& options, std::size_t index) {
  embedded::Stream::Options stream;
  stream.name = kStream;
  stream.shards = options.shards;
  if (options.streams > 1) {
    stream.name += '-' + std::to_string(index);
    stream.shards = options.shards / options.streams + (index < options.shards % options.streams ? 1 : 0);
    stream.shards = std::max<std::size_t>(1, stream.shards);
  }
  stream.created = world.server_time();
  stream.retention = options.retention;
  stream.page_size = options.shards_on_page;
  stream.empty_answer_at_end = !options.records_at_end;
  stream.limits = embedded::Limits::none();
  return stream;
}

engine::EngineOptions engine_options(const WorkerSpec& worker, const FleetOptions& fleet,
                                     const StreamServices& services) {
  engine::EngineOptions options;
  options.worker_id = worker.id;
  options.failover = worker.failover.value_or(fleet.failover);
  options.lease_format = fleet.format;
  // A fleet that starts in bad weather waits it out.
  options.start_patience = std::chrono::hours(24);
  options.stop_when_done = fleet.stop_when_done;
  options.sync.stream = kStream;
  options.sync.initial = worker.initial.value_or(fleet.initial);
  options.sync.interval = fleet.sync_interval;
  options.sync.keep_ended = fleet.keep_ended;
  options.coordinator.max_leases = fleet.max_leases;
  options.consumer.checkpoint_automatically = worker.style == CheckpointStyle::by_library;
  options.consumer.checkpoint_interval = fleet.checkpoint_interval;
  options.consumer.reader.max_records = kRecordsAtOnce;
  if (worker.fan_out) {
    const std::string& consumer_arn = services.begin()->second->consumer_arn;
    options.consumer.reader.fan_out = consumer::FanOutOptions{.consumer_arn = consumer_arn};
  }
  for (const auto& [name, service] : services) {
    if (fleet.streams == 1) break;
    options.streams.push_back({.stream = name,
                               .initial = options.sync.initial,
                               .initial_timestamp = {},
                               .consumer_arn = worker.fan_out ? service->consumer_arn : ""});
  }
  options.consumer.max_outstanding = worker.outstanding;
  options.consumer.on_error = fleet.on_error;
  return options;
}

std::string line_of(const LogEvent& event) {
  std::string line(name_of(event.level));
  line += ' ' + event.name;
  for (const auto& [key, value] : event.fields) line += ' ' + key + '=' + value.text();
  return line;
}

base::Task<void> run_engine(SimWorker& worker) { worker.result = co_await worker.engine.run(); }

}  // namespace

SimWorker::SimWorker(World& world, WorkerSpec worker, const FleetOptions& options, StreamServices& services,
                     const ShardBirths& births, StoreServer& server, Journal& journal, const Faults& faults)
    : spec(std::move(worker)),
      loop(world, spec.clock),
      random(world.random.next()),
      kinesis(world, loop, services, births, faults.kinesis),
      store(world, loop, server, faults.store, {.kind = Writer::Kind::kclpp, .process = spec.name},
            options.rows_on_page),
      processors(
          world, loop, journal, faults.processor, spec.name, spec.style, spec.outstanding,
          [&services](const ports::ShardEpoch& epoch) { return services.at(epoch.stream)->key(epoch.shard_id); }),
      decoding(world, loop),
      engine(engine::EnginePorts{.loop = loop,
                                 .random = random,
                                 .kinesis = kinesis,
                                 .store = store,
                                 .processors = processors,
                                 .budget = std::make_shared<base::ByteBudget>(64UL << 20),
                                 .decoding = decoding,
                                 .metrics = metrics,
                                 .log = base::EventLog(loop,
                                                       [&world, name = spec.name](const LogEvent& event) {
                                                         if (world.tracing()) world.trace(name, " ", line_of(event));
                                                         if (event.name == "worker_failed")
                                                           world.violation(name + ' ' + line_of(event));
                                                       })},
             engine_options(spec, options, services)),
      scope(loop, [&world, name = spec.name](const std::string& task, std::exception_ptr) {
        world.violation(name + ": task " + task + " threw");
      }) {
  scope.spawn("engine", run_engine(*this));
}

Fleet::Fleet(World& world, FleetOptions options)
    : world_(world),
      options_(options),
      journal_(world, options.format),
      server_(world, std::string(key_attribute_of(options.format)),
              options.rows_by_hash ? ScanOrder::by_hash : ScanOrder::by_key,
              [this](const Writer& by, const std::string& key, const Item* before, const Item* after) {
                journal_.row_changed(by, key, before, after);
              }) {
  journal_.truth().retention = options.retention;
  for (std::size_t i = 0; i < options.streams; ++i) {
    embedded::Stream::Options stream = stream_options(world, options, i);
    const std::string name = stream.name;
    auto service =
        std::make_unique<StreamService>(world, std::move(stream), options.stream_lifetime, options.streams > 1);
    ListShards request;
    request.stream = name;
    do {
      const auto page = service->stream.list_shards(request, world_.server_time());
      for (const Shard& shard : page->shards) open_.push_back(service->key(shard.id));
      request.next_token = page->next_token;
    } while (!request.next_token.empty());
    services_.emplace(name, std::move(service));
  }
}

StreamService& Fleet::any_service() {
  if (services_.size() == 1) return service();
  return *std::next(services_.begin(), static_cast<std::ptrdiff_t>(world_.random.below(services_.size())))->second;
}

StreamService& Fleet::service_of(const std::string& key) {
  const auto its = [&](const auto& named) { return named.second->part == leases::stream_part(key); };
  return *std::ranges::find_if(services_, its)->second;
}

std::vector<ShardStatus> Fleet::shards_of(const SimWorker& worker) const {
  auto shards = worker.engine.status().shards;
  for (ShardStatus& shard : shards) {
    if (!shard.stream.empty()) shard.shard_id = services_.at(shard.stream)->key(shard.shard_id);
  }
  return shards;
}

SimWorker& Fleet::start(WorkerSpec spec) {
  if (spec.id.empty()) spec.id = spec.name;
  const std::string name = spec.name;
  world_.trace(name, " starts as ", spec.id);
  journal_.worker_starts(spec.initial.value_or(options_.initial));
  auto worker =
      std::make_unique<SimWorker>(world_, std::move(spec), options_, services_, births_, server_, journal_, faults_);
  return *(workers_[name] = std::move(worker));
}

SimWorker& Fleet::start_worker(std::string name, WorkerLoop::Clock clock, CheckpointStyle style) {
  return start({.name = std::move(name), .clock = clock, .style = style});
}

void Fleet::start_java_worker(const std::string& name, WorkerLoop::Clock clock) {
  world_.trace(name, " (Java) starts");
  journal_.worker_starts(shards::InitialPosition::trim_horizon);
  const JavaWorker::Environment environment{.world = world_,
                                            .services = services_,
                                            .births = births_,
                                            .server = server_,
                                            .journal = journal_,
                                            .faults = faults_,
                                            .failover = options_.failover,
                                            .rows_on_page = options_.rows_on_page};
  java_workers_[name] = std::make_unique<JavaWorker>(name, clock, environment);
}

void Fleet::start_go_worker(const std::string& name, WorkerLoop::Clock clock, bool steals) {
  world_.trace(name, " (Go) starts");
  journal_.truth().unfenced_neighbours = true;
  const GoWorker::Environment environment{.world = world_,
                                          .services = services_,
                                          .births = births_,
                                          .server = server_,
                                          .journal = journal_,
                                          .faults = faults_,
                                          .failover = options_.failover,
                                          .rows_on_page = options_.rows_on_page,
                                          .sync_interval = options_.sync_interval,
                                          .steals = steals};
  go_workers_[name] = std::make_unique<GoWorker>(name, clock, environment);
}

void Fleet::crash(const std::string& name) {
  world_.trace(name, " crashes");
  workers_.erase(name);
  java_workers_.erase(name);
  go_workers_.erase(name);
}

engine::EngineResult Fleet::shut_down(const std::string& name, base::Duration deadline) {
  world_.trace(name, " is shut down");
  SimWorker& worker = *workers_.at(name);
  worker.engine.request_shutdown(worker.loop.now() + deadline);
  run_until([&] { return worker.result.has_value(); }, 2 * deadline + std::chrono::minutes(1));
  engine::EngineResult result =
      worker.result.value_or(engine::EngineResult{.failure = "did not end", .unfinished = {}});
  workers_.erase(name);
  return result;
}

void Fleet::put(std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) {
    if (world_.chance(options_.aggregates)) {
      put_aggregate();
    } else {
      put_record();
    }
  }
}

void Fleet::put_record() {
  const testing::PutRecord record{.partition_key = next_key(), .data = next_data(), .explicit_hash_key = {}};
  StreamService& service = any_service();
  const auto placed = service.stream.put_record(record, world_.server_time());
  if (placed) journal_.put(service.key(placed->shard_id), placed->sequence_number, world_.server_time());
}

/// Of any keys, as after a reshard that the producer has not noticed: most of them are strays.
void Fleet::put_aggregate() {
  std::vector<kpl::Entry> entries;
  for (std::size_t count = 1 + world_.random.below(8); count > 0; --count) {
    entries.push_back({.partition_key = next_key(), .data = next_data()});
    if (world_.random.below(4) == 0) entries.back().explicit_hash_key = std::to_string(world_.random.below(1000));
  }
  testing::PutRecord record{.partition_key = "a", .data = kpl::aggregate_of(entries), .explicit_hash_key = {}};
  record.partition_key = entries.front().partition_key;
  const bool damaged = world_.chance(options_.damaged_aggregates);
  if (damaged) record.data[4 + world_.random.below(record.data.size() - 4)] ^= 1;
  StreamService& service = any_service();
  const auto placed = service.stream.put_record(record, world_.server_time());
  if (!placed) return;
  journal_.put(service.key(placed->shard_id), placed->sequence_number, world_.server_time(),
               damaged ? 1 : entries.size());
}

void Fleet::produce(base::Duration every, std::size_t most) {
  producing_ = true;
  produce_again(every, most);
}

void Fleet::produce_again(base::Duration every, std::size_t most) {
  if (!producing_) return;
  put(1 + world_.random.below(most));
  world_.after(world_.random.between(every / 2, every), [this, every, most] { produce_again(every, most); });
}

void Fleet::resharded(const std::vector<std::string>& parents, const std::vector<std::string>& children) {
  journal_.resharded(parents, children);
  for (const std::string& parent : parents) std::erase(open_, parent);
  for (const std::string& child : children) {
    births_.emplace(child, world_.now());
    open_.push_back(child);
  }
}

bool Fleet::split_one() {
  const std::string parent = open_[world_.random.below(open_.size())];
  StreamService& service = service_of(parent);
  auto children = service.stream.split_shard(leases::shard_part(parent), std::nullopt, world_.server_time());
  if (!children) return false;
  world_.trace("the stream splits ", parent);
  for (std::string& child : *children) child = service.key(child);
  resharded({parent}, *children);
  return true;
}

bool Fleet::merge_one() {
  const auto open = open_;
  for (const std::string& first : open) {
    StreamService& service = service_of(first);
    for (const std::string& second : open) {
      if (first == second || leases::stream_part(second) != service.part) continue;
      const auto child =
          service.stream.merge_shards(leases::shard_part(first), leases::shard_part(second), world_.server_time());
      if (!child) continue;
      world_.trace("the stream merges ", first, " and ", second);
      resharded({first, second}, {service.key(*child)});
      return true;
    }
  }
  return false;
}

std::optional<leases::Lease> Fleet::lease(const std::string& shard) const {
  const auto row = server_.get(shard);
  if (!row) return std::nullopt;
  auto lease = leases::row_format(options_.format).parse(*row);
  if (!lease) return std::nullopt;
  return *std::move(lease);
}

std::map<std::string, std::size_t> Fleet::loads() {
  std::map<std::string, std::size_t> loads;
  for (const auto& [name, worker] : workers_) loads[worker->spec.id];
  for (const std::string& shard : open_) {
    const auto& row = journal_.truth().shards[shard].row;
    if (row && row->owner) ++loads[*row->owner];
  }
  return loads;
}

bool Fleet::all_owned() {
  auto counts = loads();
  std::size_t total = 0;
  for (const auto& [id, count] : counts) {
    const bool alive = java_workers_.contains(id) || go_workers_.contains(id) ||
                       std::ranges::any_of(workers_, [&](const auto& worker) { return worker.second->spec.id == id; });
    if (alive) total += count;
  }
  return total == open_.size();
}

bool Fleet::balanced() {
  const auto counts = loads();
  std::size_t total = 0;
  std::size_t least = SIZE_MAX;
  std::size_t most = 0;
  for (const auto& [id, count] : counts) {
    const bool alive = std::ranges::any_of(workers_, [&](const auto& worker) { return worker.second->spec.id == id; });
    if (!alive) return false;
    total += count;
    least = std::min(least, count);
    most = std::max(most, count);
  }
  return total == open_.size() && most <= least + 1;
}

}  // namespace kcl::simulation
