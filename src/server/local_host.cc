#include "server/local_host.h"

#include <arpa/inet.h>

#include <string>

#include "base/ascii.h"

namespace kcl::server {

namespace {

/// Without the port, and without the brackets of an IPv6 address.
std::string_view name_of(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

bool is_address(const std::string& name) {
  in_addr v4{};
  in6_addr v6{};
  return ::inet_pton(AF_INET, name.c_str(), &v4) == 1 || ::inet_pton(AF_INET6, name.c_str(), &v6) == 1;
}

}  // namespace

bool names_this_host(std::string_view host) {
  constexpr std::string_view kLocal = "localhost";
  const std::string_view name = name_of(host);
  if (name.empty() || is_address(std::string(name))) return true;
  if (name.size() < kLocal.size()) return false;
  const std::string_view top = name.substr(name.size() - kLocal.size());
  const bool whole_label = name.size() == kLocal.size() || name[name.size() - kLocal.size() - 1] == '.';
  return whole_label && base::equal_ignoring_case(top, kLocal);
}

}  // namespace kcl::server
