// A lease store of the program's own: here one that keeps a journal of every change, and leaves the rows to another. A
// table in PostgreSQL, etcd or Redis has the same six calls to answer. kcl/item_store.h says what each promises, and
// the conformance suite finds out whether it is kept.
#include <kcl/kcl.h>
#include <kcl/testing/embedded_stream.h>
#include <kcl/testing/item_store_conformance.h>

#include <atomic>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace {

/// Called by several threads at once.
class JournaledStore final : public kcl::ItemStore {
 public:
  explicit JournaledStore(std::shared_ptr<kcl::ItemStore> rows) : rows_(std::move(rows)) {}

  kcl::StoreResult<void> ensure(kcl::CreateTable create, const kcl::Call& call) override {
    return rows_->ensure(create, call);
  }
  kcl::StoreResult<kcl::ReadItem> get(const std::string& key, bool consistent, const kcl::Call& call) override {
    return rows_->get(key, consistent, call);
  }
  kcl::StoreResult<kcl::ScanPage> scan(const kcl::ScanRequest& request, const kcl::Call& call) override {
    return rows_->scan(request, call);
  }

  kcl::WriteOutcome create(const kcl::Item& row, const kcl::Call& call) override {
    const auto key = row.find("leaseKey");
    const auto* name = key == row.end() ? nullptr : key->second.get_if<std::string>();
    return noted("create", name == nullptr ? "?" : *name, rows_->create(row, call));
  }
  kcl::WriteOutcome update(const kcl::ItemUpdate& update, const kcl::Call& call) override {
    return noted("update", update.key, rows_->update(update, call));
  }
  kcl::WriteOutcome remove(const std::string& key, const std::vector<kcl::Condition>& conditions,
                           const kcl::Call& call) override {
    return noted("remove", key, rows_->remove(key, conditions, call));
  }

  std::vector<std::string> journal() const {
    const std::lock_guard lock(mutex_);
    return journal_;
  }

 private:
  /// `unknown` belongs there, too: such a write may have been applied.
  kcl::WriteOutcome noted(const std::string& what, const std::string& key, kcl::WriteOutcome outcome) {
    using Kind = kcl::WriteOutcome::Kind;
    if (outcome.kind != Kind::applied && outcome.kind != Kind::unknown) return outcome;
    const std::lock_guard lock(mutex_);
    journal_.push_back(what + ' ' + key);
    return outcome;
  }

  std::shared_ptr<kcl::ItemStore> rows_;
  mutable std::mutex mutex_;
  std::vector<std::string> journal_;
};

bool keeps_its_promises() {
  JournaledStore store(kcl::make_memory_item_store());
  bool all = true;
  for (const auto& promise : kcl::testing::item_store_conformance()) {
    const std::string failure = promise.run(store);
    if (!failure.empty()) std::cout << promise.name << ": " << failure << '\n';
    all = all && failure.empty();
  }
  return all;
}

}  // namespace

int main() {
  if (!keeps_its_promises()) return 1;
  std::cout << "every promise is kept\n";

  kcl::testing::EmbeddedStream orders({.name = "orders"});
  for (int i = 0; i < 100; ++i) orders.put("customer-" + std::to_string(i), "a pear").value();

  const auto store = std::make_shared<JournaledStore>(kcl::make_memory_item_store());
  kcl::WorkerConfig config{.application = "billing", .stream = "orders"};
  config.initial_position = kcl::InitialPosition::trim_horizon();
  config.kinesis = orders.kinesis();
  config.lease_store = store;
  config.stop_when_caught_up = true;

  std::atomic<int> billed{0};
  const int code = kcl::consume(config, [&](const kcl::Record&) { ++billed; });
  std::cout << "billed " << billed << " orders\n" << store->journal().front() << '\n';
  return code;
}
