#include "memory_store/item_expressions.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "base/item_value.h"

namespace kcl::memory_store {
namespace {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

/// Well-formed UTF-8 (Unicode standard, table 3-7): no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = [&](std::size_t offset) -> unsigned {
      return at + offset < text.size() ? static_cast<unsigned char>(text[at + offset]) : 0U;
    };
    const unsigned lead = byte(0);
    const std::size_t length = lead < 0x80                   ? 1
                               : lead >= 0xC2 && lead < 0xE0 ? 2
                               : lead >= 0xE0 && lead < 0xF0 ? 3
                               : lead >= 0xF0 && lead < 0xF5 ? 4
                                                             : 0;
    if (length == 0) return false;
    for (std::size_t offset = 1; offset < length; ++offset) {
      if ((byte(offset) & 0xC0U) != 0x80) return false;
    }
    const unsigned second = byte(1);
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return false;
    if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return false;
    at += length;
  }
  return true;
}

std::string fault_in_text(const std::string& text) { return is_utf8(text) ? "" : "text that is not UTF-8"; }

std::string fault_in_number(const Number& number) {
  return base::is_storable(number) ? "" : "\"" + number.text + "\" is no number of up to 38 digits";
}

template <class Set, class Fault>
std::string fault_in_set(const Set& set, Fault fault_in_element) {
  if (set.empty()) return "a set without elements (remove the attribute instead)";
  for (const auto& element : set) {
    if (auto fault = fault_in_element(element); !fault.empty()) return fault;
  }
  return "";
}

std::string fault_in_value(const AttributeValue& value, int depth = 1) {
  if (depth > base::kMaxNesting) return "values nested deeper than " + std::to_string(base::kMaxNesting) + " levels";
  return std::visit(Overloaded{
                        [](const std::string& text) { return fault_in_text(text); },
                        [](const Number& number) { return fault_in_number(number); },
                        [](const AttributeValue::StringSet& set) { return fault_in_set(set, fault_in_text); },
                        [](const AttributeValue::NumberSet& set) { return fault_in_set(set, fault_in_number); },
                        [](const AttributeValue::BinarySet& set) {
                          return fault_in_set(set, [](const Binary&) { return std::string(); });
                        },
                        [&](const AttributeValue::List& list) {
                          for (const AttributeValue& element : list) {
                            if (auto fault = fault_in_value(element, depth + 1); !fault.empty()) return fault;
                          }
                          return std::string();
                        },
                        [&](const AttributeValue::Map& map) {
                          for (const auto& [name, element] : map) {
                            if (auto fault = fault_in_text(name); !fault.empty()) return fault;
                            if (auto fault = fault_in_value(element, depth + 1); !fault.empty()) return fault;
                          }
                          return std::string();
                        },
                        [](const auto&) { return std::string(); },  // Binary, bool and Null have no wrong values
                    },
                    value.variant());
}

std::string fault_in_name(const std::string& attribute) {
  if (attribute.empty()) return "an attribute without a name";
  return fault_in_text(attribute);
}

std::string fault_in_key(const std::string& key) {
  if (key.empty()) return "the key is empty";
  return is_utf8(key) ? "" : "the key is not UTF-8";
}

std::string about(const std::string& attribute, const std::string& fault) {
  return "attribute " + attribute + ": " + fault;
}

std::string fault_in_conditions(const std::vector<Condition>& conditions) {
  for (const Condition& condition : conditions) {
    if (auto fault = fault_in_name(condition.attribute); !fault.empty()) return fault;
    if (condition.kind != Condition::Kind::equals) continue;
    if (auto fault = fault_in_value(condition.value); !fault.empty()) return about(condition.attribute, fault);
  }
  return "";
}

std::string fault_in_action(const Action& action, const std::string& key_attribute) {
  if (auto fault = fault_in_name(action.attribute); !fault.empty()) return fault;
  if (action.attribute == key_attribute) return "it is the key, and a row's key never changes";
  if (action.kind == Action::Kind::remove) return "";
  if (action.kind == Action::Kind::add && action.value.get_if<Number>() == nullptr) return "only a number can be added";
  return fault_in_value(action.value);
}

std::string add(const Number& amount, AttributeValue& value) {
  const Number* present = value.get_if<Number>();
  if (present == nullptr) return "it is no number, so nothing can be added to it";
  const auto sum = base::add(*present, amount);
  if (!sum) return present->text + " + " + amount.text + " needs more than 38 digits";
  value = *sum;
  return "";
}

