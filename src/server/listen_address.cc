#include "server/listen_address.h"

#include <charconv>

namespace kcl::server {

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  ListenAddress listen;
  std::string_view port = text;
  if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
    std::string_view address = text.substr(0, colon);
    const bool bracketed = address.starts_with('[') && address.ends_with(']');
    if (bracketed) address = address.substr(1, address.size() - 2);
    // An IPv6 address without brackets does not tell where it ends.
    if (address.empty() || bracketed != (address.find(':') != std::string_view::npos)) return std::nullopt;
    listen.address = address == "localhost" ? "127.0.0.1" : address;
    port = text.substr(colon + 1);
  }
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), listen.port);
  if (port.empty() || error != std::errc() || end != port.data() + port.size()) return std::nullopt;
  return listen;
}

}  // namespace kcl::server
