// What has arrived of a streamed answer and was not taken yet: a reactor fills it, the strand empties it. Bounded: when
// it is full the transfer pauses, until the strand has taken what is there.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "http/message.h"

namespace kcl::http {

class Inflow {
 public:
  /// It is full with so many bytes; the last chunk may pass over that.
  explicit Inflow(std::size_t window) : window_(window) {}
  Inflow(const Inflow&) = delete;
  Inflow& operator=(const Inflow&) = delete;

  struct Arrived {
    std::string bytes;
    /// The transfer pauses: it is to be resumed.
    bool paused = false;
  };

  // On the reactor's thread. Each tells whether the strand has to be told: it has not been since it last took.

  bool begin(Response head) {
    const std::lock_guard lock(mutex_);
    head_.emplace(std::move(head));
    return !std::exchange(told_, true);
  }
  struct Added {
    /// False: it is full; the chunk has to come again.
    bool taken = false;
    bool tell = false;
  };
  Added add(std::string_view chunk) {
    const std::lock_guard lock(mutex_);
    if (bytes_.size() >= window_) {
      paused_ = true;
      return {};
    }
    bytes_ += chunk;
    return {.taken = true, .tell = !std::exchange(told_, true)};
  }

  // On the strand.

  /// Status and headers, once. Bytes may be there already: take() before you wait.
  std::optional<Response> take_head() {
    const std::lock_guard lock(mutex_);
    told_ = false;
    return std::exchange(head_, std::nullopt);
  }
  /// The memory of `spare` is used for what comes next, unless it is much more than what came now needed. It is given
  /// back when nothing came.
  Arrived take(std::string spare = {}) {
    const std::lock_guard lock(mutex_);
    told_ = false;
    spare.clear();
    if (!bytes_.empty()) {
      if (spare.capacity() / 4 > bytes_.size()) spare = {};
      spare.swap(bytes_);
    }
    return {.bytes = std::move(spare), .paused = std::exchange(paused_, false)};
  }

 private:
  const std::size_t window_;
  std::mutex mutex_;
  std::optional<Response> head_;
  std::string bytes_;
  bool paused_ = false;
  bool told_ = false;
};

}  // namespace kcl::http
