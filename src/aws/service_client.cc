#include "aws/service_client.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "aws/service_errors.h"
#include "base/backoff.h"
#include "base/wait.h"
#include "wire/aws_error.h"
#include "wire/http_date.h"

namespace kcl::aws {

using base::BootTime;
using base::Task;
using std::chrono::milliseconds;

namespace {

constexpr int kMaxAttempts = 4;
constexpr base::Duration kShortestAttempt = std::chrono::seconds(1);
constexpr base::Duration kFirstBackoff = milliseconds(50);
constexpr base::Duration kLongestBackoff = std::chrono::seconds(2);

// AWS takes signatures that are up to five minutes off; a Date header that is closer than this explains no refusal.
constexpr milliseconds kNoticeableSkew = std::chrono::minutes(4);

// The name that a signature is made for.
std::string signing_name(Service service) {
  switch (service) {
    case Service::kinesis:
      return "kinesis";
    case Service::dynamodb:
      return "dynamodb";
    case Service::cloudwatch:
      return "monitoring";
    case Service::sts:
      return "sts";
  }
  return {};
}

bool has_crc_error(const http::Response& response) {
  const std::string* header = response.header("x-amz-crc32");
  if (header == nullptr) return false;
  std::uint32_t expected = 0;
  const auto [end, error] = std::from_chars(header->data(), header->data() + header->size(), expected);
  if (error != std::errc() || end != header->data() + header->size()) return true;
  const auto* bytes = reinterpret_cast<const Bytef*>(response.body->data());
  return ::crc32_z(0, bytes, response.body->size()) != expected;
}

std::string_view value_of(const http::Response& response, std::string_view name) {
  const std::string* header = response.header(name);
  return header != nullptr ? std::string_view(*header) : std::string_view();
}

}  // namespace

struct ServiceClient::Attempt {
  ports::Timing timing;
  std::optional<CallAnswer> answer;
  CallError error;
  ErrorMeaning meaning;
  /// The answer's Date header.
  std::optional<Timestamp> date;
  /// What it was signed with, and for when. Absent when there were no credentials.
  std::optional<Credentials> signed_with;
  Timestamp signed_at{};
};

ServiceClient::ServiceClient(base::Loop& loop, base::Random& random, http::Client& http,
                             AwaitedCredentials& credentials, Options options)
    : loop_(loop),
      random_(random),
      http_(http),
      credentials_(credentials),
      options_(std::move(options)),
      signer_(options_.region, signing_name(options_.service)) {}

ServiceClient::Reply ServiceClient::call(Request request, BootTime deadline) {
  using Outcome = ports::Answer<Result<CallAnswer, CallError>>;
  base::Backoff backoff(kFirstBackoff, kLongestBackoff);
  base::Stop never;
  bool renewed = false;
  bool corrected = false;
  for (int attempts = 1;; ++attempts) {
    // Silence is met with another try, where that is harmless and there is time for one.
    BootTime by = deadline;
    if (request.repeatable && attempts < kMaxAttempts) {
      by = std::min(by, loop_.now() + std::max((deadline - loop_.now()) / 2, kShortestAttempt));
    }
    Attempt done = co_await attempt(request, by);
    if (done.answer) co_return Outcome{*std::move(done.answer), done.timing};

    if (done.meaning.credentials_expired && !std::exchange(renewed, true)) {
      credentials_.invalidate(*done.signed_with);
      continue;
    }
    if (done.meaning.clock_suspected && !std::exchange(corrected, true) && learn_clock(done)) continue;

    const bool passing = done.error.kind == CallError::Kind::unavailable ||
                         (done.error.kind == CallError::Kind::throttled && request.retry_when_throttled);
    const bool harmless = request.repeatable || done.error.not_done;
    const BootTime again = loop_.now() + backoff.next(random_);
    if (!passing || !harmless || attempts >= kMaxAttempts || again >= deadline) {
      co_return Outcome{Failure{std::move(done.error)}, done.timing};
    }
    co_await base::sleep_until(loop_, again, never);
  }
}

Task<ServiceClient::Attempt> ServiceClient::attempt(const Request& request, BootTime deadline) {
  Attempt done;
  done.timing.sent = done.timing.received = loop_.now();
  auto credentials = co_await credentials_.get(deadline);
  if (!credentials) {
    done.timing.received = loop_.now();
    done.error.kind = credentials.error().retryable ? CallError::Kind::unavailable : CallError::Kind::denied;
    done.error.not_done = true;
    done.error.message = credentials.error().message;
    co_return done;
  }
  done.signed_with = *std::move(credentials);
  done.signed_at = loop_.wall() + clock_offset_;

  http::Request signed_one = signed_request(request, *done.signed_with, done.signed_at);
  auto sent = co_await http_.send(std::move(signed_one), deadline);
  done.timing = sent.timing;
  if (!sent.value) {
    if (sent.value.error().kind == http::Error::Kind::untrusted) done.error.kind = CallError::Kind::untrusted;
    done.error.not_done = !sent.value.error().sent;
    done.error.message = std::move(sent.value.error().message);
    co_return done;
  }
  http::Response& response = *sent.value;
  done.date = wire::parse_http_date(value_of(response, "date"));
  done.timing.server_time = done.date.value_or(loop_.wall());
  if (has_crc_error(response)) {
    done.error.message = options_.endpoint.host + ": the answer was damaged on the way (its CRC-32 does not match)";
    co_return done;
  }
  const std::string_view content_type = value_of(response, "content-type");
  if (response.status == 200) {
    done.answer = CallAnswer{std::move(response.body), std::string(content_type)};
    co_return done;
  }
  wire::ErrorAnswer told;
  told.status = response.status;
  told.content_type = content_type;
  told.error_type = value_of(response, "x-amzn-errortype");
  told.body = *response.body;
  wire::AwsError error = wire::parse_aws_error(told);
  done.meaning = meaning_of(response.status, error.code);
  done.error.kind = done.meaning.kind;
  done.error.not_done = done.meaning.not_done;
  done.error.message = options_.endpoint.host + ": ";
  if (!error.code.empty()) done.error.message += error.code + ": ";
  done.error.message += error.message;
  done.error.message += advice_on(done.meaning);
  done.error.code = std::move(error.code);
  done.error.item = std::move(error.item);
  co_return done;
}

http::Request ServiceClient::signed_request(const Request& request, const Credentials& credentials, Timestamp at) {
  wire::RequestToSign to_sign;
  to_sign.host = options_.endpoint.host;
  to_sign.path = options_.endpoint.path;
  to_sign.body = request.body;
  to_sign.headers = {{"Content-Type", std::string(request.content_type)},
                     {"X-Amz-Target", std::string(request.target)}};
  const wire::SigningCredentials secrets{credentials.access_key_id, credentials.secret_access_key,
                                         credentials.session_token};
  http::Request ready;
  ready.url = options_.endpoint.url;
  ready.headers.push_back({"Host", options_.endpoint.host});
  for (auto& [name, value] : to_sign.headers) ready.headers.push_back({name, value});
  for (auto& [name, value] : signer_.sign(to_sign, secrets, at)) {
    ready.headers.push_back({std::move(name), std::move(value)});
  }
  ready.body = request.body;
  ready.max_body_bytes = request.max_answer_bytes;
  // A second copy would be answered for the first: refused because that was applied, or throttled as if it were not.
  ready.send_once = !request.repeatable;
  return ready;
}

/// True when the clocks differ by so much that it explains why the signature was refused.
bool ServiceClient::learn_clock(const Attempt& failed) {
  if (!failed.date) return false;
  const auto skew = std::chrono::abs(*failed.date - failed.signed_at);
  if (skew < kNoticeableSkew) return false;
  clock_offset_ = *failed.date - loop_.wall();
  return true;
}

}  // namespace kcl::aws
