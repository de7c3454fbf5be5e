// Where a server listens, as people write it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kcl::server {

struct ListenAddress {
  /// IPv4 or IPv6.
  std::string address = "127.0.0.1";
  /// 0: a free one.
  std::uint16_t port = 0;
};

/// "9464", "127.0.0.1:9464", "localhost:9464", "[::1]:9464", "0.0.0.0:0". Nothing for what is none; whether the address
/// is one shows when a server is to listen there.
std::optional<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace kcl::server
