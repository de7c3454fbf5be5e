#include "demo/member.h"

#include <stdexcept>

namespace kclpp::demo {

bool Switch::pass() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return state_ != State::stalled; });
  return state_ == State::on;
}

void Switch::set(State state) {
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::killed) return;
    state_ = state;
  }
  changed_.notify_all();
}

void Switch::stall() { set(State::stalled); }
void Switch::resume() { set(State::on); }
void Switch::kill() { set(State::killed); }

bool Switch::stalled() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::stalled;
}

namespace {

class SwitchedKinesis final : public kcl::Kinesis {
 public:
  SwitchedKinesis(std::shared_ptr<kcl::Kinesis> kinesis, std::shared_ptr<Switch> breaker)
      : kinesis_(std::move(kinesis)), switch_(std::move(breaker)) {}

  kcl::KinesisResult<kcl::StreamDescription> describe_stream(const std::string& stream,
                                                             const kcl::Call& call) override {
    if (!switch_->pass()) return cut();
    return kinesis_->describe_stream(stream, call);
  }
  kcl::KinesisResult<kcl::ShardPage> list_shards(const kcl::ListShards& request, const kcl::Call& call) override {
    if (!switch_->pass()) return cut();
    return kinesis_->list_shards(request, call);
  }
  kcl::KinesisResult<kcl::ShardIterator> get_shard_iterator(const kcl::GetShardIterator& request,
                                                            const kcl::Call& call) override {
    if (!switch_->pass()) return cut();
    return kinesis_->get_shard_iterator(request, call);
  }
  kcl::KinesisResult<kcl::RecordsPage> get_records(const kcl::GetRecords& request, const kcl::Call& call) override {
    if (!switch_->pass()) return cut();
    return kinesis_->get_records(request, call);
  }

 private:
  static kcl::Failure<kcl::KinesisError> cut() {
    return kcl::Failure{
        kcl::KinesisError{.kind = kcl::KinesisError::Kind::unavailable, .message = "killed", .server_time = {}}};
  }
  std::shared_ptr<kcl::Kinesis> kinesis_;
  std::shared_ptr<Switch> switch_;
};

/// Also tells the ledger what the store acknowledged.
class SwitchedStore final : public kcl::ItemStore {
 public:
  SwitchedStore(std::shared_ptr<kcl::ItemStore> store, std::shared_ptr<Switch> breaker, Ledger& ledger)
      : store_(std::move(store)), switch_(std::move(breaker)), ledger_(ledger) {}

  kcl::StoreResult<void> ensure(kcl::CreateTable create, const kcl::Call& call) override {
    if (!switch_->pass()) return cut();
    return store_->ensure(create, call);
  }
  kcl::StoreResult<kcl::ReadItem> get(const std::string& key, bool consistent, const kcl::Call& call) override {
    if (!switch_->pass()) return cut();
    return store_->get(key, consistent, call);
  }
  kcl::StoreResult<kcl::ScanPage> scan(const kcl::ScanRequest& request, const kcl::Call& call) override {
    if (!switch_->pass()) return cut();
    return store_->scan(request, call);
  }
  kcl::WriteOutcome create(const kcl::Item& row, const kcl::Call& call) override {
    if (!switch_->pass()) return lost();
    return store_->create(row, call);
  }
  kcl::WriteOutcome remove(const std::string& key, const std::vector<kcl::Condition>& conditions,
                           const kcl::Call& call) override {
    if (!switch_->pass()) return lost();
    return store_->remove(key, conditions, call);
  }
  kcl::WriteOutcome update(const kcl::ItemUpdate& update, const kcl::Call& call) override {
    if (!switch_->pass()) return lost();
    kcl::WriteOutcome outcome = store_->update(update, call);
    if (outcome.kind == kcl::WriteOutcome::Kind::applied) note_checkpoint(update);
    return outcome;
  }

 private:
  void note_checkpoint(const kcl::ItemUpdate& update) {
    for (const kcl::Action& action : update.actions) {
      if (action.attribute != "checkpoint") continue;
      const auto* text = action.value.get_if<std::string>();
      if (text == nullptr) continue;
      if (const auto position = kcl::Position::parse(*text)) ledger_.checkpoint_stored(update.key, *position);
    }
  }
  static kcl::Failure<kcl::StoreError> cut() {
    return kcl::Failure{kcl::StoreError{.kind = kcl::StoreError::Kind::unavailable, .message = "killed"}};
  }
  static kcl::WriteOutcome lost() {
    return {.kind = kcl::WriteOutcome::Kind::not_applied, .row = {}, .message = "killed", .server_time = {}};
  }
  std::shared_ptr<kcl::ItemStore> store_;
  std::shared_ptr<Switch> switch_;
  Ledger& ledger_;
};

class DemoProcessor final : public kcl::RecordProcessor {
 public:
  DemoProcessor(std::shared_ptr<Switch> breaker, Ledger& ledger) : switch_(std::move(breaker)), ledger_(ledger) {}

  void initialize(const kcl::ShardContext& context) override {
    if (!switch_->pass()) throw std::runtime_error("killed");
    epoch_ = context.epoch();
    ledger_.epoch_began(context.shard_id(), epoch_, context.checkpoint());
  }
  void process_records(const kcl::RecordBatch& batch, kcl::Checkpointer&) override {
    if (!switch_->pass()) throw std::runtime_error("killed");
    ledger_.delivered(epoch_, batch);
  }
  // Automatic checkpoints: kclpp makes them.
  void shard_ended(kcl::Checkpointer&) override {}
  void shutdown_requested(kcl::Checkpointer&) override {}

 private:
  std::shared_ptr<Switch> switch_;
  Ledger& ledger_;
  std::uint64_t epoch_ = 0;
};

kcl::WorkerConfig config_of(const MemberOptions& options, const std::shared_ptr<Switch>& breaker, Ledger& ledger) {
  kcl::WorkerConfig config;
  config.application = "demo";
  config.stream = options.stream;
  config.worker_id = options.id;
  config.initial_position = kcl::InitialPosition::trim_horizon();
  config.checkpoint_interval = std::chrono::seconds(1);
  config.failover_time = options.failover;
  config.shard_sync_interval = std::chrono::seconds(5);
  config.idle_read_interval = std::chrono::milliseconds(250);
  config.handle_signals = false;
  config.kinesis = std::make_shared<SwitchedKinesis>(options.kinesis, breaker);
  config.lease_store = std::make_shared<SwitchedStore>(options.store, breaker, ledger);
  config.log = options.log;
  return config;
}

}  // namespace

Member::Member(const MemberOptions& options, kcl::Runtime& runtime, Ledger& ledger)
    : id_(options.id), switch_(std::make_shared<Switch>()) {
  kcl::RecordProcessorFactory factory = [breaker = switch_, &ledger] {
    return std::make_unique<DemoProcessor>(breaker, ledger);
  };
  worker_ = std::make_unique<kcl::Worker>(config_of(options, switch_, ledger), std::move(factory), runtime);
  worker_->start();
}

void Member::kill() {
  switch_->kill();
  worker_->shutdown(std::chrono::milliseconds(0));
}

kcl::ShutdownReport Member::shut_down(std::chrono::milliseconds deadline) {
  switch_->resume();
  return worker_->shutdown(deadline);
}

}  // namespace kclpp::demo
