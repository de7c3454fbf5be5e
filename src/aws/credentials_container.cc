// The place of a container's credentials in the chain: ECS tasks and EKS Pod Identity.
// Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "aws/credentials.h"
#include "aws/small_file.h"
#include "base/ascii.h"
#include "base/text.h"
#include "wire/aws_error.h"
#include "wire/credentials_json.h"

namespace kcl::aws {

namespace {

constexpr const char* kRelative = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
constexpr const char* kFull = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
constexpr const char* kTokenFile = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
constexpr const char* kToken = "AWS_CONTAINER_AUTHORIZATION_TOKEN";

constexpr std::size_t kMaxToken = 64U << 10U;
constexpr std::size_t kMaxAnswer = 64U << 10U;
constexpr std::chrono::seconds kTimeout{5};

bool is_loopback(const std::string& host) {
  in_addr v4{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24U) == 127;
  in6_addr v6{};
  return ::inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6) != 0;
}

/// Those that the credentials of ECS and EKS come from, and this host. A name would be looked up by whoever answers.
bool may_be_asked_in_the_clear(const std::string& host) {
  constexpr std::array<std::string_view, 4> kHosts{"169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost"};
  return std::ranges::find(kHosts, host) != kHosts.end() || is_loopback(host);
}

struct Target {
  std::string url;
  bool encrypted = false;
};

/// The url, or what is wrong with it.
Result<Target, std::string> checked(const std::string& url) {
  const auto wrong = [](const char* what) { return Failure{std::string(kFull) + ": " + what}; };
  const std::size_t colon = std::min(url.find("://"), url.size());
  const std::string scheme = base::lower_case(url.substr(0, colon));
  if (scheme != "http" && scheme != "https") return wrong("it begins with neither http:// nor https://");
  const std::size_t begin = colon + 3;
  const std::string authority = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  constexpr std::string_view kFits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:[]";
  if (authority.find_first_not_of(kFits) != std::string::npos) return wrong("its host cannot be read");
  const std::size_t bracket = authority.find(']');
  const bool is_v6 = authority.starts_with('[') && bracket != std::string::npos;
  const std::string host =
      base::lower_case(is_v6 ? authority.substr(1, bracket - 1) : authority.substr(0, authority.find(':')));
  const char after = is_v6 && bracket + 1 < authority.size() ? authority[bracket + 1] : ':';
  if (host.empty() || after != ':') return wrong("it has no host that can be read");
  if (scheme == "http" && !may_be_asked_in_the_clear(host)) {
    return wrong("over http only loopback, 169.254.170.2, 169.254.170.23 and [fd00:ec2::23] are asked; use https");
  }
  return Target{.url = url, .encrypted = scheme == "https"};
}

class ContainerPlace : public CredentialsPlace {
 public:
  explicit ContainerPlace(ProviderContext context) : context_(std::move(context)) {}

  Answer ask(const Call& call) override {
    const auto relative = context_.environment.get(kRelative);
    const auto full = context_.environment.get(kFull);
    if (!relative && !full) return {std::nullopt, std::string(kRelative) + " and " + kFull + " not set"};
    if (relative && !relative->starts_with('/'))
      return {unusable(std::string(kRelative) + ": it begins with no '/'"), ""};
    auto target = relative ? Target{.url = "http://169.254.170.2" + *relative, .encrypted = false} : checked(*full);
    if (!target) return {unusable(std::move(target.error())), ""};
    return {fetch(*target, relative ? kRelative : kFull, call), ""};
  }

 private:
  CredentialsResult fetch(const Target& target, const std::string& variable, const Call& call) const {
    http::Request request;
    request.method = "GET";
    request.url = target.url;
    request.headers = {{"Accept", "application/json"}};
    request.max_body_bytes = kMaxAnswer;
    request.use_proxy = target.encrypted;
    auto token = find_token();
    if (!token) return unusable(std::move(token.error()));
    if (!token->empty()) request.headers.push_back({"Authorization", *std::move(token)});

    const std::string who = "the container's credentials (" + variable + "): ";
    const auto answer = context_.exchange(std::move(request), at_most(call, kTimeout));
    if (!answer) return unavailable(who + answer.error().message);
    if (answer->status != 200) {
      const wire::ErrorAnswer told{
          .status = answer->status, .content_type = {}, .error_type = {}, .body = *answer->body, .quotable = false};
      const wire::AwsError error = wire::parse_aws_error(told);
      const std::string message = who + (error.code.empty() ? "" : error.code + ": ") + error.message;
      return answer->status >= 500 || answer->status == 429 ? unavailable(message) : unusable(message);
    }
    auto credentials = wire::decode_local_credentials(*answer->body);
    if (!credentials) return unavailable(who + credentials.error());
    credentials->source = "the container's service (" + variable + ")";
    return *std::move(credentials);
  }

  /// Empty when there is none. Read each time: EKS replaces it.
  Result<std::string, std::string> find_token() const {
    std::string token;
    std::string where = kToken;
    if (const auto file = context_.environment.get(kTokenFile)) {
      where = *file + " (" + kTokenFile + ")";
      auto text = read_small_file(*file, kMaxToken);
      if (!text) return Failure{where + " cannot be read: " + base::error_text(text.error())};
      if (text->empty()) return Failure{where + " is empty"};
      token = *std::move(text);
    } else {
      token = context_.environment.get(kToken).value_or("");
    }
    const auto fits = [](char c) { return c == '\t' || (c >= ' ' && c <= '~'); };
    if (std::ranges::all_of(token, fits)) return token;
    return Failure{where + " holds a line end or another character that no header may have"};
  }

  const ProviderContext context_;
};

}  // namespace

std::unique_ptr<CredentialsPlace> container_place(ProviderContext context) {
  return std::make_unique<ContainerPlace>(std::move(context));
}

}  // namespace kcl::aws
