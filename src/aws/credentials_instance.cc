// The place of an EC2 instance in the chain of credentials.
#include <algorithm>
#include <mutex>
#include <string>
#include <utility>

#include "aws/credentials.h"
#include "aws/credentials_cache.h"
#include "aws/instance_metadata.h"
#include "base/random.h"
#include "wire/credentials_json.h"

namespace kcl::aws {

namespace {

using Kind = MetadataError::Kind;

/// How long credentials are used on when no newer ones can be had, so that the service is asked again 5 to 10 minutes
/// later, as the AWS SDKs do.
constexpr base::Duration kShortestExtension = std::chrono::minutes(10);
constexpr base::Duration kLongestExtension = std::chrono::minutes(15);

/// IAM's names of roles; nothing in one changes where a url leads.
bool is_role_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("_+=,.@-").find(c) != std::string_view::npos;
  };
  return !name.empty() && name.size() <= 64 && name.find_first_not_of('.') != std::string_view::npos &&
         std::ranges::all_of(name, fits);
}

Result<Credentials, MetadataError> fetch(InstanceMetadata& metadata, const Call& call) {
  const std::string list = "iam/security-credentials/";
  auto roles = metadata.get(list, call);
  if (!roles) {
    if (roles.error().kind == Kind::missing) roles.error().message = "this instance has no role";
    return Failure{std::move(roles.error())};
  }
  const std::string role = roles->substr(0, roles->find_first_of("\r\n"));
  if (!is_role_name(role)) return Failure{MetadataError{Kind::broken, "it names no role"}};
  const auto answer = metadata.get(list + role, call);
  if (!answer) return Failure{answer.error()};
  auto credentials = wire::decode_local_credentials(*answer);
  if (!credentials) return Failure{MetadataError{Kind::broken, "of role " + role + ": " + credentials.error()}};
  credentials->source = "EC2 instance metadata (role " + role + ")";
  return *std::move(credentials);
}

class InstancePlace : public CredentialsPlace {
 public:
  InstancePlace(ProviderContext context, std::string profile)
      : context_(std::move(context)), profile_(std::move(profile)) {}

  Answer ask(const Call& call) override {
    const std::lock_guard lock(mutex_);
    // A profile that cannot be read holds no settings of this service either.
    const auto profile = load_profile(profile_, context_.environment);
    auto settings = metadata_settings(context_.environment, profile ? *profile : Profile{});
    if (!settings) return {unusable(std::move(settings.error())), ""};
    InstanceMetadata metadata(*std::move(settings), context_.exchange);
    auto found = fetch(metadata, call);
    if (found) {
      last_ = *std::move(found);
      return {extended(*last_, kRefreshBefore), ""};
    }
    // Whoever can only be reached from this instance is not to stop what is running there.
    if (last_) return {extended(*last_, kShortestExtension), ""};
    const std::string message = "EC2 instance metadata: " + found.error().message;
    if (found.error().kind == Kind::broken) return {unavailable(message), ""};
    return {std::nullopt, message};
  }

 private:
  /// With at least that much time left, or with some more.
  Credentials extended(Credentials credentials, base::Duration least) {
    const Timestamp now = context_.now();
    if (credentials.expiration && *credentials.expiration < now + least) {
      const auto extension = random_.between(kShortestExtension, kLongestExtension);
      credentials.expiration = now + std::chrono::floor<std::chrono::milliseconds>(extension);
    }
    return credentials;
  }

  const ProviderContext context_;
  const std::string profile_;
  std::mutex mutex_;
  std::optional<Credentials> last_;
  base::Random random_ = base::Random::from_os();
};

}  // namespace

std::unique_ptr<CredentialsPlace> instance_place(ProviderContext context, std::string profile) {
  return std::make_unique<InstancePlace>(std::move(context), std::move(profile));
}

}  // namespace kcl::aws
