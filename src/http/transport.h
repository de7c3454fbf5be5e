// Which libraries carry requests, for people: those that are loaded, which need not be those of the build.
#pragma once

#include <string>

namespace kcl::http {

struct Transport {
  /// "7.88.1".
  std::string curl;
  /// "OpenSSL 3.0.17"; "no TLS".
  std::string tls;
  /// Without it enhanced fan-out takes a connection for each shard.
  bool http2 = false;
};

/// Makes no call and starts nothing. Any thread.
Transport transport();

}  // namespace kcl::http
