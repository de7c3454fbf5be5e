#include "wire/dynamodb.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <utility>

#include "base/item_value.h"
#include "wire/item_json_value.h"

namespace kcl::wire {

namespace json = boost::json;

namespace {

/// Names and values of an expression, each behind a placeholder of its own: attribute names may be reserved words.
class Expression {
 public:
  std::string name(const std::string& attribute) {
    const auto [it, added] = placeholders_.try_emplace(attribute, "#n" + std::to_string(placeholders_.size()));
    if (added) names_[it->second] = attribute;
    return it->second;
  }
  std::string value(const AttributeValue& value) {
    std::string placeholder = ":v" + std::to_string(values_.size());
    values_[placeholder] = attribute_to_json(value);
    return placeholder;
  }

  /// "attribute_exists(#key) AND #a = :v ...": the row's existence, then each condition.
  std::string conditions(std::string existence, const std::vector<Condition>& conditions) {
    std::string text = std::move(existence);
    for (const Condition& condition : conditions) text += " AND " + render(condition);
    return text;
  }

  std::string actions(const std::vector<Action>& actions) {
    std::map<Action::Kind, std::string> clauses;
    for (const Action& action : actions) {
      std::string& clause = clauses[action.kind];
      clause += clause.empty() ? keyword(action.kind) : ", ";
      clause += name(action.attribute);
      if (action.kind == Action::Kind::set) clause += " = " + value(action.value);
      if (action.kind == Action::Kind::add) clause += " " + value(action.value);
    }
    std::string text;
    for (const auto& [kind, clause] : clauses) text += (text.empty() ? "" : " ") + clause;
    return text;
  }

  void put_into(json::object& request) && {
    if (!names_.empty()) request["ExpressionAttributeNames"] = std::move(names_);
    if (!values_.empty()) request["ExpressionAttributeValues"] = std::move(values_);
  }

 private:
  static std::string keyword(Action::Kind kind) {
    switch (kind) {
      case Action::Kind::set:
        return "SET ";
      case Action::Kind::remove:
        return "REMOVE ";
      case Action::Kind::add:
        return "ADD ";
    }
    return {};
  }

  std::string render(const Condition& condition) {
    switch (condition.kind) {
      case Condition::Kind::absent:
        return "attribute_not_exists(" + name(condition.attribute) + ")";
      case Condition::Kind::present:
        return "attribute_exists(" + name(condition.attribute) + ")";
      case Condition::Kind::equals:
        break;
    }
    return name(condition.attribute) + " = " + value(condition.value);
  }

