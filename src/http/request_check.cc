#include "http/request_check.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string_view>

#include "base/ascii.h"

namespace kcl::http {
namespace {

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

Failure<Error> bad_request(std::string message) {
  return {{.kind = Error::Kind::bad_request, .sent = false, .message = std::move(message)}};
}

/// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  const auto fits = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), fits);
}

/// RFC 9110, 5.5: no line ends, no other control characters but tabs.
bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

/// These say how the body is cut out of the stream: the client's own.
bool is_framing(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kFraming{"content-length", "transfer-encoding", "connection",
                                                            "expect", "te"};
  return std::any_of(kFraming.begin(), kFraming.end(),
                     [&](std::string_view framing) { return base::equal_ignoring_case(name, framing); });
}

std::optional<std::string> part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return std::nullopt;
  const std::unique_ptr<char, decltype(&curl_free)> owned(text, &curl_free);
  return std::string(text);
}

/// What may be shown of a url that could not be read.
std::string shown(const std::string& url) {
  constexpr std::size_t kLongest = 100;
  if (url.find('@') != std::string::npos) return "the url";
  return "the url \"" + url.substr(0, std::min(url.find('?'), kLongest)) + "\"";
}

Result<std::string, Error> target_of(const std::string& text) {
  const Url url(curl_url(), &curl_url_cleanup);
  const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME);
  if (code != CURLUE_OK || text.find('\0') != std::string::npos) {
    return bad_request(shown(text) + " cannot be read: " + curl_url_strerror(code) + "; look at the endpoint");
  }
  const auto scheme = part_of(url.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    return bad_request(shown(text) + " is neither http:// nor https://; look at the endpoint");
  }
  const std::string target = part_of(url.get(), CURLUPART_HOST).value_or("") + ":" +
                             part_of(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT).value_or("");
  if (part_of(url.get(), CURLUPART_USER) || part_of(url.get(), CURLUPART_PASSWORD)) {
    return bad_request("the url for " + target + " holds a user or a password; take them out of the endpoint");
  }
  return target;
}

}  // namespace

Result<std::string, Error> check_request(const Request& request) {
  auto target = target_of(request.url);
  if (!target) return target;
  const std::string of_request = " of a request to " + *target + " ";
  if (!is_token(request.method)) return bad_request("the method" + of_request + "is not a word of HTTP");
  for (const Header& header : request.headers) {
    if (!is_token(header.name)) return bad_request("the name of a header" + of_request + "is not a word of HTTP");
    if (is_framing(header.name)) {
      return bad_request("the header " + header.name + of_request + "is the client's to set; leave it out");
    }
    if (!is_field_value(header.value)) {
      return bad_request("the header " + header.name + of_request + "holds a line end or another control character");
    }
  }
  return target;
}

}  // namespace kcl::http
