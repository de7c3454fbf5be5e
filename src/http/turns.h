// At most so many transfers at a time to one host; the others wait for their turn in the order in which they came.
// On the reactor's thread.
//
// libcurl can do that, too (CURLMOPT_MAX_HOST_CONNECTIONS), but 7.88.1 forgets to wake those who wait: one in twenty
// runs of a busy queue stood still until something else woke the thread.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

#include "http/transfer.h"

namespace kcl::http {

class Turns {
 public:
  explicit Turns(std::size_t per_host) : per_host_(per_host) {}

  /// True when it may begin now: then leave() must follow. Else it waits here.
  bool enter(const std::shared_ptr<Transfer>& transfer);
  /// Whose turn it is now that `transfer` is done; null when nobody waits. Whoever was cancelled is passed over.
  std::shared_ptr<Transfer> leave(const Transfer& transfer);
  /// It waits no longer, if it did.
  void forget(const Transfer& transfer);

 private:
  struct Host {
    std::size_t running = 0;
    std::deque<std::shared_ptr<Transfer>> waiting;
  };

  const std::size_t per_host_;
  /// Of hosts with something running. By Transfer::target.
  std::unordered_map<std::string, Host> hosts_;
};

}  // namespace kcl::http
