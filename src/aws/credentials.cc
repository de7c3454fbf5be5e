#include "aws/credentials.h"

#include <utility>

#include "aws/credentials_cache.h"
#include "base/text.h"
#include "base/wall_clock.h"

namespace kcl {

namespace {

class StaticCredentials : public CredentialsProvider {
 public:
  explicit StaticCredentials(Credentials credentials) : credentials_(std::move(credentials)) {}
  CredentialsResult credentials(const Call&) override { return credentials_; }

 private:
  const Credentials credentials_;
};

}  // namespace

std::shared_ptr<CredentialsProvider> static_credentials(Credentials credentials) {
  return std::make_shared<StaticCredentials>(std::move(credentials));
}

std::shared_ptr<CredentialsProvider> default_credentials(const DefaultCredentialsOptions& options) {
  return aws::cached(aws::default_chain(options, aws::Environment::of_process()), base::wall_now);
}

namespace aws {

namespace {

class EnvironmentPlace : public CredentialsPlace {
 public:
  explicit EnvironmentPlace(const Environment& environment)
      : id_(environment.get("AWS_ACCESS_KEY_ID")),
        secret_(environment.get("AWS_SECRET_ACCESS_KEY")),
        token_(environment.get("AWS_SESSION_TOKEN")) {}

  Answer ask(const Call&) override {
    if (!id_ && !secret_) return {std::nullopt, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY not set"};
    if (!id_) return {unusable("AWS_SECRET_ACCESS_KEY is set but AWS_ACCESS_KEY_ID is not: set both or none"), ""};
    if (!secret_) return {unusable("AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not: set both or none"), ""};
    return {Credentials{*id_, *secret_, token_.value_or(""), std::nullopt, "the environment (AWS_ACCESS_KEY_ID)"}, ""};
  }

 private:
  const std::optional<std::string> id_;
  const std::optional<std::string> secret_;
  const std::optional<std::string> token_;
};

class Chain : public CredentialsProvider {
 public:
  Chain(std::vector<std::unique_ptr<CredentialsPlace>> places, std::string advice)
      : places_(std::move(places)), advice_(std::move(advice)) {}

  CredentialsResult credentials(const Call& call) override {
    std::vector<std::string> looked_at;
    for (const auto& place : places_) {
      CredentialsPlace::Answer answer = place->ask(call);
      if (answer.credentials) return *std::move(answer.credentials);
      looked_at.push_back(std::move(answer.looked_at));
    }
    return unusable("no AWS credentials: " + base::joined(looked_at, "; ") + (advice_.empty() ? "" : ". " + advice_));
  }

 private:
  const std::vector<std::unique_ptr<CredentialsPlace>> places_;
  const std::string advice_;
};

}  // namespace

std::string masked(const std::string& access_key_id) {
  constexpr std::size_t kShown = 4;
  if (access_key_id.size() <= 2 * kShown) return std::string(access_key_id.size(), '*');
  return access_key_id.substr(0, kShown) + "…" + access_key_id.substr(access_key_id.size() - kShown);
}

CredentialsResult unusable(std::string message) {
  return Failure{CredentialsError{.retryable = false, .message = std::move(message)}};
}

CredentialsResult unavailable(std::string message) {
  return Failure{CredentialsError{.retryable = true, .message = std::move(message)}};
}

std::unique_ptr<CredentialsPlace> environment_place(const Environment& environment) {
  return std::make_unique<EnvironmentPlace>(environment);
}

std::unique_ptr<CredentialsProvider> chain(std::vector<std::unique_ptr<CredentialsPlace>> places, std::string advice) {
  return std::make_unique<Chain>(std::move(places), std::move(advice));
}

std::vector<std::unique_ptr<CredentialsPlace>> default_places(const std::string& profile,
                                                              const ProviderContext& context) {
  std::vector<std::unique_ptr<CredentialsPlace>> places;
  if (profile.empty()) {
    places.push_back(environment_place(context.environment));
    places.push_back(web_identity_place(context, profile));
  }
  places.push_back(profile_place(profile, context));
  places.push_back(container_place(context));
  places.push_back(instance_place(context, profile));
  return places;
}

ProviderContext provider_context(const DefaultCredentialsOptions& options, const Environment& environment) {
  return {.environment = environment,
          .region = options.region,
          .exchange = over_network(environment, options.profile),
          .now = base::wall_now};
}

std::unique_ptr<CredentialsProvider> default_chain(const DefaultCredentialsOptions& options,
                                                   const Environment& environment) {
  return chain(default_places(options.profile, provider_context(options, environment)),
               "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE");
}

}  // namespace aws
}  // namespace kcl
