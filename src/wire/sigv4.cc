#include "wire/sigv4.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <optional>

#include "base/ascii.h"
#include "base/sha256.h"

namespace kcl::wire {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

/// RFC 3986's unreserved characters, whatever the locale.
bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

std::string uri_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_unreserved(c)) {
      encoded += c;
    } else {
      encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return encoded;
}

std::optional<unsigned> hex_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  return std::nullopt;
}

/// A '%' that begins no escape stands for itself.
std::string uri_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto high = text[at] == '%' && at + 2 < text.size() ? hex_value(text[at + 1]) : std::nullopt;
    const auto low = high ? hex_value(text[at + 2]) : std::nullopt;
    decoded += low ? static_cast<char>(*high << 4 | *low) : text[at];
    if (low) at += 2;
  }
  return decoded;
}

/// Cuts `text` at its first `separator` and gives what stands before it; `text` keeps what stands behind.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return taken;
}

std::string canonical_path(std::string_view path) {
  std::vector<std::string_view> segments;
  const bool is_folder = path.ends_with('/');
  while (!path.empty()) {
    const std::string_view segment = take_until(path, '/');
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
  }
  std::string canonical;
  for (const std::string_view segment : segments) canonical += "/" + uri_encoded(segment);
  if (is_folder || segments.empty()) canonical += '/';
  return canonical;
}

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    std::string_view value = take_until(query, '&');
    if (value.empty()) continue;
    const std::string_view name = take_until(value, '=');
    parameters.emplace_back(uri_encoded(uri_decoded(name)), uri_encoded(uri_decoded(value)));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string canonical;
  for (const auto& [name, value] : parameters) {
    if (!canonical.empty()) canonical += '&';
    canonical.append(name).append("=").append(value);
  }
  return canonical;
}

/// Without blanks at either end, and with one for each run of them inside.
std::string collapsed(std::string_view text) {
  std::string collapsed;
  bool blank = false;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      blank = !collapsed.empty();
      continue;
    }
    if (blank) collapsed += ' ';
    blank = false;
    collapsed += c;
  }
  return collapsed;
}

/// Names in lower case, sorted, each once.
using CanonicalHeaders = std::map<std::string, std::string>;

void add(CanonicalHeaders& headers, std::string_view name, std::string_view value) {
  const auto [header, first] = headers.try_emplace(base::lower_case(name));
  header->second += (first ? "" : ",") + collapsed(value);
}

std::string names_of(const CanonicalHeaders& headers) {
  std::string names;
  for (const auto& header : headers) names += (names.empty() ? "" : ";") + header.first;
  return names;
}

std::string canonical_request(const RequestToSign& request, const CanonicalHeaders& headers) {
  std::string text(request.method);
  text += "\n" + canonical_path(request.path) + "\n" + canonical_query(request.query) + "\n";
  for (const auto& [name, value] : headers) text.append(name).append(":").append(value).append("\n");
  return text + "\n" + names_of(headers) + "\n" + base::hex(base::sha256(request.body));
}

/// "20150830T123600Z".
std::string basic_iso8601(Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  std::array<char, 48> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%04d%02u%02uT%02d%02d%02dZ", int{date.year()}, unsigned{date.month()},
                    unsigned{date.day()}, static_cast<int>(clock.hours().count()),
                    static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace

const std::string& Signer::key_of(const std::string& day, const std::string& secret) {
  if (day != key_day_ || secret != key_secret_) {
    const std::string of_day = base::hmac_sha256("AWS4" + secret, day);
    const std::string of_region = base::hmac_sha256(of_day, region_);
    const std::string of_service = base::hmac_sha256(of_region, service_);
    key_ = base::hmac_sha256(of_service, "aws4_request");
    key_day_ = day;
    key_secret_ = secret;
  }
  return key_;
}

std::vector<HeaderField> Signer::sign(const RequestToSign& request, const SigningCredentials& credentials,
                                      Timestamp now) {
  const std::string time = basic_iso8601(now);
  const std::string day = time.substr(0, time.find('T'));
  const std::string scope = day + "/" + region_ + "/" + service_ + "/aws4_request";

  std::vector<HeaderField> added{{"X-Amz-Date", time}};
  if (!credentials.session_token.empty()) added.push_back({"X-Amz-Security-Token", credentials.session_token});

  CanonicalHeaders headers;
  add(headers, request.host_name, request.host);
  for (const HeaderField& header : request.headers) add(headers, header.name, header.value);
  for (const HeaderField& header : added) add(headers, header.name, header.value);

  const std::string to_sign = std::string(kAlgorithm) + "\n" + time + "\n" + scope + "\n" +
                              base::hex(base::sha256(canonical_request(request, headers)));
  const std::string signature = base::hex(base::hmac_sha256(key_of(day, credentials.secret_access_key), to_sign));
  added.push_back({"Authorization", std::string(kAlgorithm) + " Credential=" + credentials.access_key_id + "/" + scope +
                                        ", SignedHeaders=" + names_of(headers) + ", Signature=" + signature});
  return added;
}

}  // namespace kcl::wire
