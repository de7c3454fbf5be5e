#include "worker/blocking_item_store.h"

#include <type_traits>
#include <utility>

#include "worker/blocking_call.h"

namespace kcl::worker {

BlockingItemStore::BlockingItemStore(Threads& threads, std::shared_ptr<kcl::ItemStore> store)
    : threads_(threads), store_(std::move(store)) {}

template <class T>
BlockingItemStore::Reply<T> BlockingItemStore::read(std::function<StoreResult<T>(const Call&)> operation,
                                                    base::BootTime deadline) {
  auto called = co_await call_blocking<StoreResult<T>>(threads_, threads_.store_calls, std::move(operation), deadline);
  if (!called.value) {
    StoreError error;
    error.kind = StoreError::Kind::unavailable;
    error.message = "the lease store: " + called.message;
    called.value.emplace(Failure{std::move(error)});
  }
  auto& result = *called.value;
  if constexpr (!std::is_void_v<T>) {
    if (result) called.timing.server_time = result->server_time;
  }
  co_return ports::Answer<StoreResult<T>>{std::move(result), called.timing};
}

BlockingItemStore::WriteReply BlockingItemStore::write(std::function<WriteOutcome(const Call&)> operation,
                                                       base::BootTime deadline) {
  using Kind = Called<WriteOutcome>::Kind;
  auto called = co_await call_blocking<WriteOutcome>(threads_, threads_.store_calls, std::move(operation), deadline);
  if (!called.value) {
    WriteOutcome outcome;
    outcome.kind = called.kind == Kind::not_begun ? WriteOutcome::Kind::not_applied : WriteOutcome::Kind::unknown;
    outcome.message = "the lease store: " + called.message;
    called.value.emplace(std::move(outcome));
  }
  WriteOutcome& outcome = *called.value;
  called.timing.server_time = outcome.server_time;
  co_return ports::Answer<WriteOutcome>{std::move(outcome), called.timing};
}

BlockingItemStore::Reply<void> BlockingItemStore::ensure(CreateTable create, base::BootTime deadline) {
  auto operation = [store = store_, create](const Call& limits) { return store->ensure(create, limits); };
  return read<void>(std::move(operation), deadline);
}

BlockingItemStore::Reply<ReadItem> BlockingItemStore::get(std::string key, bool consistent, base::BootTime deadline) {
  auto operation = [store = store_, key = std::move(key), consistent](const Call& limits) {
    return store->get(key, consistent, limits);
  };
  return read<ReadItem>(std::move(operation), deadline);
}

BlockingItemStore::WriteReply BlockingItemStore::create(Item row, base::BootTime deadline) {
  auto operation = [store = store_, row = std::move(row)](const Call& limits) { return store->create(row, limits); };
  return write(std::move(operation), deadline);
}

BlockingItemStore::WriteReply BlockingItemStore::update(ItemUpdate update, base::BootTime deadline) {
  auto operation = [store = store_, update = std::move(update)](const Call& limits) {
    return store->update(update, limits);
  };
  return write(std::move(operation), deadline);
}

BlockingItemStore::WriteReply BlockingItemStore::remove(std::string key, std::vector<Condition> conditions,
                                                        base::BootTime deadline) {
  auto operation = [store = store_, key = std::move(key), conditions = std::move(conditions)](const Call& limits) {
    return store->remove(key, conditions, limits);
  };
  return write(std::move(operation), deadline);
}

BlockingItemStore::Reply<ScanPage> BlockingItemStore::scan(ScanRequest request, base::BootTime deadline) {
  auto operation = [store = store_, request = std::move(request)](const Call& limits) {
    return store->scan(request, limits);
  };
  return read<ScanPage>(std::move(operation), deadline);
}

}  // namespace kcl::worker
