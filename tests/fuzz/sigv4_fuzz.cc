#include <algorithm>
#include <chrono>
#include <string>

#include "base/check.h"
#include "fuzz_target.h"
#include "wire/sigv4.h"

namespace kcl::fuzz {
namespace {

std::string_view take_line(std::string_view& input) {
  const std::string_view line = input.substr(0, input.find('\n'));
  input.remove_prefix(std::min(line.size() + 1, input.size()));
  return line;
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

}  // namespace

/// Lines: the path, the query, a session token, one header a line up to an empty one; the rest is the body.
void run_one(std::string_view input) {
  wire::RequestToSign request{.host = "kinesis.eu-west-1.amazonaws.com"};
  request.path = take_line(input);
  request.query = take_line(input);
  const wire::SigningCredentials credentials{"AKIDEXAMPLE", "secret", std::string(take_line(input))};
  for (std::string_view line = take_line(input); !line.empty(); line = take_line(input)) {
    const std::size_t colon = std::min(line.find(':'), line.size() - 1);
    request.headers.push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))});
  }
  request.body = input;

  wire::Signer signer("eu-west-1", "kinesis");
  const Timestamp now{std::chrono::milliseconds(1'795'381'140'762)};
  const auto sign = [&](const wire::RequestToSign& r) { return signer.sign(r, credentials, now); };
  const auto headers = sign(request);
  base::check(headers.size() == (credentials.session_token.empty() ? 2U : 3U), "the headers are all there");
  base::check(headers == sign(request), "signing again gives the same");

  wire::RequestToSign same = request;
  const std::string path = "/." + std::string(request.path.starts_with('/') ? "" : "/") + std::string(request.path);
  const std::string query = "&" + std::string(request.query) + "&";
  same.path = path;
  same.query = query;
  for (wire::HeaderField& header : same.headers) {
    header.name = upper(std::move(header.name));
    header.value = " \t" + header.value + " ";
  }
  base::check(headers == sign(same), "what HTTP calls the same request has the same signature");
}

}  // namespace kcl::fuzz
