// The lease store seam: one table of items with one string key, shaped after the part of DynamoDB that leases need.
// Plain blocking C++; kclpp calls it from threads made for blocking calls, several at once: implementations must be
// thread-safe. No method may throw, and each must return within about `Call::timeout`.
//
// Prove an implementation with kcl/testing/item_store_conformance.h.
//
// Contract
//  - A write is atomic: conditions are checked and actions applied in one step, against the row's latest state.
//  - Whole-row replacement cannot be expressed: attributes that an update does not name survive (C14).
//  - `unknown` is an honest answer: the write was sent and may or may not have been, or may yet be, applied. A store
//    never sends a conditional write twice by itself.
//  - A scan is no snapshot: it may miss rows created and show rows deleted while it runs. A row that exists throughout
//    is shown exactly once.
#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <kcl/kinesis.h>
#include <kcl/result.h>
#include <kcl/timestamp.h>

namespace kcl {

/// A decimal number of up to 38 significant digits. Compares by value: 1, 1.0 and 1e0 are equal.
struct Number {
  std::string text = "0";

  static Number of(std::int64_t value) { return {std::to_string(value)}; }
  /// The value when it is a whole number that fits.
  std::optional<std::int64_t> as_int64() const;
  friend bool operator==(const Number& a, const Number& b);
  friend std::strong_ordering operator<=>(const Number& a, const Number& b);
};

struct Binary {
  std::string bytes;
  friend auto operator<=>(const Binary&, const Binary&) = default;
};

struct Null {
  friend auto operator<=>(const Null&, const Null&) = default;
};

/// One attribute: every type of DynamoDB. Sets are never empty; an empty string is not an absent attribute.
class AttributeValue {
 public:
  using StringSet = std::set<std::string>;
  using NumberSet = std::set<Number>;
  using BinarySet = std::set<Binary>;
  using List = std::vector<AttributeValue>;
  using Map = std::map<std::string, AttributeValue>;
  using Variant = std::variant<std::string, Number, Binary, bool, Null, StringSet, NumberSet, BinarySet, List, Map>;

  AttributeValue() : value_(Null{}) {}
  AttributeValue(std::string text) : value_(std::move(text)) {}    // NOLINT: implicit, so that rows read well
  AttributeValue(const char* text) : value_(std::string(text)) {}  // NOLINT: implicit; else char* would become bool
  AttributeValue(Number number) : value_(std::move(number)) {}     // NOLINT: implicit
  AttributeValue(Variant value) : value_(std::move(value)) {}      // NOLINT: implicit
  /// Every other type as it is. No conversion takes part, so nothing becomes a bool by accident.
  template <class T>
    requires(std::same_as<T, Binary> || std::same_as<T, bool> || std::same_as<T, Null> || std::same_as<T, StringSet> ||
             std::same_as<T, NumberSet> || std::same_as<T, BinarySet> || std::same_as<T, List> || std::same_as<T, Map>)
  AttributeValue(T value) : value_(std::in_place_type<T>, std::move(value)) {}  // NOLINT: implicit

  // Out of line: inlined, they make g++ 12 warn of uninitialised members in the code of whoever handles rows.
  AttributeValue(const AttributeValue& other);
  AttributeValue(AttributeValue&& other) noexcept;
  AttributeValue& operator=(const AttributeValue& other);
  AttributeValue& operator=(AttributeValue&& other) noexcept;
  ~AttributeValue();

  const Variant& variant() const noexcept { return value_; }
  template <class T>
  const T* get_if() const noexcept {
    return std::get_if<T>(&value_);
  }
  friend bool operator==(const AttributeValue&, const AttributeValue&) = default;

 private:
  Variant value_;
};

using Item = AttributeValue::Map;

struct Condition {
  enum class Kind : std::uint8_t { absent, present, equals };
  Kind kind = Kind::present;
  std::string attribute;
  /// Only for `equals`; the type must be equal too.
  AttributeValue value;

  static Condition absent(std::string attribute) { return {Kind::absent, std::move(attribute), {}}; }
  static Condition present(std::string attribute) { return {Kind::present, std::move(attribute), {}}; }
  static Condition equals(std::string attribute, AttributeValue value) {
    return {Kind::equals, std::move(attribute), std::move(value)};
  }
};

struct Action {
  enum class Kind : std::uint8_t { set, remove, add };
  Kind kind = Kind::set;
  std::string attribute;
  /// For `add`: a Number, added to the attribute's (0 when absent).
  AttributeValue value;

  static Action set(std::string attribute, AttributeValue value) {
    return {Kind::set, std::move(attribute), std::move(value)};
  }
  static Action remove(std::string attribute) { return {Kind::remove, std::move(attribute), {}}; }
  static Action add(std::string attribute, Number amount) {
    return {Kind::add, std::move(attribute), std::move(amount)};
  }
};

/// All conditions must hold. The row must exist: an update never creates one.
struct ItemUpdate {
  std::string key;
  std::vector<Action> actions;
  std::vector<Condition> conditions;
};

struct WriteOutcome {
  enum class Kind : std::uint8_t {
    applied,      ///< committed; `row` is the row after it (absent after a removal)
    refused,      ///< a condition failed, nothing changed; `row` is the row as it is, if the store tells
    unknown,      ///< sent, and no answer: it may have been, or may yet be, applied
    not_applied,  ///< for certain not applied, now or later: throttled, unreachable, locked. The same may succeed later
    misuse,       ///< for certain not applied, and repeating is useless: no table, denied, not a valid request
  };
  Kind kind = Kind::unknown;
  std::optional<Item> row;
  /// For every kind but `applied` and `refused`: what happened and what to do, for people.
  std::string message;
  std::optional<Timestamp> server_time;
};

struct StoreError {
  enum class Kind : std::uint8_t { unavailable, misuse };
  Kind kind = Kind::unavailable;
  std::string message;
};
template <class T>
using StoreResult = Result<T, StoreError>;

struct ReadItem {
  std::optional<Item> row;
  /// The store's clock; a local store gives the host's.
  Timestamp server_time{};
};

struct ScanRequest {
  /// Empty for the first page.
  std::string page_token;
  std::size_t segment = 0;
  std::size_t total_segments = 1;
  bool consistent = false;
};

struct ScanPage {
  std::vector<Item> rows;
  /// Empty on the last page.
  std::string next_page_token;
  Timestamp server_time{};
};

enum class CreateTable : std::uint8_t { if_missing, never };

class ItemStore {
 public:
  ItemStore() = default;
  ItemStore(const ItemStore&) = delete;
  ItemStore& operator=(const ItemStore&) = delete;
  virtual ~ItemStore() = default;

  /// Makes sure that the table is there and usable; waits until it is. Idempotent, safe for several processes at once.
  virtual StoreResult<void> ensure(CreateTable create, const Call& call) = 0;
  /// `consistent`: sees every write that was answered before the call; otherwise it may be about a second old.
  virtual StoreResult<ReadItem> get(const std::string& key, bool consistent, const Call& call) = 0;
  /// Refused when a row with that key exists. `row` must hold the key attribute as a string.
  virtual WriteOutcome create(const Item& row, const Call& call) = 0;
  virtual WriteOutcome update(const ItemUpdate& update, const Call& call) = 0;
  /// Removing a row that does not exist is refused, without a row.
  virtual WriteOutcome remove(const std::string& key, const std::vector<Condition>& conditions, const Call& call) = 0;
  virtual StoreResult<ScanPage> scan(const ScanRequest& request, const Call& call) = 0;
};

}  // namespace kcl
