#include "wire/aws_error.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "base/item_value.h"
#include "wire/cbor.h"
#include "wire/item_json.h"
#include "wire/protocol.h"
#include "wire/xml.h"

namespace kcl::wire {
namespace {

namespace json = boost::json;

constexpr std::size_t kLongestMessage = 400;
constexpr std::size_t kLongestCode = 100;

/// "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException:http://internal.amazon.com/" without all around the
/// name. Empty when what is left is no name.
std::string code_of(std::string_view text) {
  text = text.substr(0, text.find(':'));
  text = text.substr(text.rfind('#') + 1);  // rfind's npos + 1 is 0
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (text.size() > kLongestCode) return {};
  for (const char c : text) {
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!letter && c != '.' && c != '_' && c != '-') return {};
  }
  return std::string(text);
}

/// What the body says, before it is judged.
struct Body {
  std::string type;     // __type
  std::string code;     // code or Code
  std::string message;  // message or Message
  std::optional<Item> item;
};

std::string* member_of(Body& body, std::string_view name) {
  if (name == "__type") return &body.type;
  if (name == "code" || name == "Code") return &body.code;
  return name == "message" || name == "Message" ? &body.message : nullptr;
}

Body read_json(std::string_view text) {
  Body body;
  json::parse_options options;
  // Beside the row's own levels (item_json.cc): the error around it.
  options.max_depth = 2 * base::kMaxNesting + 5;
  json::error_code error;
  const json::value root = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error || !root.is_object()) return body;
  for (const auto& [key, value] : root.get_object()) {
    const std::string_view name(key.data(), key.size());
    if (std::string* member = member_of(body, name); member != nullptr && value.is_string()) {
      member->assign(value.get_string().data(), value.get_string().size());
    } else if (name == "Item" && value.is_object()) {
      if (auto item = decode_item(json::serialize(value))) body.item = *std::move(item);
    }
  }
  return body;
}

Body read_cbor(std::string_view text) {
  Body body;
  CborReader cbor(text);
  cbor.enter_map();
  while (cbor.more()) {
    std::string joined_name;
    std::string* member = member_of(body, cbor.text(joined_name));
    if (member == nullptr || cbor.peek() != CborType::text) {
      cbor.skip();
      continue;
    }
    std::string joined;
    member->assign(cbor.text(joined));
  }
  // Half a body is as good as none: its strings may be cut.
  return cbor.ok() ? body : Body{};
}

/// "ErrorResponse/Error/Code" of the query protocol.
Body read_xml_body(std::string_view text) {
  Body body;
  auto texts = read_xml(text);
  if (!texts) return body;
  for (const auto& [path, member] :
       {std::pair("ErrorResponse/Error/Code", &body.code), std::pair("ErrorResponse/Error/Message", &body.message)}) {
    if (const auto found = texts->find(path); found != texts->end()) *member = found->second;
  }
  return body;
}

Body read_body(const ErrorAnswer& answer) {
  if (const auto protocol = protocol_of(answer.content_type)) {
    return *protocol == Protocol::cbor ? read_cbor(answer.body) : read_json(answer.body);
  }
  if (answer.body.starts_with('<')) return read_xml_body(answer.body);
  return answer.body.starts_with('{') ? read_json(answer.body) : Body{};
}

}  // namespace

std::string one_line(std::string_view text) {
  text = text.substr(0, text.find("The Canonical String"));
  std::string line;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (blank && (line.empty() || line.ends_with(' '))) continue;
    if (line.size() == kLongestMessage) {
      line += "...";
      break;
    }
    line += blank ? ' ' : c < ' ' || c > '~' ? '?' : c;
  }
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

AwsError parse_aws_error(const ErrorAnswer& answer) {
  Body body = read_body(answer);
  AwsError error;
  for (const std::string_view candidate :
       {answer.error_type, std::string_view(body.type), std::string_view(body.code)}) {
    if (error.code.empty()) error.code = code_of(candidate);
  }
  error.item = std::move(body.item);
  error.message = one_line(body.message);
  if (error.message.empty() && !error.code.empty()) error.message = "(no message)";
  if (error.code.empty()) {
    const std::string said = error.message.empty() && answer.quotable ? one_line(answer.body) : error.message;
    error.message = "HTTP status " + std::to_string(answer.status) + (said.empty() ? ", nothing said" : ": " + said);
  }
  return error;
}

}  // namespace kcl::wire
