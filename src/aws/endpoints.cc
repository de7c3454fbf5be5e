#include "aws/endpoints.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "base/ascii.h"

namespace kcl::aws {

namespace {

struct ServiceNames {
  /// In AWS_ENDPOINT_URL_<this>.
  std::string_view variable;
  /// In a services section.
  std::string_view section;
  /// In host names.
  std::string_view host;
};

ServiceNames names_of(Service service) {
  switch (service) {
    case Service::kinesis:
      return {"KINESIS", "kinesis", "kinesis"};
    case Service::dynamodb:
      return {"DYNAMODB", "dynamodb", "dynamodb"};
    case Service::cloudwatch:
      return {"CLOUDWATCH", "cloudwatch", "monitoring"};
    case Service::sts:
      return {"STS", "sts", "sts"};
    case Service::sso:
      return {"SSO", "sso", "portal.sso"};
    case Service::sso_oidc:
      return {"SSO_OIDC", "sso_oidc", "oidc"};
  }
  return {};
}

struct Partition {
  std::string_view region_prefix;
  std::string_view suffix;
  std::string_view dual_stack_suffix;
};

constexpr std::string_view kGovCloud = "us-gov-";

/// AWS partitions metadata (partitions.json of the SDKs). The last one takes every other region.
constexpr std::array<Partition, 8> kPartitions{{
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {kGovCloud, "amazonaws.com", "api.aws"},
    {"us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
    {"us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
    {"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    {"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"", "amazonaws.com", "api.aws"},
}};

// --- URLs ---

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/// Letters, digits, '-', '_' (Docker's names have it) and '.' between labels that are not empty.
bool is_host_name(std::string_view host) {
  const auto fits = [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; };
  return !host.empty() && host.size() <= 253 && host.front() != '.' && host.front() != '-' && host.back() != '.' &&
         host.find("..") == std::string_view::npos && std::all_of(host.begin(), host.end(), fits);
}

bool is_ipv6(std::string_view address) {
  in6_addr parsed{};
  // inet_pton() reads up to a NUL only.
  if (address.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos) return false;
  return ::inet_pton(AF_INET6, std::string(address).c_str(), &parsed) == 1;
}

bool is_plain_path(std::string_view path) {
  const auto fits = [](char c) {
    return is_alphanumeric(c) || std::string_view("-._~/").find(c) != std::string_view::npos;
  };
  return std::all_of(path.begin(), path.end(), fits) && path.find("//") == std::string_view::npos &&
         path.find("/.") == std::string_view::npos;
}

std::optional<int> port_of(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || text.front() == '-') return std::nullopt;
  return port >= 1 && port <= 65'535 ? std::optional(port) : std::nullopt;
}

struct Authority {
  std::string host;
  std::string_view port;
  bool valid = false;
};

/// "host", "host:port", "[::1]" or "[::1]:port"; the port may be empty.
Authority split(std::string_view authority) {
  std::size_t end = 0;
  Authority parts;
  if (authority.starts_with("[")) {
    end = authority.find(']');
    if (end == std::string_view::npos) return parts;
    parts.valid = is_ipv6(authority.substr(1, end - 1));
    ++end;
  } else {
    end = std::min(authority.find(':'), authority.size());
    parts.valid = is_host_name(authority.substr(0, end));
  }
  parts.host = base::lower_case(authority.substr(0, end));
  const std::string_view rest = authority.substr(end);
  parts.valid = parts.valid && (rest.empty() || (rest.front() == ':' && rest.size() > 1));
  if (!rest.empty()) parts.port = rest.substr(1);
  return parts;
}

Endpoint built(std::string_view scheme, std::string host, std::string path) {
  while (!path.empty() && path.back() == '/') path.pop_back();
  if (path.empty()) path = "/";
  std::string url(scheme);
  url.append("://").append(host).append(path);
  return {.url = std::move(url), .host = std::move(host), .path = std::move(path), .signing_region = {}};
}

// --- settings ---

/// A text and the place it came from.
struct Source {
  std::string text;
  std::string where;
};

std::optional<Source> from_environment(const std::string& variable, const Environment& environment) {
  auto text = environment.get(variable);
  return text ? std::optional(Source{*std::move(text), variable}) : std::nullopt;
}

std::optional<Source> from_profile(std::string_view key, const Profile& profile) {
  const Setting* setting = profile.find(key);
  return setting != nullptr ? std::optional(Source{setting->value, setting->where}) : std::nullopt;
}

std::optional<Source> from_services(std::string_view service, const Profile& profile) {
  const auto found = profile.services.find(service);
  if (found == profile.services.end()) return std::nullopt;
  const auto url = found->second.nested.find("endpoint_url");
  if (url == found->second.nested.end() || url->second.empty()) return std::nullopt;
  return Source{url->second, found->second.where};
}

struct SwitchNames {
  std::string variable;
  std::string_view key;
};

Result<bool, std::string> find_switch(const SwitchNames& names, const Environment& environment,
                                      const Profile& profile) {
  auto found = from_environment(names.variable, environment);
  if (!found) found = from_profile(names.key, profile);
  if (!found) return false;
  const std::string word = base::lower_case(found->text);
  if (word == "true" || word == "false") return word == "true";
  return Failure{found->where + ": '" + found->text + "' is neither true nor false"};
}

std::optional<Source> find_configured(std::string_view variable, std::string_view section,
                                      const Environment& environment, const Profile& profile) {
  auto found = from_environment("AWS_ENDPOINT_URL_" + std::string(variable), environment);
  if (!found) found = from_environment("AWS_ENDPOINT_URL", environment);
  if (!found) found = from_services(section, profile);
  if (!found) found = from_profile("endpoint_url", profile);
  return found;
}

struct Variant {
  bool fips = false;
  bool dual_stack = false;
};

Result<Variant, std::string> find_variant(const Environment& environment, const Profile& profile) {
  const auto fips = find_switch({"AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"}, environment, profile);
  if (!fips) return Failure{fips.error()};
  const auto dual_stack = find_switch({"AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"}, environment, profile);
  if (!dual_stack) return Failure{dual_stack.error()};
  return Variant{.fips = *fips, .dual_stack = *dual_stack};
}

/// In GovCloud the plain endpoints are the FIPS endpoints, except some over dual stack.
bool has_fips_name(Service service, const std::string& region, bool dual_stack) {
  if (!region.starts_with(kGovCloud)) return true;
  return dual_stack && service != Service::cloudwatch;
}

/// The regions whose requests went to one endpoint once, and still do where `legacy` is asked for.
constexpr std::array<std::string_view, 15> kOnceGlobal{
    "ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
    "eu-central-1",   "eu-north-1", "eu-west-1",      "eu-west-2",      "eu-west-3",
    "sa-east-1",      "us-east-1",  "us-east-2",      "us-west-1",      "us-west-2"};

Endpoint global_sts() {
  Endpoint endpoint = built("https", "sts.amazonaws.com", "");
  endpoint.signing_region = "us-east-1";
  return endpoint;
}

Result<bool, std::string> wants_legacy_sts(const Environment& environment, const Profile& profile) {
  auto found = from_environment("AWS_STS_REGIONAL_ENDPOINTS", environment);
  if (!found) found = from_profile("sts_regional_endpoints", profile);
  if (!found) return false;
  const std::string word = base::lower_case(found->text);
  if (word == "legacy" || word == "regional") return word == "legacy";
  return Failure{found->where + ": '" + found->text + "' is neither regional nor legacy"};
}

Endpoint of_region(Service service, const std::string& region, Variant variant) {
  const auto of = [&](const Partition& partition) { return region.starts_with(partition.region_prefix); };
  const Partition& partition = *std::find_if(kPartitions.begin(), kPartitions.end(), of);
  std::string host(names_of(service).host);
  if (variant.fips && has_fips_name(service, region, variant.dual_stack)) host += "-fips";
  host += "." + region + ".";
  host += variant.dual_stack ? partition.dual_stack_suffix : partition.suffix;
  return built("https", std::move(host), "");
}

}  // namespace

std::string signing_name(Service service) {
  switch (service) {
    case Service::kinesis:
      return "kinesis";
    case Service::dynamodb:
      return "dynamodb";
    case Service::cloudwatch:
      return "monitoring";
    case Service::sts:
      return "sts";
    case Service::sso:
    case Service::sso_oidc:
      break;  // takes bearer tokens
  }
  return {};
}

std::string signing_region(const Endpoint& endpoint, const std::string& region) {
  return endpoint.signing_region.empty() ? region : endpoint.signing_region;
}

Result<Endpoint, std::string> parse_endpoint(std::string_view url, const std::string& where) {
  const auto wrong = [&where](const char* what) { return Failure{where + ": " + what}; };
  const std::size_t colon = url.find("://");
  const std::string scheme = base::lower_case(url.substr(0, std::min(colon, url.size())));
  if (colon == std::string_view::npos || (scheme != "http" && scheme != "https")) {
    return wrong("an endpoint begins with http:// or https://");
  }
  const std::string_view rest = url.substr(colon + 3);
  if (rest.find_first_of("?#") != std::string_view::npos) return wrong("an endpoint has no query and no fragment");
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view authority = rest.substr(0, slash);
  if (authority.find('@') != std::string_view::npos) return wrong("an endpoint has no user name and no password");
  Authority parts = split(authority);
  if (!parts.valid) return wrong("an endpoint has a host and maybe a port, as in http://localhost:4566");
  if (!is_plain_path(rest.substr(slash))) return wrong("an endpoint's path has only letters, digits, '-', '_' and '/'");
  if (!parts.port.empty()) {
    const auto port = port_of(parts.port);
    if (!port) return wrong("a port is a number from 1 to 65535");
    if (*port != (scheme == "https" ? 443 : 80)) parts.host += ":" + std::to_string(*port);
  }
  return built(scheme, std::move(parts.host), std::string(rest.substr(slash)));
}

Result<Endpoint, std::string> find_endpoint(const EndpointRequest& request, const Environment& environment,
                                            const Profile& profile) {
  const ServiceNames names = names_of(request.service);
  if (!request.configured.empty()) return parse_endpoint(request.configured, request.configured_by);
  const auto ignored =
      find_switch({"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls"}, environment, profile);
  if (!ignored) return Failure{ignored.error()};
  const auto variant = find_variant(environment, profile);
  if (!variant) return Failure{variant.error()};

  std::optional<Source> url;
  if (!*ignored) url = find_configured(names.variable, names.section, environment, profile);
  if (!url && request.service == Service::sts) {
    const auto legacy = wants_legacy_sts(environment, profile);
    if (!legacy) return Failure{legacy.error()};
    const bool plain = !variant->fips && !variant->dual_stack;
    const bool once_global = std::ranges::find(kOnceGlobal, request.region) != kOnceGlobal.end();
    if (request.region.empty() && !plain) {
      return Failure{std::string("FIPS and dual-stack endpoints of STS are those of a region: set AWS_REGION")};
    }
    if (request.region.empty() || (*legacy && plain && once_global)) return global_sts();
  }
  if (!url) return of_region(request.service, request.region, *variant);
  if (variant->fips || variant->dual_stack) {
    return Failure{url->where +
                   ": an endpoint of your own cannot be had as FIPS or dual-stack endpoint; unset one of "
                   "AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT and this URL"};
  }
  return parse_endpoint(url->text, url->where);
}

}  // namespace kcl::aws