WriteOutcome applied(std::optional<Item> row) { return {.kind = WriteOutcome::Kind::applied, .row = std::move(row)}; }

WriteOutcome refused(std::optional<Item> row) { return {.kind = WriteOutcome::Kind::refused, .row = std::move(row)}; }

bool all_hold(const std::vector<Condition>& conditions, const Item& row) {
  return std::all_of(conditions.begin(), conditions.end(), [&](const Condition& c) { return holds(c, &row); });
}

}  // namespace

bool holds(const Condition& condition, const Item* row) {
  const AttributeValue* value = nullptr;
  if (row != nullptr) {
    if (const auto found = row->find(condition.attribute); found != row->end()) value = &found->second;
  }
  switch (condition.kind) {
    case Condition::Kind::absent:
      return value == nullptr;
    case Condition::Kind::present:
      return value != nullptr;
    case Condition::Kind::equals:
      return value != nullptr && *value == condition.value;
  }
  return false;
}

std::string apply(const std::vector<Action>& actions, Item& row) {
  for (const Action& action : actions) {
    if (action.kind == Action::Kind::remove) {
      row.erase(action.attribute);
    } else if (action.kind == Action::Kind::set) {
      row.insert_or_assign(action.attribute, action.value);
    } else {
      const Number* amount = action.value.get_if<Number>();
      if (amount == nullptr) return about(action.attribute, "only a number can be added");
      AttributeValue& value = row.try_emplace(action.attribute, Number::of(0)).first->second;
      if (auto fault = add(*amount, value); !fault.empty()) return about(action.attribute, fault);
    }
  }
  return "";
}

std::string fault_in(const Item& new_row, const std::string& key_attribute) {
  const auto key = new_row.find(key_attribute);
  const std::string* text = key == new_row.end() ? nullptr : key->second.get_if<std::string>();
  if (text == nullptr) return "the row must hold its key as a string in attribute " + key_attribute;
  if (auto fault = fault_in_key(*text); !fault.empty()) return fault;
  for (const auto& [name, value] : new_row) {
    if (auto fault = fault_in_name(name); !fault.empty()) return fault;
    if (auto fault = fault_in_value(value); !fault.empty()) return about(name, fault);
  }
  return "";
}

std::string fault_in(const ItemUpdate& update, const std::string& key_attribute) {
  if (auto fault = fault_in_key(update.key); !fault.empty()) return fault;
  std::set<std::string_view> named;
  for (const Action& action : update.actions) {
    if (auto fault = fault_in_action(action, key_attribute); !fault.empty()) return about(action.attribute, fault);
    if (!named.insert(action.attribute).second) return about(action.attribute, "named by two actions of one update");
  }
  return fault_in_conditions(update.conditions);
}

std::string fault_in(const std::string& removed_key, const std::vector<Condition>& conditions) {
  if (auto fault = fault_in_key(removed_key); !fault.empty()) return fault;
  return fault_in_conditions(conditions);
}

std::string fault_in(const ScanRequest& request) {
  if (request.segment < request.total_segments) return "";
  return "segment " + std::to_string(request.segment) + " of " + std::to_string(request.total_segments) +
         " does not exist: segments count from 0";
}

const std::string& key_of(const Item& row, const std::string& key_attribute) {
  return std::get<std::string>(row.at(key_attribute).variant());
}

WriteOutcome decide_create(const Item& row, std::optional<Item> existing) {
  if (existing) return refused(std::move(existing));
  return applied(row);
}

WriteOutcome decide_update(const ItemUpdate& update, std::optional<Item> existing) {
  if (!existing || !all_hold(update.conditions, *existing)) return refused(std::move(existing));
  if (auto fault = apply(update.actions, *existing); !fault.empty()) {
    return {.kind = WriteOutcome::Kind::misuse, .message = "update of row " + update.key + ": " + fault};
  }
  return applied(std::move(existing));
}

WriteOutcome decide_removal(const std::vector<Condition>& conditions, std::optional<Item> existing) {
  if (!existing || !all_hold(conditions, *existing)) return refused(std::move(existing));
  return applied(std::nullopt);
}

std::size_t segment_of(std::string_view key, std::size_t total_segments) {
  std::uint64_t hash = 0xCBF29CE484222325U;  // FNV-1a
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  return static_cast<std::size_t>(hash % total_segments);
}

}  // namespace kcl::memory_store
