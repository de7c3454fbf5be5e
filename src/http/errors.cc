#include "http/errors.h"

#include <string>
#include <utility>

namespace kcl::http {
namespace {

using Kind = Error::Kind;

std::string seconds(std::chrono::milliseconds time) {
  const auto count = time.count();
  const std::string fraction = std::to_string(1'000 + count % 1'000).substr(1);
  return std::to_string(count / 1'000) + "." + fraction + " s";
}

/// libcurl quotes what it could not read, a proxy's url with its password among it: such words are not passed on.
std::string words_of(const Failed& failed) {
  const bool quotes_a_secret = failed.detail.find('@') != std::string_view::npos;
  if (failed.detail.empty() || quotes_a_secret) return curl_easy_strerror(failed.code);
  std::string text(failed.detail);
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  text.erase(text.find_last_not_of(" .") + 1);
  return text;
}

bool is_tls(CURLcode code) {
  switch (code) {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
      return true;
    default:
      return false;
  }
}

bool proxy_refused(const Failed& failed) {
  return failed.stage < Stage::sent && failed.proxy_status != 0 && failed.proxy_status / 100 != 2;
}

Kind kind_of(const Failed& failed) {
  const bool sent = failed.stage >= Stage::sent;
  if (failed.cut == Cut::body_too_long || failed.code == CURLE_FILESIZE_EXCEEDED) return Kind::too_large;
  if (failed.cut != Cut::none) return Kind::broken;
  if (proxy_refused(failed)) return Kind::unreachable;
  if (failed.code == CURLE_PEER_FAILED_VERIFICATION) return Kind::untrusted;
  if (is_tls(failed.code) && !sent) return Kind::tls;
  switch (failed.code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_LOGIN_DENIED:
      return Kind::bad_request;
    case CURLE_COULDNT_RESOLVE_HOST:
      return Kind::unresolved;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
      return Kind::unreachable;
    case CURLE_ABORTED_BY_CALLBACK:
      return Kind::cancelled;
    case CURLE_OPERATION_TIMEDOUT:
      return failed.stage == Stage::resolving ? Kind::unresolved : Kind::unreachable;
    default:
      break;
  }
  if (is_tls(failed.code)) return Kind::tls;
  return sent ? Kind::broken : Kind::unreachable;
}

std::string message_for(Kind kind, const Failed& failed) {
  const std::string target(failed.target);
  const std::string words = words_of(failed);
  switch (kind) {
    case Kind::bad_request:
      return "the request to " + target + " cannot be sent: " + words;
    case Kind::unresolved:
      return "no address for the host of " + target + ": " + words +
             "; look at the endpoint's name, the region and the name servers";
    case Kind::unreachable:
      if (proxy_refused(failed)) {
        return "no connection to " + target + ": the proxy " + std::string(failed.peer) + " answered with status " +
               std::to_string(failed.proxy_status) + "; look at https_proxy, its user and its password, and no_proxy";
      }
      if (failed.code == CURLE_OPERATION_TIMEDOUT) {
        return "no connection to " + target + " within " + seconds(failed.connect_timeout) + ": " + words +
               "; look at the endpoint, firewalls, security groups and proxies";
      }
      return "no connection to " + target + ": " + words +
             "; look at the endpoint, and at http_proxy, https_proxy and no_proxy if they are set";
    case Kind::untrusted:
    case Kind::tls:
      return "no trusted connection to " + target + ": " + words +
             "; look at the endpoint: whether it speaks TLS, its name, its certificate, and the CA file";
    case Kind::too_large:
      return "the answer of " + target + " is longer than " + std::to_string(failed.max_body_bytes) + " bytes";
    case Kind::cancelled:
      return "the request to " + target + " was cancelled";
    case Kind::timeout:
    case Kind::broken:
      break;
  }
  if (failed.cut == Cut::headers_too_long) return "the headers of the answer of " + target + " have no end";
  if (failed.cut == Cut::no_memory) return "no memory for the answer of " + target;
  if (failed.cut == Cut::second_copy) return "the connection to " + target + " ended before an answer began";
  if (failed.cut == Cut::no_known_end) {
    return "the answer of " + target + " may be cut short: the connection ended, and it had not said how long it is";
  }
  if (failed.code == CURLE_UNSUPPORTED_PROTOCOL)
    return "what answers at " + target + " is no HTTP; look at the endpoint";
  return "the exchange with " + target + " broke off: " + words;
}

}  // namespace

Error explain(const Failed& failed) {
  const Kind kind = kind_of(failed);
  return {.kind = kind, .sent = failed.stage >= Stage::sent, .message = message_for(kind, failed)};
}

Error explain_timeout(std::string_view target, Stage stage, std::chrono::milliseconds waited) {
  const std::string head = "no answer from " + std::string(target) + " within " + seconds(waited) + ": ";
  const auto tail = [&]() -> std::string {
    switch (stage) {
      case Stage::queued:
        return "the request still waited for a free connection";
      case Stage::resolving:
        return "the host's address was still being looked up; look at the name servers";
      case Stage::connecting:
        return "there was no connection yet; look at the endpoint, firewalls, security groups and proxies";
      case Stage::sent:
      case Stage::cancelled:
        break;
    }
    return "the request was sent, and its answer did not come, or not to its end";
  };
  return {.kind = Kind::timeout, .sent = stage >= Stage::sent, .message = head + tail()};
}

Error explain_silence(std::string_view target, std::chrono::milliseconds waited) {
  return {.kind = Error::Kind::timeout,
          .sent = true,
          .message = "nothing came from " + std::string(target) + " for " + seconds(waited)};
}

}  // namespace kcl::http
