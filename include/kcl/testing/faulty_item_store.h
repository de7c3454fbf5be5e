// An ItemStore that misbehaves as real ones do: it loses requests and answers, throttles, cannot be reached, and lets a
// write arrive long after its sender gave up. Whatever uses a store should survive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <kcl/item_store.h>

namespace kcl::testing {

/// What becomes of a write.
enum class WriteFate : std::uint8_t {
  served,        ///< as if nothing were wrong
  request_lost,  ///< never arrives: `unknown`
  answer_lost,   ///< arrives, and is applied or refused: `unknown`
  late,          ///< arrives at deliver_late_writes(): `unknown`
  unreachable,   ///< `not_applied`
  throttled,     ///< `not_applied`
};

/// Probabilities, each in [0, 1]; those of one write add up to at most 1, the rest is served.
struct ItemStoreFaults {
  double request_lost = 0;
  double answer_lost = 0;
  double late = 0;
  double unreachable = 0;
  double throttled = 0;
  /// `get` and `scan` answer `unavailable`.
  double read_fails = 0;
};

/// Thread-safe as far as `inner` is. In one thread, the same seed and the same calls make the same faults. `ensure` is
/// served.
class FaultyItemStore final : public ItemStore {
 public:
  FaultyItemStore(std::shared_ptr<ItemStore> inner, ItemStoreFaults faults, std::uint64_t seed);
  ~FaultyItemStore() override;

  /// The next write for which no fate was set before meets this one, instead of one by chance.
  void set_next_fate(WriteFate fate);
  /// Sends all late writes to the inner store, in an order of chance. Returns their outcomes, which nobody else sees.
  std::vector<WriteOutcome> deliver_late_writes();

  StoreResult<void> ensure(CreateTable create, const Call& call) override;
  StoreResult<ReadItem> get(const std::string& key, bool consistent, const Call& call) override;
  WriteOutcome create(const Item& row, const Call& call) override;
  WriteOutcome update(const ItemUpdate& update, const Call& call) override;
  WriteOutcome remove(const std::string& key, const std::vector<Condition>& conditions, const Call& call) override;
  StoreResult<ScanPage> scan(const ScanRequest& request, const Call& call) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kcl::testing
