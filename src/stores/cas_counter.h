// A counter in one row that several writers raise by compare-and-swap, through a store that may lose requests and
// answers. What each writer believes to have committed is exact: the conformance suite and the tests compare it with
// the row.
//
// Each attempt carries a token of its own in the writer's own attribute, and is conditional on the counter as read and
// on the writer's last token known to have committed. So of the attempts in doubt at most one can ever land, a read
// settles which, and once another attempt has committed none of the older ones can land, however late it arrives.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include <kcl/item_store.h>

namespace kcl::stores {

/// Not thread-safe: one per writer, all on one row, which must exist with a number in attribute "counter".
class CasWriter {
 public:
  /// `writer` is unique among the writers of the row.
  CasWriter(ItemStore& store, std::string key, std::string writer);

  /// Reads the row, and either finds that an attempt in doubt has committed or sends another. Empty, or which promise
  /// the store broke.
  [[nodiscard]] std::string step();
  /// Steps until `count` increments of this writer have committed; none is in doubt then.
  [[nodiscard]] std::string run(std::int64_t count);

  std::int64_t committed() const noexcept { return committed_; }
  bool in_doubt() const noexcept { return !doubtful_.empty(); }

  static std::int64_t counter_of(const Item& row);
  /// How many increments of `writer` the row itself has seen.
  static std::int64_t count_of(const Item& row, const std::string& writer);

 private:
  [[nodiscard]] std::string settle(const Item& row);
  [[nodiscard]] std::string send(const Item& row);
  void commit(const std::string& token);

  ItemStore& store_;
  const std::string key_;
  const std::string writer_;
  std::int64_t committed_ = 0;
  std::uint64_t attempts_ = 0;
  /// Of the last attempt known to have committed.
  std::optional<std::string> token_;
  /// Tokens of attempts that may have committed since, or may yet.
  std::set<std::string> doubtful_;
};

}  // namespace kcl::stores