  std::map<std::string, std::string> placeholders_;
  json::object names_;
  json::object values_;
};

json::object key_of(const std::string& key_attribute, const std::string& key) {
  return {{key_attribute, attribute_to_json(AttributeValue(key))}};
}

using Failed = Failure<std::string>;

/// The answer's object, if it is one.
Result<json::object, std::string> parse(std::string_view body) {
  json::parse_options options;
  options.max_depth = 2 * base::kMaxNesting + 8;
  json::error_code error;
  json::value value = json::parse(json::string_view(body.data(), body.size()), error, {}, options);
  if (error) return Failed{"not JSON: " + error.message()};
  if (!value.is_object()) return Failed{"not a JSON object"};
  return std::move(value.get_object());
}

const json::value* member(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(json::string_view(name.data(), name.size()));
  return found == nullptr || found->is_null() ? nullptr : found;
}

std::string text_member(const json::object& object, std::string_view name) {
  const json::value* found = member(object, name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

const json::array* array_member(const json::object& object, std::string_view name) {
  const json::value* found = member(object, name);
  return found == nullptr ? nullptr : found->if_array();
}

Result<Item, std::string> row(const json::value& json, const std::string& where) {
  auto item = item_from_json(json);
  if (!item) return Failed{where + ": " + item.error()};
  return item;
}

}  // namespace

std::string list_tables(const std::string& after) {
  json::object request;
  if (!after.empty()) request["ExclusiveStartTableName"] = after;
  return json::serialize(request);
}

std::string DynamoDbRequests::describe_table() const { return json::serialize(json::object{{"TableName", table_}}); }

std::string DynamoDbRequests::create_table() const {
  const json::object request{
      {"TableName", table_},
      {"BillingMode", "PAY_PER_REQUEST"},
      {"AttributeDefinitions", json::array{json::object{{"AttributeName", key_attribute_}, {"AttributeType", "S"}}}},
      {"KeySchema", json::array{json::object{{"AttributeName", key_attribute_}, {"KeyType", "HASH"}}}},
  };
  return json::serialize(request);
}

std::string DynamoDbRequests::get_item(const std::string& key, bool consistent) const {
  return json::serialize(
      json::object{{"TableName", table_}, {"Key", key_of(key_attribute_, key)}, {"ConsistentRead", consistent}});
}

std::string DynamoDbRequests::put_item(const Item& row) const {
  Expression expression;
  json::object request{{"TableName", table_}, {"Item", item_to_json(row)}};
  request["ConditionExpression"] = "attribute_not_exists(" + expression.name(key_attribute_) + ")";
  request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD";
  std::move(expression).put_into(request);
  return json::serialize(request);
}

std::string DynamoDbRequests::update_item(const ItemUpdate& update) const {
  Expression expression;
  json::object request{{"TableName", table_}, {"Key", key_of(key_attribute_, update.key)}};
  const std::string existence = "attribute_exists(" + expression.name(key_attribute_) + ")";
  request["ConditionExpression"] = expression.conditions(existence, update.conditions);
  const std::string actions = expression.actions(update.actions);
  if (!actions.empty()) request["UpdateExpression"] = actions;
  request["ReturnValues"] = "ALL_NEW";
  request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD";
  std::move(expression).put_into(request);
  return json::serialize(request);
}

std::string DynamoDbRequests::delete_item(const std::string& key, const std::vector<Condition>& conditions) const {
  Expression expression;
  json::object request{{"TableName", table_}, {"Key", key_of(key_attribute_, key)}};
  const std::string existence = "attribute_exists(" + expression.name(key_attribute_) + ")";
  request["ConditionExpression"] = expression.conditions(existence, conditions);
  request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD";
  std::move(expression).put_into(request);
  return json::serialize(request);
}

std::string DynamoDbRequests::scan(const ScanRequest& request) const {
  json::object body{{"TableName", table_}, {"ConsistentRead", request.consistent}};
  // Also what makes no sense: DynamoDB refuses it, where we would scan something else than was asked for.
  if (request.segment != 0 || request.total_segments != 1) {
    body["Segment"] = request.segment;
    body["TotalSegments"] = request.total_segments;
  }
  if (!request.page_token.empty()) body["ExclusiveStartKey"] = key_of(key_attribute_, request.page_token);
  return json::serialize(body);
}

Result<TableNames, std::string> decode_list_tables(std::string_view body) {
  auto answer = parse(body);
  if (!answer) return Failed{answer.error()};
  const json::array* names = array_member(*answer, "TableNames");
  if (names == nullptr) return Failed{"TableNames: missing"};
  TableNames tables;
  for (const json::value& name : *names) {
    if (!name.is_string()) return Failed{"TableNames: expected strings"};
    tables.names.emplace_back(name.get_string());
  }
  tables.last = text_member(*answer, "LastEvaluatedTableName");
  return tables;
}

Result<TableDescription, std::string> decode_describe_table(std::string_view body) {
  auto answer = parse(body);
  if (!answer) return Failed{answer.error()};
  const json::value* table = member(*answer, "Table");
  if (table == nullptr || !table->is_object()) return Failed{"Table: missing"};
  TableDescription description;
  description.status = text_member(table->get_object(), "TableStatus");
  if (description.status.empty()) return Failed{"Table.TableStatus: missing"};
  const json::array* schema = array_member(table->get_object(), "KeySchema");
  const json::array* definitions = array_member(table->get_object(), "AttributeDefinitions");
  if (schema == nullptr || definitions == nullptr) return Failed{"Table.KeySchema, AttributeDefinitions: missing"};
  for (const json::value& element : *schema) {
    if (!element.is_object()) return Failed{"Table.KeySchema: expected objects"};
    const bool partition = text_member(element.get_object(), "KeyType") == "HASH";
    if (partition) description.partition_key = text_member(element.get_object(), "AttributeName");
    description.has_sort_key |= !partition;
  }
  for (const json::value& element : *definitions) {
    if (!element.is_object()) return Failed{"Table.AttributeDefinitions: expected objects"};
    if (text_member(element.get_object(), "AttributeName") == description.partition_key)
      description.partition_key_type = text_member(element.get_object(), "AttributeType");
  }
  return description;
}

Result<std::optional<Item>, std::string> decode_get_item(std::string_view body) {
  auto answer = parse(body);
  if (!answer) return Failed{answer.error()};
  const json::value* item = member(*answer, "Item");
  if (item == nullptr) return std::optional<Item>();
  auto decoded = row(*item, "Item");
  if (!decoded) return Failed{decoded.error()};
  return std::optional<Item>(*std::move(decoded));
}

Result<Item, std::string> decode_update_item(std::string_view body) {
  auto answer = parse(body);
  if (!answer) return Failed{answer.error()};
  const json::value* attributes = member(*answer, "Attributes");
  if (attributes == nullptr) return Failed{"Attributes: missing"};
  return row(*attributes, "Attributes");
}

Result<void, std::string> decode_done(std::string_view body) {
  if (auto answer = parse(body); !answer) return Failed{answer.error()};
  return {};
}

Result<ScanPage, std::string> decode_scan(std::string_view body, const std::string& key_attribute) {
  auto answer = parse(body);
  if (!answer) return Failed{answer.error()};
  const json::array* items = array_member(*answer, "Items");
  // Without it we would take a table full of leases for an empty one.
  if (items == nullptr) return Failed{"Items: missing"};
  ScanPage page;
  page.rows.reserve(items->size());
  for (const json::value& element : *items) {
    auto decoded = row(element, "Items." + std::to_string(page.rows.size()));
    if (!decoded) return Failed{decoded.error()};
    page.rows.push_back(*std::move(decoded));
  }
  if (const json::value* last = member(*answer, "LastEvaluatedKey")) {
    auto key = row(*last, "LastEvaluatedKey");
    if (!key) return Failed{key.error()};
    const auto named = key->find(key_attribute);
    const std::string* text = named == key->end() ? nullptr : named->second.get_if<std::string>();
    if (text == nullptr || text->empty()) return Failed{"LastEvaluatedKey: does not name a row"};
    page.next_page_token = *text;
  }
  return page;
}

}  // namespace kcl::wire
