#include "version/version.h"

#include <string_view>

#include "http/transport.h"

// Made anew with each build, by cmake/Commit.cmake; so nothing else includes it.
#include "version/commit.h"

namespace kclpp {

std::string version_text() {
  const kcl::http::Transport transport = kcl::http::transport();
  std::string text = std::string("kclpp ") + KCLPP_VERSION + '\n';
  if (!std::string_view(KCLPP_COMMIT).empty()) text += std::string("commit ") + KCLPP_COMMIT + '\n';
  return text + "libcurl " + transport.curl + ", " + transport.tls + (transport.http2 ? ", HTTP/2" : ", no HTTP/2");
}

}  // namespace kclpp
