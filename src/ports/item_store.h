// The awaitable lease store seam used inside; kcl/item_store.h is what users plug in, and its contract holds here.
// Every call answers by about its deadline (a write then with `unknown`), and never inline: it always suspends.
#pragma once

#include <string>
#include <vector>

#include <kcl/item_store.h>

#include "base/task.h"
#include "ports/answer.h"

namespace kcl::ports {

class ItemStore {
 public:
  ItemStore() = default;
  ItemStore(const ItemStore&) = delete;
  ItemStore& operator=(const ItemStore&) = delete;
  virtual ~ItemStore() = default;

  template <class T>
  using Reply = base::Task<Answer<StoreResult<T>>>;
  using WriteReply = base::Task<Answer<WriteOutcome>>;

  virtual Reply<void> ensure(CreateTable create, base::BootTime deadline) = 0;
  virtual Reply<ReadItem> get(std::string key, bool consistent, base::BootTime deadline) = 0;
  virtual WriteReply create(Item row, base::BootTime deadline) = 0;
  virtual WriteReply update(ItemUpdate update, base::BootTime deadline) = 0;
  virtual WriteReply remove(std::string key, std::vector<Condition> conditions, base::BootTime deadline) = 0;
  virtual Reply<ScanPage> scan(ScanRequest request, base::BootTime deadline) = 0;
};

}  // namespace kcl::ports
