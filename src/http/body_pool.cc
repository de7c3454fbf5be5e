#include "http/body_pool.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/boot_clock.h"

namespace kcl::http {

namespace {

/// Bodies of about the same length fit into each other's memory.
constexpr std::size_t kRounding = 64UL << 10;

constexpr std::size_t kMostBodies = 64;

}  // namespace

BodyPool::BodyPool() {
  // All that it ever needs: giving back cannot fail.
  kept_.reserve(kMostBodies);
}

std::shared_ptr<std::string> BodyPool::take(std::size_t size) {
  if (size < kShortest) {
    auto body = std::make_shared<std::string>();
    body->reserve(size);
    return body;
  }
  std::string memory = take_kept(size);
  if (memory.capacity() < size) memory.reserve((size + kRounding - 1) / kRounding * kRounding);
  const auto give_back = [pool = shared_from_this()](std::string* body) {
    const std::unique_ptr<std::string> owned(body);
    pool->give_back(std::move(*owned));
  };
  return {std::make_unique<std::string>(std::move(memory)).release(), give_back};
}

/// The last one that fits: it may still be in the processor's caches.
std::string BodyPool::take_kept(std::size_t size) {
  const std::lock_guard lock(mutex_);
  const auto fits = [size](const Kept& kept) {
    return kept.memory.capacity() >= size && kept.memory.capacity() / 2 <= size;
  };
  const auto found = std::find_if(kept_.rbegin(), kept_.rend(), fits);
  if (found == kept_.rend()) return {};
  std::string memory = std::move(found->memory);
  bytes_ -= memory.capacity();
  kept_.erase(std::next(found).base());
  return memory;
}

void BodyPool::give_back(std::string memory) noexcept {
  memory.clear();
  const std::size_t size = memory.capacity();
  const std::lock_guard lock(mutex_);
  if (size < kShortest || size > kMost - bytes_ || kept_.size() == kMostBodies) return;
  kept_.push_back({std::move(memory), base::boot_now()});
  bytes_ += size;
}

void BodyPool::trim(base::BootTime now) {
  std::vector<Kept> old;  // let go of behind the lock
  const std::lock_guard lock(mutex_);
  if (kept_.empty() || now - kept_.front().since < kIdle) return;
  const auto young =
      std::find_if(kept_.begin(), kept_.end(), [now](const Kept& one) { return now - one.since < kIdle; });
  std::move(kept_.begin(), young, std::back_inserter(old));
  kept_.erase(kept_.begin(), young);
  for (const Kept& one : old) bytes_ -= one.memory.capacity();
}

std::size_t BodyPool::kept() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace kcl::http
