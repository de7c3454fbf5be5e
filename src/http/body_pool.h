// Memory for long bodies, used again: what is asked of the system anew has to be cleared by it, page by page, which
// costs as much as filling it. A body comes back when the last of its holders lets go of it, on whichever thread.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/loop.h"

namespace kcl::http {

class BodyPool : public std::enable_shared_from_this<BodyPool> {
 public:
  /// Shorter ones are not worth it.
  static constexpr std::size_t kShortest = 128UL << 10;
  /// Of all that waits to be used again, in bytes.
  static constexpr std::size_t kMost = 32UL << 20;
  /// What was not used for so long goes back to the system.
  static constexpr base::Duration kIdle = std::chrono::seconds(2);

  BodyPool();

  /// An empty string with room for `size` bytes; what is used again has room for at most twice as many.
  std::shared_ptr<std::string> take(std::size_t size);
  /// To be called now and then.
  void trim(base::BootTime now);

  /// Bytes that wait to be used again.
  std::size_t kept() const;

 private:
  struct Kept {
    std::string memory;
    base::BootTime since;
  };
  std::string take_kept(std::size_t size);
  void give_back(std::string memory) noexcept;

  mutable std::mutex mutex_;
  /// In the order in which they came back.
  std::vector<Kept> kept_;
  std::size_t bytes_ = 0;
};

}  // namespace kcl::http
