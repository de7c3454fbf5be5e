#include "aws/instance_metadata.h"

#include <charconv>
#include <optional>
#include <utility>

#include "aws/endpoints.h"
#include "aws/region.h"
#include "base/ascii.h"

namespace kcl::aws {

using Kind = MetadataError::Kind;

namespace {

constexpr std::size_t kMaxAnswer = 64U << 10U;
constexpr int kLongestTimeout = 60;
constexpr int kMostAttempts = 10;
/// As the AWS SDKs ask for; a token is used for moments here.
constexpr const char* kTokenSeconds = "21600";

struct Found {
  std::string text;
  std::string where;
};

std::optional<Found> find(const std::string& name, const Environment& environment, const Profile& profile) {
  const std::string variable = "AWS_" + name;
  if (auto text = environment.get(variable)) return Found{*std::move(text), variable};
  const Setting* setting = profile.find(base::lower_case(name));
  return setting == nullptr ? std::nullopt : std::optional(Found{setting->value, setting->where});
}

Result<int, std::string> find_number(const std::string& name, int most, const Environment& environment,
                                     const Profile& profile) {
  const auto found = find(name, environment, profile);
  if (!found) return 1;
  int number = 0;
  const std::string& text = found->text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1 || number > most) {
    return Failure{found->where + ": '" + text + "' is no number from 1 to " + std::to_string(most)};
  }
  return number;
}

Result<std::string, std::string> find_base(const Environment& environment, const Profile& profile) {
  if (const auto endpoint = find("EC2_METADATA_SERVICE_ENDPOINT", environment, profile)) {
    auto parsed = parse_endpoint(endpoint->text, endpoint->where);
    if (!parsed) return Failure{std::move(parsed.error())};
    while (parsed->url.ends_with('/')) parsed->url.pop_back();
    return std::move(parsed->url);
  }
  const auto mode = find("EC2_METADATA_SERVICE_ENDPOINT_MODE", environment, profile);
  const std::string word = mode ? base::lower_case(mode->text) : "ipv4";
  if (word == "ipv4") return std::string("http://169.254.169.254");
  if (word == "ipv6") return std::string("http://[fd00:ec2::254]");
  return Failure{mode->where + ": '" + mode->text + "' is neither IPv4 nor IPv6"};
}

MetadataError not_reached(const std::string& endpoint, const http::Error& error) {
  std::string message = endpoint + " does not answer";
  if (error.kind == http::Error::Kind::timeout && error.sent) {
    message += " (in a container on EC2, raise the instance's metadata hop limit to 2)";
  }
  return {.kind = Kind::absent, .message = std::move(message)};
}

bool may_pass(int status) { return status >= 500 || status == 429; }

}  // namespace

Result<MetadataSettings, std::string> metadata_settings(const Environment& environment, const Profile& profile) {
  MetadataSettings settings;
  settings.disabled = base::lower_case(environment.get("AWS_EC2_METADATA_DISABLED").value_or("")) == "true";
  auto base = find_base(environment, profile);
  if (!base) return Failure{std::move(base.error())};
  settings.endpoint = *std::move(base);
  const auto seconds = find_number("METADATA_SERVICE_TIMEOUT", kLongestTimeout, environment, profile);
  if (!seconds) return Failure{seconds.error()};
  settings.timeout = std::chrono::seconds(*seconds);
  const auto attempts = find_number("METADATA_SERVICE_NUM_ATTEMPTS", kMostAttempts, environment, profile);
  if (!attempts) return Failure{attempts.error()};
  settings.attempts = *attempts;
  return settings;
}

Result<std::string, MetadataError> InstanceMetadata::get(std::string_view item, const Call& call) {
  if (settings_.disabled) return Failure{MetadataError{Kind::absent, "AWS_EC2_METADATA_DISABLED is true"}};
  http::Request request;
  request.use_proxy = false;
  request.max_body_bytes = kMaxAnswer;
  if (token_.empty()) {
    request.method = "PUT";
    request.url = settings_.endpoint + "/latest/api/token";
    request.headers = {{"x-aws-ec2-metadata-token-ttl-seconds", kTokenSeconds}};
    auto token = ask(request, call);
    if (!token) {
      // Whoever has no tokens is no service of this kind, or it is turned off.
      if (token.error().kind == Kind::missing) token.error().kind = Kind::absent;
      return Failure{std::move(token.error())};
    }
    token_ = *std::move(token);
  }
  request.method = "GET";
  request.url = settings_.endpoint + "/latest/meta-data/" + std::string(item);
  request.headers = {{"x-aws-ec2-metadata-token", token_}};
  auto text = ask(request, call);
  // It gave a token a moment ago, so it is there.
  if (!text && text.error().kind == Kind::absent) text.error().kind = Kind::broken;
  return text;
}

Result<std::string, MetadataError> InstanceMetadata::ask(const http::Request& request, const Call& call) const {
  for (int attempts = 1;; ++attempts) {
    const auto answer = exchange_(request, at_most(call, settings_.timeout));
    const bool last = attempts >= settings_.attempts || call.stop.stop_requested();
    if (!answer) {
      if (last) return Failure{not_reached(settings_.endpoint, answer.error())};
      continue;
    }
    if (answer->status == 200 && !answer->body->empty()) return *answer->body;
    if (may_pass(answer->status) && !last) continue;
    MetadataError error{.kind = may_pass(answer->status) ? Kind::broken : Kind::missing,
                        .message = settings_.endpoint + " answered with HTTP status " + std::to_string(answer->status)};
    if (answer->status == 200) error.message = settings_.endpoint + " answered with nothing";
    return Failure{std::move(error)};
  }
}

Result<std::string, std::string> region_of_instance(const Environment& environment, const Profile& profile,
                                                    const Exchange& exchange) {
  auto settings = metadata_settings(environment, profile);
  if (!settings) return Failure{std::move(settings.error())};
  const std::string endpoint = settings->endpoint;
  InstanceMetadata metadata(*std::move(settings), exchange);
  auto region = metadata.get("placement/region", Call{});
  if (!region) return Failure{"EC2 instance metadata: " + region.error().message};
  if (!is_region_name(*region)) return Failure{"EC2 instance metadata: " + endpoint + " names no region"};
  return *std::move(region);
}

}  // namespace kcl::aws
