#include "aws/credentials_web_identity.h"

#include <utility>

#include "aws/small_file.h"
#include "base/text.h"

namespace kcl::aws {

namespace {

constexpr const char* kTokenFile = "AWS_WEB_IDENTITY_TOKEN_FILE";
constexpr std::size_t kMaxToken = 64U << 10U;

class WebIdentityPlace : public CredentialsPlace {
 public:
  WebIdentityPlace(ProviderContext context, std::string profile)
      : context_(std::move(context)), profile_(std::move(profile)) {}

  Answer ask(const Call& call) override {
    auto file = context_.environment.get(kTokenFile);
    if (!file) return {std::nullopt, std::string(kTokenFile) + " not set"};
    auto role = context_.environment.get("AWS_ROLE_ARN");
    if (!role) return {unusable(std::string(kTokenFile) + " is set but AWS_ROLE_ARN is not: set both or none"), ""};
    // Only its settings of endpoints are needed.
    const auto profile = load_profile(profile_, context_.environment);
    if (!profile) return {unusable(profile.error()), ""};
    WebIdentity identity;
    identity.role.arn = *std::move(role);
    identity.role.session_name = context_.environment.get("AWS_ROLE_SESSION_NAME").value_or("");
    identity.token_file = *std::move(file);
    identity.named_by = kTokenFile;
    auto credentials = web_identity_credentials(identity, context_, *profile, call);
    if (credentials) credentials->source = "a web identity (" + identity.named_by + ", role " + identity.role.arn + ")";
    return {std::move(credentials), ""};
  }

 private:
  const ProviderContext context_;
  const std::string profile_;
};

}  // namespace

CredentialsResult web_identity_credentials(const WebIdentity& identity, const ProviderContext& context,
                                           const Profile& profile, const Call& call) {
  auto token = read_small_file(identity.token_file, kMaxToken);
  const std::string where = identity.token_file + " (" + identity.named_by + ")";
  if (!token) return unusable(where + " cannot be read: " + base::error_text(token.error()));
  while (token->ends_with('\n') || token->ends_with('\r')) token->pop_back();
  if (token->empty()) return unusable(where + " is empty");
  const auto sts = Sts::find(context, profile);
  if (!sts) return unusable(sts.error());
  auto credentials = sts->assume_role_with_web_identity(identity.role, *token, call);
  if (!credentials) {
    credentials.error().message =
        "role " + identity.role.arn + " by the token of " + where + ": " + credentials.error().message;
  }
  return credentials;
}

std::unique_ptr<CredentialsPlace> web_identity_place(ProviderContext context, std::string profile) {
  return std::make_unique<WebIdentityPlace>(std::move(context), std::move(profile));
}

}  // namespace kcl::aws
