// One table of rows in memory: a synchronous state machine without threads, clocks or chance. The simulation wraps it
// with its faults and its time, the memory ItemStore with a mutex. Answers carry no server time: whoever wraps it has
// the clock.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <kcl/item_store.h>

namespace kcl::memory_store {

class MemoryTable {
 public:
  static constexpr std::size_t kPageSize = 100;

  /// `page_size`: how many rows a page of a scan looks at; at least 1.
  explicit MemoryTable(std::string key_attribute, std::size_t page_size = kPageSize);

  std::optional<Item> get(const std::string& key) const;
  WriteOutcome create(const Item& row);
  WriteOutcome update(const ItemUpdate& update);
  WriteOutcome remove(const std::string& key, const std::vector<Condition>& conditions);
  /// The only error is misuse. A page of one segment among several may be empty without being the last.
  StoreResult<ScanPage> scan(const ScanRequest& request) const;

  const std::map<std::string, Item>& rows() const noexcept { return rows_; }
  const std::string& key_attribute() const noexcept { return key_attribute_; }

 private:
  WriteOutcome store(const std::string& key, WriteOutcome outcome);

  std::string key_attribute_;
  std::size_t page_size_;
  std::map<std::string, Item> rows_;
};

}  // namespace kcl::memory_store
