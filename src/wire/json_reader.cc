#include "wire/json_reader.h"

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <vector>

namespace kcl::wire {
namespace {

namespace json = boost::json;

std::string_view name_of(json::kind kind) {
  switch (kind) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::string:
      return "a text";
    case json::kind::array:
      return "an array";
    case json::kind::object:
      return "an object";
    default:
      return "a number";
  }
}

}  // namespace

struct JsonReader::Document {
  struct Level {
    const json::value* container;
    /// Of the item that comes next.
    std::size_t index = 0;

    std::size_t size() const {
      return container->is_array() ? container->get_array().size() : container->get_object().size();
    }
    const json::key_value_pair& member() const { return container->get_object().begin()[index]; }
  };

  /// The item that comes next; null at the end.
  const json::value* peek() const {
    if (levels.empty()) return root_taken ? nullptr : &root;
    const Level& level = levels.back();
    if (level.index == level.size()) return nullptr;
    return level.container->is_array() ? &level.container->get_array()[level.index] : &level.member().value();
  }

  void advance() {
    if (levels.empty()) {
      root_taken = true;
    } else {
      ++levels.back().index;
    }
  }

  json::monotonic_resource memory;
  /// In that memory from the start: a value of another memory would be copied on assignment.
  json::value root = json::value(json::storage_ptr(&memory));
  bool root_taken = false;
  std::vector<Level> levels;
};

JsonReader::JsonReader(std::string_view input) : document_(std::make_unique<Document>()) {
  json::error_code error;
  document_->root = json::parse(json::string_view(input.data(), input.size()), error, &document_->memory);
  if (error) fail("not JSON: " + error.message());
}

JsonReader::~JsonReader() = default;

void JsonReader::fail(std::string_view what) {
  if (ok()) error_ = what;
}

bool JsonReader::enter(bool array) {
  const json::value* value = ok() ? document_->peek() : nullptr;
  if (value == nullptr || !(array ? value->is_array() : value->is_object()))
    return mismatch(array ? "an array" : "an object");
  document_->advance();
  document_->levels.push_back({value});
  return true;
}

bool JsonReader::more() {
  if (!ok()) return false;
  if (document_->peek() != nullptr) return true;
  if (!document_->levels.empty()) document_->levels.pop_back();
  return false;
}

bool JsonReader::mismatch(std::string_view expected) {
  const json::value* found = ok() ? document_->peek() : nullptr;
  fail("expected " + std::string(expected) + ", found " +
       std::string(found == nullptr ? "the end" : name_of(found->kind())));
  return false;
}

std::string_view JsonReader::name() {
  if (!ok()) return {};
  const auto& levels = document_->levels;
  if (levels.empty() || !levels.back().container->is_object() || document_->peek() == nullptr) {
    fail("expected a member");
    return {};
  }
  const json::string_view name = levels.back().member().key();
  return {name.data(), name.size()};
}

std::string_view JsonReader::text() {
  const json::value* value = ok() ? document_->peek() : nullptr;
  if (value == nullptr || !value->is_string()) {
    mismatch("a text");
    return {};
  }
  document_->advance();
  const json::string& text = value->get_string();
  return {text.data(), text.size()};
}

std::int64_t JsonReader::integer() {
  const json::value* value = ok() ? document_->peek() : nullptr;
  json::error_code error;
  const auto number = value == nullptr ? 0 : value->to_number<std::int64_t>(error);
  if (value == nullptr || error) {
    mismatch("an integer");
    return 0;
  }
  document_->advance();
  return number;
}

double JsonReader::number() {
  const json::value* value = ok() ? document_->peek() : nullptr;
  if (value == nullptr || !value->is_number()) {
    mismatch("a number");
    return 0;
  }
  document_->advance();
  return value->to_number<double>();
}

bool JsonReader::boolean() {
  const json::value* value = ok() ? document_->peek() : nullptr;
  if (value == nullptr || !value->is_bool()) return mismatch("a boolean");
  document_->advance();
  return value->get_bool();
}

bool JsonReader::take_null() {
  const json::value* value = ok() ? document_->peek() : nullptr;
  if (value == nullptr || !value->is_null()) return false;
  document_->advance();
  return true;
}

void JsonReader::skip() {
  if (!ok()) return;
  if (document_->peek() == nullptr) {
    mismatch("an item");
  } else {
    document_->advance();
  }
}

}  // namespace kcl::wire
