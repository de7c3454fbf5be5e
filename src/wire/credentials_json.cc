#include "wire/credentials_json.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <utility>

#include "wire/aws_error.h"

namespace kcl::wire {
namespace {

namespace json = boost::json;

/// The text of a member; empty when it is absent or null. Nothing when it is something else.
std::optional<std::string> text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains({name.data(), name.size()});
  if (value == nullptr || value->is_null()) return std::string();
  const json::string* text = value->if_string();
  if (text == nullptr) return std::nullopt;
  return std::string(text->data(), text->size());
}

bool is_version_1(const json::object& object) {
  const json::value* version = object.if_contains("Version");
  if (version == nullptr) return false;
  return version->is_int64() && version->get_int64() == 1;
}

Result<Credentials, std::string> credentials_of(const json::object& object, const char* token) {
  Credentials credentials;
  std::string expiration;
  const std::pair<std::string_view, std::string*> members[] = {{"AccessKeyId", &credentials.access_key_id},
                                                               {"SecretAccessKey", &credentials.secret_access_key},
                                                               {token, &credentials.session_token},
                                                               {"Expiration", &expiration}};
  for (const auto& [name, member] : members) {
    auto found = text_of(object, name);
    if (!found) return Failure{"\"" + std::string(name) + "\" is not a string"};
    *member = *std::move(found);
  }
  if (credentials.access_key_id.empty()) return Failure{std::string("\"AccessKeyId\" is missing")};
  if (credentials.secret_access_key.empty()) return Failure{std::string("\"SecretAccessKey\" is missing")};
  if (!expiration.empty()) {
    credentials.expiration = parse_iso8601(expiration);
    if (!credentials.expiration) {
      return Failure{std::string("\"Expiration\" is no time such as 2026-11-23T04:00:00Z")};
    }
  }
  return credentials;
}

std::optional<json::object> parse_object(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse({text.data(), text.size()}, error);
  json::object* object = error ? nullptr : value.if_object();
  return object == nullptr ? std::nullopt : std::optional(std::move(*object));
}

}  // namespace

Result<Credentials, std::string> decode_process_credentials(std::string_view text) {
  const auto object = parse_object(text);
  if (!object) return Failure{std::string("not a JSON object")};
  if (!is_version_1(*object)) return Failure{std::string("\"Version\" is not 1")};
  return credentials_of(*object, "SessionToken");
}

Result<Credentials, std::string> decode_local_credentials(std::string_view text) {
  const auto object = parse_object(text);
  if (!object) return Failure{std::string("not a JSON object")};
  const std::string code = text_of(*object, "Code").value_or("");
  if (!code.empty() && code != "Success") {
    return Failure{one_line(code + ": " + text_of(*object, "Message").value_or(""))};
  }
  return credentials_of(*object, "Token");
}

}  // namespace kcl::wire
