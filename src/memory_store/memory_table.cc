#include "memory_store/memory_table.h"

#include <algorithm>
#include <utility>

#include "memory_store/item_expressions.h"

namespace kcl::memory_store {
namespace {

WriteOutcome misuse(std::string message) { return {.kind = WriteOutcome::Kind::misuse, .message = std::move(message)}; }

}  // namespace

MemoryTable::MemoryTable(std::string key_attribute, std::size_t page_size)
    : key_attribute_(std::move(key_attribute)), page_size_(std::max<std::size_t>(page_size, 1)) {}

std::optional<Item> MemoryTable::get(const std::string& key) const {
  const auto found = rows_.find(key);
  if (found == rows_.end()) return std::nullopt;
  return found->second;
}

WriteOutcome MemoryTable::create(const Item& row) {
  if (auto fault = fault_in(row, key_attribute_); !fault.empty()) return misuse("create: " + fault);
  const std::string& key = key_of(row, key_attribute_);
  return store(key, decide_create(row, get(key)));
}

WriteOutcome MemoryTable::update(const ItemUpdate& update) {
  if (auto fault = fault_in(update, key_attribute_); !fault.empty()) {
    return misuse("update of row " + update.key + ": " + fault);
  }
  return store(update.key, decide_update(update, get(update.key)));
}

WriteOutcome MemoryTable::remove(const std::string& key, const std::vector<Condition>& conditions) {
  if (auto fault = fault_in(key, conditions); !fault.empty()) return misuse("remove of row " + key + ": " + fault);
  return store(key, decide_removal(conditions, get(key)));
}

WriteOutcome MemoryTable::store(const std::string& key, WriteOutcome outcome) {
  if (outcome.kind != WriteOutcome::Kind::applied) return outcome;
  if (outcome.row) {
    rows_.insert_or_assign(key, *outcome.row);
  } else {
    rows_.erase(key);
  }
  return outcome;
}

StoreResult<ScanPage> MemoryTable::scan(const ScanRequest& request) const {
  if (auto fault = fault_in(request); !fault.empty()) {
    return Failure{StoreError{StoreError::Kind::misuse, "scan: " + fault}};
  }
  ScanPage page;
  auto row = rows_.upper_bound(request.page_token);  // a token is the last key looked at; no key is empty
  for (std::size_t seen = 0; row != rows_.end() && seen < page_size_; ++row, ++seen) {
    if (segment_of(row->first, request.total_segments) == request.segment) page.rows.push_back(row->second);
  }
  if (row != rows_.end()) page.next_page_token = std::prev(row)->first;
  return page;
}

}  // namespace kcl::memory_store
