#include "base/check.h"
#include "fuzz_target.h"
#include "wire/credentials_json.h"
#include "wire/sso_json.h"

namespace kcl::fuzz {

void run_one(std::string_view input) {
  const auto token = wire::decode_sso_token(input);
  if (token) {
    const wire::CreatedToken created{.access_token = "new", .expires_in = std::chrono::hours(1), .refresh_token = {}};
    const Timestamp later{std::chrono::hours(500'000)};
    const auto again = wire::decode_sso_token(wire::renewed_sso_token(input, created, later));
    base::check(again && again->access_token == "new" && again->expires_at == later, "what is renewed can be read");
    base::check(again->refresh_token == token->refresh_token && again->client_secret == token->client_secret,
                "what was not renewed stays");
    static_cast<void>(wire::encode_create_token(*token));
  }
  const auto created = wire::decode_created_token(input);
  if (created) base::check(created->expires_in.count() > 0, "a token has a life");
  const auto role = wire::decode_role_credentials(input);
  if (role) base::check(role->expiration.has_value(), "credentials of a role end");
  static_cast<void>(wire::decode_local_credentials(input));
  static_cast<void>(wire::decode_process_credentials(input));
}

}  // namespace kcl::fuzz
