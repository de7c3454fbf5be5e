// What the requests of an ItemStore mean, as pure functions over rows, for the stores that evaluate requests themselves
// (memory, SQLite). DynamoDB evaluates them by the same rules; where it refuses a request as invalid, fault_in() does.
//
// A write goes: fault_in (misuse, whatever the row) -> read the row -> decide_* -> when `applied`, store the outcome's
// row under the key, or delete the key when there is none. Reading and storing must be one atomic step, which is the
// caller's part.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kcl/item_store.h>

namespace kcl::memory_store {

/// `row` is null when there is none. Types must be equal too; numbers compare by value.
bool holds(const Condition& condition, const Item* row);

/// Empty, or what is wrong with an action for this row; the row may then be half changed.
[[nodiscard]] std::string apply(const std::vector<Action>& actions, Item& row);

/// Empty, or why the request can never succeed: an empty key, a set without elements, a number that is none, text that
/// is not UTF-8, values nested too deep, an attribute named by two actions, an action on the key attribute.
[[nodiscard]] std::string fault_in(const Item& new_row, const std::string& key_attribute);
[[nodiscard]] std::string fault_in(const ItemUpdate& update, const std::string& key_attribute);
[[nodiscard]] std::string fault_in(const std::string& removed_key, const std::vector<Condition>& conditions);
[[nodiscard]] std::string fault_in(const ScanRequest& request);

/// Precondition: the key attribute is there, as fault_in() checks.
const std::string& key_of(const Item& row, const std::string& key_attribute);

WriteOutcome decide_create(const Item& row, std::optional<Item> existing);
WriteOutcome decide_update(const ItemUpdate& update, std::optional<Item> existing);
WriteOutcome decide_removal(const std::vector<Condition>& conditions, std::optional<Item> existing);

/// The segment of a parallel scan that shows `key`: the same on every host and in every build.
std::size_t segment_of(std::string_view key, std::size_t total_segments);

}  // namespace kcl::memory_store
