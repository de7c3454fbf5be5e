#include <kcl/item_stores.h>
#include <mutex>
#include <utility>

#include "base/wall_clock.h"
#include "memory_store/memory_table.h"

namespace kcl {
namespace {

class MemoryItemStore final : public ItemStore {
 public:
  explicit MemoryItemStore(std::string key_attribute) : table_(std::move(key_attribute)) {}

  StoreResult<void> ensure(CreateTable, const Call&) override { return {}; }

  StoreResult<ReadItem> get(const std::string& key, bool, const Call&) override {
    const std::lock_guard lock(mutex_);
    return ReadItem{table_.get(key), base::wall_now()};
  }
  WriteOutcome create(const Item& row, const Call&) override {
    const std::lock_guard lock(mutex_);
    return stamped(table_.create(row));
  }
  WriteOutcome update(const ItemUpdate& update, const Call&) override {
    const std::lock_guard lock(mutex_);
    return stamped(table_.update(update));
  }
  WriteOutcome remove(const std::string& key, const std::vector<Condition>& conditions, const Call&) override {
    const std::lock_guard lock(mutex_);
    return stamped(table_.remove(key, conditions));
  }
  StoreResult<ScanPage> scan(const ScanRequest& request, const Call&) override {
    const std::lock_guard lock(mutex_);
    auto page = table_.scan(request);
    if (page) page->server_time = base::wall_now();
    return page;
  }

 private:
  static WriteOutcome stamped(WriteOutcome outcome) {
    outcome.server_time = base::wall_now();
    return outcome;
  }

  std::mutex mutex_;
  memory_store::MemoryTable table_;
};

}  // namespace

std::shared_ptr<ItemStore> make_memory_item_store(std::string key_attribute) {
  return std::make_shared<MemoryItemStore>(std::move(key_attribute));
}

}  // namespace kcl
