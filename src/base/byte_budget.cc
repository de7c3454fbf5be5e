#include "base/byte_budget.h"

namespace kcl::base {

namespace {

constexpr Duration kPatience = std::chrono::seconds(1);

}  // namespace

/// One who waits for bytes, while it does.
class ByteBudget::Place {
 public:
  Place(ByteBudget& budget, Loop& loop) : budget_(budget), loop_(loop) {
    const std::lock_guard lock(budget_.mutex_);
    budget_.waiting_.push_back(this);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    const std::lock_guard lock(budget_.mutex_);
    std::erase(budget_.waiting_, this);
  }

  Event& freed() { return *freed_; }
  /// Changes from now on are told.
  void listen() {
    const std::lock_guard lock(budget_.mutex_);
    told_ = false;
  }
  /// Under the budget's lock, from any thread.
  void wake() {
    if (std::exchange(told_, true)) return;
    loop_.post([freed = freed_] { freed->notify_all(); });
  }

 private:
  ByteBudget& budget_;
  Loop& loop_;
  bool told_ = false;
  /// Shared with what was posted: the place may be gone when that runs.
  std::shared_ptr<Event> freed_ = std::make_shared<Event>();
};

void ByteBudget::Reservation::resize(std::size_t bytes) {
  if (budget_) budget_->change(bytes_, bytes);
  bytes_ = bytes;
}

void ByteBudget::Reservation::keep(std::string holder) {
  if (!budget_ || bytes_ == 0) return;
  holder_ = std::move(holder);
  const std::lock_guard lock(budget_->mutex_);
  budget_->kept_[holder_] += bytes_;
  // Its consumer has nothing any more, as far as it knows: what it waits for is a first batch now.
  budget_->wake_all();
}

void ByteBudget::give_back(const std::string& holder, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find(holder);
  found->second -= bytes;
  if (found->second == 0) kept_.erase(found);
}

std::map<std::string, std::size_t> ByteBudget::kept() const {
  const std::lock_guard lock(mutex_);
  return kept_;
}

bool ByteBudget::try_reserve(std::size_t bytes, Use use, bool overdue) {
  const std::size_t limit = use == Use::ahead ? limit_ / 2 : limit_;
  const bool may_exceed = overdue && use == Use::first;
  std::size_t used = used_.load(std::memory_order_relaxed);
  do {
    const bool fits = used == 0 || (used < limit && bytes <= limit - used);
    if (!fits && !(may_exceed && used < limit)) return false;
  } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  return true;
}

void ByteBudget::change(std::size_t from, std::size_t to) {
  used_.fetch_add(to - from, std::memory_order_relaxed);
  if (to >= from) return;
  const std::lock_guard lock(mutex_);
  wake_all();
}

/// Under the lock.
void ByteBudget::wake_all() {
  for (Place* place : waiting_) place->wake();
}

Task<ByteBudget::Reservation> ByteBudget::reserve(Loop& loop, std::size_t bytes, Stop& stop, std::function<Use()> use) {
  if (!stop.requested() && try_reserve(bytes, use(), false)) co_return Reservation(shared_from_this(), bytes);
  Place place(*this, loop);
  const BootTime due = loop.now() + kPatience;
  while (!stop.requested()) {
    // Listens before it tries, so that bytes freed between the two are not missed.
    place.listen();
    const bool overdue = loop.now() >= due;
    if (try_reserve(bytes, use(), overdue)) co_return Reservation(shared_from_this(), bytes);
    co_await place.freed().wait_until(loop, overdue ? kForever : due, stop);
  }
  co_return Reservation();
}

}  // namespace kcl::base
