#include "http/transport.h"

#include <curl/curl.h>

#include <algorithm>

namespace kcl::http {

Transport transport() {
  const curl_version_info_data& info = *curl_version_info(CURLVERSION_NOW);
  Transport transport{.curl = info.version, .tls = "no TLS"};
  if (info.ssl_version != nullptr) {
    transport.tls = info.ssl_version;
    std::ranges::replace(transport.tls, '/', ' ');
  }
  transport.http2 = (info.features & CURL_VERSION_HTTP2) != 0;
  return transport;
}

}  // namespace kcl::http
