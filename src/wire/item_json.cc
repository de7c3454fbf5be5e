#include "wire/item_json.h"
#include "wire/item_json_value.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "base/item_value.h"
#include "wire/base64.h"

namespace kcl::wire {
namespace {

namespace json = boost::json;

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

// --- encoding ---

json::object to_json(const AttributeValue& value);

json::object to_json(const Item& item) {
  json::object object;
  for (const auto& [name, value] : item) object.emplace(name, to_json(value));
  return object;
}

template <class Set, class Text>
json::array to_array(const Set& set, Text text) {
  json::array array;
  for (const auto& element : set) array.emplace_back(json::string(text(element)));
  return array;
}

json::object to_json(const AttributeValue& value) {
  json::object object;
  const auto put = [&](const char* type, auto&& payload) {
    object.emplace(type, std::forward<decltype(payload)>(payload));
  };
  const auto text = [](const std::string& string) { return std::string_view(string); };
  const auto digits = [](const Number& number) -> const std::string& { return number.text; };
  const auto base64 = [](const Binary& binary) { return base64_encode(binary.bytes); };
  std::visit(Overloaded{
                 [&](const std::string& string) { put("S", json::string(string)); },
                 [&](const Number& number) { put("N", json::string(number.text)); },
                 [&](const Binary& binary) { put("B", json::string(base64(binary))); },
                 [&](bool boolean) { put("BOOL", boolean); },
                 [&](Null) { put("NULL", true); },
                 [&](const AttributeValue::StringSet& set) { put("SS", to_array(set, text)); },
                 [&](const AttributeValue::NumberSet& set) { put("NS", to_array(set, digits)); },
                 [&](const AttributeValue::BinarySet& set) { put("BS", to_array(set, base64)); },
                 [&](const AttributeValue::List& list) {
                   json::array array;
                   for (const auto& element : list) array.emplace_back(to_json(element));
                   put("L", std::move(array));
                 },
                 [&](const AttributeValue::Map& map) { put("M", to_json(map)); },
             },
             value.variant());
  return object;
}

// --- decoding ---

template <class T>
using Decoded = Result<T, std::string>;

/// For messages: hostile names may be long.
std::string quoted(std::string_view name) {
  constexpr std::size_t kLongest = 64;
  return name.size() <= kLongest ? "\"" + std::string(name) + "\""
                                 : "\"" + std::string(name.substr(0, kLongest)) + "...\"";
}

Failure<std::string> failure(std::string message) { return {std::move(message)}; }

Decoded<std::string> to_text(const json::value& payload) {
  const json::string* text = payload.if_string();
  if (text == nullptr) return failure("expected a string");
  return std::string(view(*text));
}

Decoded<Number> to_number(const json::value& payload) {
  const json::string* text = payload.if_string();
  if (text == nullptr || !base::parse_decimal(view(*text))) return failure("expected a number written as a string");
  return Number{std::string(view(*text))};
}

Decoded<Binary> to_binary(const json::value& payload) {
  const json::string* text = payload.if_string();
  auto bytes = text == nullptr ? std::nullopt : base64_decode(view(*text));
  if (!bytes) return failure("expected a string of base64");
  return Binary{*std::move(bytes)};
}

template <class T>
Decoded<AttributeValue> to_scalar(Decoded<T> decoded) {
  if (!decoded) return failure(std::move(decoded).error());
  return AttributeValue(*std::move(decoded));
}

template <class T>
Decoded<AttributeValue> to_set(const json::value& payload, Decoded<T> (*to_element)(const json::value&)) {
  const json::array* array = payload.if_array();
  if (array == nullptr || array->empty()) return failure("expected an array that is not empty");
  std::set<T> set;
  for (const json::value& element : *array) {
    Decoded<T> decoded = to_element(element);
    if (!decoded) return failure(std::move(decoded).error());
    set.insert(*std::move(decoded));
  }
  return AttributeValue(std::move(set));
}

Decoded<AttributeValue> to_value(const json::value& json, int depth);

Decoded<Item> to_item(const json::value& json, int depth) {
  const json::object* object = json.if_object();
  if (object == nullptr) return failure("expected an object of attributes");
  Item item;
  for (const auto& [name, member] : *object) {
    Decoded<AttributeValue> value = to_value(member, depth);
    if (!value) return failure("attribute " + quoted(name) + ": " + std::move(value).error());
    item.insert_or_assign(std::string(name), *std::move(value));
  }
  return item;
}

Decoded<AttributeValue> to_list(const json::value& payload, int depth) {
  const json::array* array = payload.if_array();
  if (array == nullptr) return failure("expected an array");
  AttributeValue::List list;
  list.reserve(array->size());
  for (const json::value& element : *array) {
    Decoded<AttributeValue> value = to_value(element, depth);
    if (!value) return value;
    list.push_back(*std::move(value));
  }
  return AttributeValue(std::move(list));
}

Decoded<AttributeValue> to_value(const json::value& json, int depth) {
  if (depth > base::kMaxNesting) return failure("nested deeper than " + std::to_string(base::kMaxNesting) + " levels");
  const json::object* object = json.if_object();
  if (object == nullptr || object->size() != 1)
    return failure("expected an object of one type, as in {\"S\":\"text\"}");
  const std::string_view type = object->begin()->key();
  const json::value& payload = object->begin()->value();
  if (type == "S") return to_scalar(to_text(payload));
  if (type == "N") return to_scalar(to_number(payload));
  if (type == "B") return to_scalar(to_binary(payload));
  if (type == "SS") return to_set<std::string>(payload, to_text);
  if (type == "NS") return to_set<Number>(payload, to_number);
  if (type == "BS") return to_set<Binary>(payload, to_binary);
  if (type == "M") return to_scalar(to_item(payload, depth + 1));
  if (type == "L") return to_list(payload, depth + 1);
  if (type != "BOOL" && type != "NULL") return failure("unknown type " + quoted(type));
  if (!payload.is_bool()) return failure("expected true or false");
  return type == "NULL" ? AttributeValue() : AttributeValue(payload.get_bool());
}

Decoded<json::value> parse(std::string_view text) {
  json::parse_options options;
  // The row's own object, and two levels of JSON for one of attributes: to_value() is what counts exactly.
  options.max_depth = 2 * base::kMaxNesting + 4;
  json::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error) return failure("not JSON: " + error.message());
  return value;
}

}  // namespace

std::string encode_item(const Item& item) { return json::serialize(to_json(item)); }

std::string encode_attribute(const AttributeValue& value) { return json::serialize(to_json(value)); }

json::value item_to_json(const Item& item) { return to_json(item); }
json::value attribute_to_json(const AttributeValue& value) { return to_json(value); }
Result<Item, std::string> item_from_json(const json::value& json) { return to_item(json, 1); }

Result<Item, std::string> decode_item(std::string_view text) {
  const Decoded<json::value> parsed = parse(text);
  if (!parsed) return failure(parsed.error());
  return to_item(*parsed, 1);
}

Result<AttributeValue, std::string> decode_attribute(std::string_view text) {
  const Decoded<json::value> parsed = parse(text);
  if (!parsed) return failure(parsed.error());
  return to_value(*parsed, 1);
}

}  // namespace kcl::wire
