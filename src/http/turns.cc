#include "http/turns.h"

#include <utility>

namespace kcl::http {

bool Turns::enter(const std::shared_ptr<Transfer>& transfer) {
  Host& host = hosts_[transfer->target];
  if (host.running < per_host_) {
    ++host.running;
    return true;
  }
  host.waiting.push_back(transfer);
  return false;
}

std::shared_ptr<Transfer> Turns::leave(const Transfer& transfer) {
  const auto found = hosts_.find(transfer.target);
  Host& host = found->second;
  while (!host.waiting.empty()) {
    auto next = std::move(host.waiting.front());
    host.waiting.pop_front();
    if (next->stage() != Stage::cancelled) return next;
  }
  if (--host.running == 0) hosts_.erase(found);
  return nullptr;
}

void Turns::forget(const Transfer& transfer) {
  const auto found = hosts_.find(transfer.target);
  if (found == hosts_.end()) return;
  std::erase_if(found->second.waiting, [&](const auto& waiting) { return waiting.get() == &transfer; });
}

}  // namespace kcl::http
