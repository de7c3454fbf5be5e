#include "wire/sso_json.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "wire/json_writer.h"

namespace kcl::wire {

namespace {

namespace json = boost::json;

constexpr std::chrono::seconds kLongestLife = std::chrono::days(3'650);

std::optional<json::object> parse_object(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse({text.data(), text.size()}, error);
  json::object* object = error ? nullptr : value.if_object();
  return object == nullptr ? std::nullopt : std::optional(std::move(*object));
}

/// Empty when the member is absent or no text.
std::string text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains({name.data(), name.size()});
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

std::optional<std::int64_t> number_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains({name.data(), name.size()});
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  return value->get_int64();
}

/// Older versions of the AWS CLI wrote "2020-06-17T10:02:08UTC".
std::optional<Timestamp> time_of(std::string text) {
  constexpr std::string_view kUtc = "UTC";
  if (text.ends_with(kUtc)) text.replace(text.size() - kUtc.size(), kUtc.size(), "Z");
  return parse_iso8601(text);
}

Failure<std::string> missing(const char* name) { return {"\"" + std::string(name) + "\" is missing"}; }

json::string json_text(std::string_view text) { return json::string(json::string_view(text.data(), text.size())); }

}  // namespace

Result<SsoToken, std::string> decode_sso_token(std::string_view text) {
  const auto object = parse_object(text);
  if (!object) return Failure{std::string("not a JSON object")};
  SsoToken token;
  token.access_token = text_of(*object, "accessToken");
  if (token.access_token.empty()) return missing("accessToken");
  const auto expires_at = time_of(text_of(*object, "expiresAt"));
  if (!expires_at) return Failure{std::string("\"expiresAt\" is no time such as 2026-11-23T04:00:00Z")};
  token.expires_at = *expires_at;
  token.refresh_token = text_of(*object, "refreshToken");
  token.client_id = text_of(*object, "clientId");
  token.client_secret = text_of(*object, "clientSecret");
  token.registration_expires_at = time_of(text_of(*object, "registrationExpiresAt"));
  return token;
}

Result<CreatedToken, std::string> decode_created_token(std::string_view text) {
  const auto object = parse_object(text);
  if (!object) return Failure{std::string("not a JSON object")};
  CreatedToken created;
  created.access_token = text_of(*object, "accessToken");
  if (created.access_token.empty()) return missing("accessToken");
  const auto seconds = number_of(*object, "expiresIn");
  if (!seconds || *seconds < 1 || *seconds > kLongestLife.count()) {
    return Failure{std::string("\"expiresIn\" is no number of seconds")};
  }
  created.expires_in = std::chrono::seconds(*seconds);
  created.refresh_token = text_of(*object, "refreshToken");
  return created;
}

std::string encode_create_token(const SsoToken& token) {
  JsonWriter request;
  request.begin_object().name("clientId").text(token.client_id).name("clientSecret").text(token.client_secret);
  request.name("grantType").text("refresh_token").name("refreshToken").text(token.refresh_token).end_object();
  return request.str();
}

std::string renewed_sso_token(std::string_view text, const CreatedToken& created, Timestamp expires_at) {
  json::object object = parse_object(text).value_or(json::object());
  object["accessToken"] = json_text(created.access_token);
  // Whole seconds, as the AWS CLI writes it: not every reader takes fractions.
  const std::string time = to_iso8601(std::chrono::floor<std::chrono::seconds>(expires_at));
  object["expiresAt"] = json_text(time.substr(0, time.find('.')) + "Z");
  if (!created.refresh_token.empty()) object["refreshToken"] = json_text(created.refresh_token);
  return json::serialize(object);
}

Result<Credentials, std::string> decode_role_credentials(std::string_view text) {
  const auto object = parse_object(text);
  const json::value* value = object ? object->if_contains("roleCredentials") : nullptr;
  const json::object* role = value == nullptr ? nullptr : value->if_object();
  if (role == nullptr) return Failure{std::string("not a JSON object with \"roleCredentials\"")};
  Credentials credentials;
  const std::pair<const char*, std::string*> members[] = {{"accessKeyId", &credentials.access_key_id},
                                                          {"secretAccessKey", &credentials.secret_access_key},
                                                          {"sessionToken", &credentials.session_token}};
  for (const auto& [name, member] : members) {
    *member = text_of(*role, name);
    if (member->empty()) return missing(name);
  }
  constexpr std::int64_t kLatest = 253'402'300'799'999;
  const auto expiration = number_of(*role, "expiration");
  if (!expiration || *expiration < 0 || *expiration > kLatest) {
    return Failure{std::string("\"expiration\" is no time in milliseconds")};
  }
  credentials.expiration = Timestamp(std::chrono::milliseconds(*expiration));
  return credentials;
}

}  // namespace kcl::wire
