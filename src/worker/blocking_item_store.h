// The plugged-in lease store behind its port. See blocking_call.h. Lives on the strand.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ports/item_store.h"
#include "worker/runtime.h"

namespace kcl::worker {

class BlockingItemStore final : public ports::ItemStore {
 public:
  BlockingItemStore(Threads& threads, std::shared_ptr<kcl::ItemStore> store);

  Reply<void> ensure(CreateTable create, base::BootTime deadline) override;
  Reply<ReadItem> get(std::string key, bool consistent, base::BootTime deadline) override;
  WriteReply create(Item row, base::BootTime deadline) override;
  WriteReply update(ItemUpdate update, base::BootTime deadline) override;
  WriteReply remove(std::string key, std::vector<Condition> conditions, base::BootTime deadline) override;
  Reply<ScanPage> scan(ScanRequest request, base::BootTime deadline) override;

 private:
  template <class T>
  Reply<T> read(std::function<StoreResult<T>(const Call&)> operation, base::BootTime deadline);
  WriteReply write(std::function<WriteOutcome(const Call&)> operation, base::BootTime deadline);

  Threads& threads_;
  std::shared_ptr<kcl::ItemStore> store_;
};

}  // namespace kcl::worker
