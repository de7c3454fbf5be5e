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
    return {Credentials{*id_, *secret_, token_.value_or(""), std::nullopt}, ""};
  }

 private:
  const std::optional<std::string> id_;
  const std::optional<std::string> secret_;
  const std::optional<std::string> token_;
};

/// Stands where the AWS tools would ask for credentials that kclpp cannot get: says so when the environment sets them
/// up. Without variables nothing can tell whether they are.
class UnsupportedPlace : public CredentialsPlace {
 public:
  UnsupportedPlace(const Environment& environment, std::vector<std::string> variables, std::string what)
      : variables_(std::move(variables)), what_(std::move(what)) {
    for (const std::string& variable : variables_) {
      if (environment.get(variable)) set_ = variable;
    }
  }

  Answer ask(const Call&) override {
    if (variables_.empty()) return {std::nullopt, what_ + " are not supported yet"};
    if (set_.empty()) return {std::nullopt, base::joined(variables_, " and ") + " not set"};
    return {unusable(set_ + " is set, but kclpp does not support " + what_ +
                     " yet: set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or a profile with a "
                     "credential_process"),
            ""};
  }

 private:
  const std::vector<std::string> variables_;
  const std::string what_;
  std::string set_;
};

class Chain : public CredentialsProvider {
 public:
  explicit Chain(std::vector<std::unique_ptr<CredentialsPlace>> places) : places_(std::move(places)) {}

  CredentialsResult credentials(const Call& call) override {
    std::vector<std::string> looked_at;
    for (const auto& place : places_) {
      CredentialsPlace::Answer answer = place->ask(call);
      if (answer.credentials) return *std::move(answer.credentials);
      looked_at.push_back(std::move(answer.looked_at));
    }
    return unusable("no AWS credentials: " + base::joined(looked_at, "; ") +
                    ". Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE");
  }

 private:
  const std::vector<std::unique_ptr<CredentialsPlace>> places_;
};

}  // namespace

CredentialsResult unusable(std::string message) {
  return Failure{CredentialsError{.retryable = false, .message = std::move(message)}};
}

std::unique_ptr<CredentialsPlace> environment_place(const Environment& environment) {
  return std::make_unique<EnvironmentPlace>(environment);
}

std::unique_ptr<CredentialsProvider> chain(std::vector<std::unique_ptr<CredentialsPlace>> places) {
  return std::make_unique<Chain>(std::move(places));
}

std::unique_ptr<CredentialsProvider> default_chain(const DefaultCredentialsOptions& options,
                                                   const Environment& environment) {
  std::vector<std::unique_ptr<CredentialsPlace>> places;
  if (options.profile.empty()) {
    places.push_back(environment_place(environment));
    places.push_back(std::make_unique<UnsupportedPlace>(
        environment, std::vector<std::string>{"AWS_WEB_IDENTITY_TOKEN_FILE"}, "web identity tokens"));
  }
  places.push_back(profile_place(options.profile, environment));
  places.push_back(std::make_unique<UnsupportedPlace>(
      environment,
      std::vector<std::string>{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"},
      "credentials of containers"));
  places.push_back(
      std::make_unique<UnsupportedPlace>(environment, std::vector<std::string>(), "credentials of EC2 instances"));
  return chain(std::move(places));
}

}  // namespace aws
}  // namespace kcl
