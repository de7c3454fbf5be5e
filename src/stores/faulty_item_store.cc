#include <kcl/testing/faulty_item_store.h>

#include <deque>
#include <functional>
#include <mutex>
#include <utility>

#include "base/random.h"

namespace kcl::testing {

struct FaultyItemStore::State {
  /// Has copies of its arguments: a late write outlives its call.
  using Write = std::function<WriteOutcome(ItemStore&, const Call&)>;

  State(std::shared_ptr<ItemStore> store, ItemStoreFaults chances, std::uint64_t seed)
      : inner(std::move(store)), faults(chances), random(seed) {}

  WriteFate draw() {
    const std::lock_guard lock(mutex);
    if (!fates.empty()) {
      const WriteFate fate = fates.front();
      fates.pop_front();
      return fate;
    }
    double chance = random.unit();
    const auto meets = [&](double probability) { return (chance -= probability) < 0; };
    if (meets(faults.request_lost)) return WriteFate::request_lost;
    if (meets(faults.answer_lost)) return WriteFate::answer_lost;
    if (meets(faults.late)) return WriteFate::late;
    if (meets(faults.unreachable)) return WriteFate::unreachable;
    if (meets(faults.throttled)) return WriteFate::throttled;
    return WriteFate::served;
  }

  bool read_fails() {
    const std::lock_guard lock(mutex);
    return random.chance(faults.read_fails);
  }

  WriteOutcome write(const Call& call, Write write) {
    using Kind = WriteOutcome::Kind;
    const auto answer = [](Kind kind, const char* message) { return WriteOutcome{.kind = kind, .message = message}; };
    switch (draw()) {
      case WriteFate::served:
        return write(*inner, call);
      case WriteFate::request_lost:
        return answer(Kind::unknown, "injected: no answer (the request was lost)");
      case WriteFate::answer_lost:
        write(*inner, call);
        return answer(Kind::unknown, "injected: no answer (the answer was lost)");
      case WriteFate::late: {
        const std::lock_guard lock(mutex);
        late.push_back(std::move(write));
        return answer(Kind::unknown, "injected: no answer (the request is late)");
      }
      case WriteFate::unreachable:
        return answer(Kind::not_applied, "injected: the store is unreachable; try again");
      case WriteFate::throttled:
        return answer(Kind::not_applied, "injected: throttled; try again later");
    }
    return answer(Kind::misuse, "there is no such WriteFate");
  }

  const std::shared_ptr<ItemStore> inner;
  const ItemStoreFaults faults;
  std::mutex mutex;  // guards what follows; never held while the inner store is called
  base::Random random;
  std::deque<WriteFate> fates;
  std::vector<Write> late;
};

namespace {

Failure<StoreError> read_failed() {
  return {{StoreError::Kind::unavailable, "injected: the store could not be read; try again"}};
}

}  // namespace

FaultyItemStore::FaultyItemStore(std::shared_ptr<ItemStore> inner, ItemStoreFaults faults, std::uint64_t seed)
    : state_(std::make_unique<State>(std::move(inner), faults, seed)) {}

FaultyItemStore::~FaultyItemStore() = default;

void FaultyItemStore::set_next_fate(WriteFate fate) {
  const std::lock_guard lock(state_->mutex);
  state_->fates.push_back(fate);
}

std::vector<WriteOutcome> FaultyItemStore::deliver_late_writes() {
  std::vector<State::Write> writes;
  {
    const std::lock_guard lock(state_->mutex);
    writes.swap(state_->late);
    for (std::size_t left = writes.size(); left > 1; --left) {
      std::swap(writes[left - 1], writes[static_cast<std::size_t>(state_->random.below(left))]);
    }
  }
  std::vector<WriteOutcome> outcomes;
  outcomes.reserve(writes.size());
  for (const State::Write& write : writes) outcomes.push_back(write(*state_->inner, Call{}));
  return outcomes;
}

StoreResult<void> FaultyItemStore::ensure(CreateTable create, const Call& call) {
  return state_->inner->ensure(create, call);
}

StoreResult<ReadItem> FaultyItemStore::get(const std::string& key, bool consistent, const Call& call) {
  if (state_->read_fails()) return read_failed();
  return state_->inner->get(key, consistent, call);
}

WriteOutcome FaultyItemStore::create(const Item& row, const Call& call) {
  return state_->write(call, [row](ItemStore& store, const Call& limits) { return store.create(row, limits); });
}

WriteOutcome FaultyItemStore::update(const ItemUpdate& update, const Call& call) {
  return state_->write(call, [update](ItemStore& store, const Call& limits) { return store.update(update, limits); });
}

WriteOutcome FaultyItemStore::remove(const std::string& key, const std::vector<Condition>& conditions,
                                     const Call& call) {
  return state_->write(
      call, [key, conditions](ItemStore& store, const Call& limits) { return store.remove(key, conditions, limits); });
}

StoreResult<ScanPage> FaultyItemStore::scan(const ScanRequest& request, const Call& call) {
  if (state_->read_fails()) return read_failed();
  return state_->inner->scan(request, call);
}

}  // namespace kcl::testing
