// The vocabulary of the conformance cases: one case at work on rows of its own, remembering the first promise that was
// broken.
//
// Its rows' keys begin with the case's name, so that all cases can share a table. Not thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <kcl/item_store.h>

namespace kcl::stores {

class ConformanceCheck {
 public:
  using Rows = std::map<std::string, Item>;

  ConformanceCheck(ItemStore& store, std::string key_attribute, std::string case_name)
      : store_(store), key_attribute_(std::move(key_attribute)), name_(std::move(case_name)) {}

  ItemStore& store() { return store_; }
  /// Empty as long as every promise was kept.
  const std::string& failure() const { return failure_; }
  bool failed() const { return !failure_.empty(); }

  void that(bool holds, const std::string& otherwise);
  /// Also that an outcome which needs a message has one.
  void expect(const std::string& what, const WriteOutcome& outcome, WriteOutcome::Kind kind);
  /// That the row now stored is this one, or none.
  void expect_stored(const std::string& what, const std::optional<Item>& expected, const std::string& suffix = "row");

  std::string key(const std::string& suffix = "row") const { return "conformance/" + name_ + "/" + suffix; }
  /// `attributes` and the key.
  Item row(const std::string& suffix, Item attributes) const;

  /// Creates a row that the rest of the case needs, and returns it.
  Item given(Item attributes, const std::string& suffix = "row");
  WriteOutcome update(std::vector<Action> actions, std::vector<Condition> conditions,
                      const std::string& suffix = "row");
  std::optional<Item> read(const std::string& suffix = "row");
  /// This case's rows as a scan shows them, over all pages; it is a failure when one is shown twice.
  Rows scan(std::size_t segment = 0, std::size_t total_segments = 1);

  static std::string text_of(const std::optional<Item>& row);

 private:
  void add_shown(Item row, Rows& rows);

  ItemStore& store_;
  const std::string key_attribute_;
  const std::string name_;
  std::string failure_;
};

}  // namespace kcl::stores
