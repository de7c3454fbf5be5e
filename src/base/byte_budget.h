// One bound on the record bytes that a worker buffers, however many shards it reads (C11). Thread-safe: batches are
// released wherever the program drops them; waiting happens on a strand.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "base/task.h"
#include "base/wait.h"

namespace kcl::base {

class ByteBudget : public std::enable_shared_from_this<ByteBudget> {
 public:
  explicit ByteBudget(std::size_t limit) : limit_(limit) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  /// Bytes of the budget; given back when destroyed. Movable, any thread.
  class Reservation {
   public:
    Reservation() = default;
    Reservation(std::shared_ptr<ByteBudget> budget, std::size_t bytes) : budget_(std::move(budget)), bytes_(bytes) {}
    Reservation(Reservation&& other) noexcept
        : budget_(std::move(other.budget_)),
          bytes_(std::exchange(other.bytes_, 0)),
          holder_(std::exchange(other.holder_, {})) {}
    Reservation& operator=(Reservation&& other) noexcept {
      std::swap(budget_, other.budget_);
      std::swap(bytes_, other.bytes_);
      std::swap(holder_, other.holder_);
      return *this;
    }
    ~Reservation() {
      if (budget_ && !holder_.empty()) budget_->give_back(holder_, bytes_);
      resize(0);
    }

    /// Corrects an estimate, whatever the limit says: the bytes are there already.
    void resize(std::size_t bytes);
    std::size_t bytes() const noexcept { return bytes_; }
    /// The bytes are of no more use to whoever reserved them, and yet they are kept, until this is destroyed: they are
    /// counted apart, by `holder`, which is not empty. Once; no resize() after it.
    void keep(std::string holder);

   private:
    std::shared_ptr<ByteBudget> budget_;
    std::size_t bytes_ = 0;
    std::string holder_;
  };

  /// What bytes are for. Reading ahead may fill half of the budget: the other half is for those who have nothing yet,
  /// so that slow consumers, who read ahead until it is full, do not keep it from fast ones.
  enum class Use : std::uint8_t { first, ahead };
  static Use for_first() { return Use::first; }

  /// Waits until `bytes` fit; when nothing at all is reserved they are admitted whatever the limit, so that one
  /// oversized batch can pass. Who has nothing yet and has waited for a second is admitted as long as less than the
  /// limit is reserved: smaller wishes would pass it for ever. So at most one wish lies beyond the limit. Empty (0
  /// bytes) once `stop` is requested. `use` is asked again with each try: who reads ahead may have nothing left
  /// meanwhile. It is called on `loop`, as long as this waits.
  Task<Reservation> reserve(Loop& loop, std::size_t bytes, Stop& stop, std::function<Use()> use);
  Task<Reservation> reserve(Loop& loop, std::size_t bytes, Stop& stop) { return reserve(loop, bytes, stop, for_first); }

  std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  std::size_t limit() const noexcept { return limit_; }
  /// Bytes that are kept, by holder. They are part of used().
  std::map<std::string, std::size_t> kept() const;

 private:
  class Place;

  bool try_reserve(std::size_t bytes, Use use, bool overdue);
  void change(std::size_t from, std::size_t to);
  void wake_all();
  void give_back(const std::string& holder, std::size_t bytes);

  const std::size_t limit_;
  std::atomic<std::size_t> used_{0};
  mutable std::mutex mutex_;
  std::map<std::string, std::size_t> kept_;
  /// Of frames that are alive, and with them their loops: each takes its place back, under the lock, before it goes.
  std::vector<Place*> waiting_;
};

}  // namespace kcl::base
