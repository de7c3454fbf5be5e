#include "aws/service_client.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "aws/service_errors.h"
#include "base/backoff.h"
#include "base/crc32.h"
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

bool has_crc_error(const http::Response& response) {
  const std::string* header = response.header("x-amz-crc32");
  if (header == nullptr) return false;
  std::uint32_t expected = 0;
  const auto [end, error] = std::from_chars(header->data(), header->data() + header->size(), expected);
  if (error != std::errc() || end != header->data() + header->size()) return true;
  return base::crc32(*response.body) != expected;
}

std::string_view value_of(const http::Response& response, std::string_view name) {
  const std::string* header = response.header(name);
  return header != nullptr ? std::string_view(*header) : std::string_view();
}

}  // namespace

struct ServiceClient::Attempt {
  ports::Timing timing;
  std::optional<CallAnswer> answer;
  std::unique_ptr<http::BodyStream> stream;
  CallError error;
  ErrorMeaning meaning;
  /// The answer's Date header.
  std::optional<Timestamp> date;
  /// What it was signed with, and for when. Absent when there were no credentials.
  std::optional<Credentials> signed_with;
  Timestamp signed_at{};
};

/// What was tried already to make the service take our signature.
struct ServiceClient::Mended {
  bool credentials = false;
  bool clock = false;
};

ServiceClient::ServiceClient(base::Loop& loop, base::Random& random, http::Client& http,
                             AwaitedCredentials& credentials, Options options)
    : loop_(loop),
      random_(random),
      http_(http),
      credentials_(credentials),
      options_(std::move(options)),
      signer_(signing_region(options_.endpoint, options_.region), signing_name(options_.service)) {}

ServiceClient::Reply ServiceClient::call(Request request, BootTime deadline) {
  using Outcome = ports::Answer<Result<CallAnswer, CallError>>;
  base::Backoff backoff(kFirstBackoff, kLongestBackoff);
  base::Stop never;
  Mended mended;
  for (int attempts = 1;; ++attempts) {
    // Silence is met with another try, where that is harmless and there is time for one.
    BootTime by = deadline;
    if (request.repeatable && attempts < kMaxAttempts) {
      by = std::min(by, loop_.now() + std::max((deadline - loop_.now()) / 2, kShortestAttempt));
    }
    Attempt done = co_await attempt(request, by);
    if (done.answer) co_return Outcome{*std::move(done.answer), done.timing};

    if (mend(done, mended)) continue;

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

ServiceClient::Opening ServiceClient::open(Request request, http::Client& streams, std::size_t window,
                                           BootTime deadline) {
  using Outcome = ports::Answer<Result<StreamedAnswer, CallError>>;
  Mended mended;
  for (;;) {
    Attempt done = co_await attempt_stream(request, streams, window, deadline);
    if (done.stream) {
      const std::string_view content_type = value_of(done.stream->head(), "content-type");
      StreamedAnswer answer{.body = std::move(done.stream), .content_type = std::string(content_type)};
      co_return Outcome{std::move(answer), done.timing};
    }
    if (!mend(done, mended)) co_return Outcome{Failure{std::move(done.error)}, done.timing};
  }
}

/// Whether another try makes sense at once.
bool ServiceClient::mend(const Attempt& failed, Mended& already) {
  if (failed.meaning.credentials_expired && !std::exchange(already.credentials, true)) {
    credentials_.invalidate(*failed.signed_with);
    return true;
  }
  return failed.meaning.clock_suspected && !std::exchange(already.clock, true) && learn_clock(failed);
}

/// The request, signed; or nothing, and why in `done`.
Task<std::optional<http::Request>> ServiceClient::prepare(const Request& request, BootTime deadline, Attempt& done) {
  done.timing.sent = done.timing.received = loop_.now();
  auto credentials = co_await credentials_.get(deadline);
  if (!credentials) {
    done.timing.received = loop_.now();
    done.error.kind = credentials.error().retryable ? CallError::Kind::unavailable : CallError::Kind::denied;
    done.error.not_done = true;
    done.error.message = credentials.error().message;
    co_return std::nullopt;
  }
  done.signed_with = *std::move(credentials);
  done.signed_at = loop_.wall() + clock_offset_;
  co_return signed_request(request, *done.signed_with, done.signed_at);
}

namespace {

CallError error_of(http::Error failure) {
  CallError error;
  if (failure.kind == http::Error::Kind::untrusted) error.kind = CallError::Kind::untrusted;
  error.not_done = !failure.sent;
  error.message = std::move(failure.message);
  return error;
}

}  // namespace

Task<ServiceClient::Attempt> ServiceClient::attempt(const Request& request, BootTime deadline) {
  Attempt done;
  auto ready = co_await prepare(request, deadline, done);
  if (!ready) co_return done;
  auto sent = co_await http_.send(*std::move(ready), deadline);
  done.timing = sent.timing;
  if (!sent.value) {
    done.error = error_of(std::move(sent.value.error()));
    co_return done;
  }
  note_date(*sent.value, done);
  judge(*sent.value, done);
  co_return done;
}

/// What is no stream is read to its end, to be judged as every answer.
Task<ServiceClient::Attempt> ServiceClient::attempt_stream(const Request& request, http::Client& streams,
                                                           std::size_t window, BootTime deadline) {
  Attempt done;
  auto ready = co_await prepare(request, deadline, done);
  if (!ready) co_return done;
  auto opened = co_await streams.open(*std::move(ready), window, deadline);
  done.timing = opened.timing;
  if (!opened.value) {
    done.error = error_of(std::move(opened.value.error()));
    co_return done;
  }
  http::BodyStream& stream = **opened.value;
  note_date(stream.head(), done);
  if (stream.head().status == 200) {
    done.stream = *std::move(opened.value);
    co_return done;
  }
  http::Response whole = stream.head();
  whole.body = std::make_shared<std::string>();
  for (;;) {
    auto piece = co_await stream.next(deadline);
    if (!piece) {
      done.error = error_of(std::move(piece.error()));
      co_return done;
    }
    if (!*piece || whole.body->size() > request.max_answer_bytes) break;
    whole.body->append(**piece);
  }
  judge(whole, done);
  co_return done;
}

void ServiceClient::note_date(const http::Response& response, Attempt& done) const {
  done.date = wire::parse_http_date(value_of(response, "date"));
  done.timing.server_time = done.date.value_or(loop_.wall());
}

/// An answer, or an error as the service means it.
void ServiceClient::judge(http::Response& response, Attempt& done) const {
  if (has_crc_error(response)) {
    done.error.message = options_.endpoint.host + ": the answer was damaged on the way (its CRC-32 does not match)";
    return;
  }
  const std::string_view content_type = value_of(response, "content-type");
  if (response.status == 200) {
    done.answer = CallAnswer{std::move(response.body), std::string(content_type)};
    return;
  }
  wire::ErrorAnswer told;
  told.status = response.status;
  told.content_type = content_type;
  told.error_type = value_of(response, "x-amzn-errortype");
  told.body = *response.body;
  wire::AwsError error = wire::parse_aws_error(told);
  done.meaning = meaning_of(response.status, error.code);
  done.error = call_error(options_.endpoint.host, std::move(error), done.meaning);
}

http::Request ServiceClient::signed_request(const Request& request, const Credentials& credentials, Timestamp at) {
  wire::RequestToSign to_sign;
  to_sign.host = options_.endpoint.host;
  to_sign.path = options_.endpoint.path;
  to_sign.body = request.body;
  to_sign.headers = {{"Content-Type", std::string(request.content_type)}};
  if (!request.target.empty()) to_sign.headers.push_back({"X-Amz-Target", std::string(request.target)});
  if (!request.content_encoding.empty()) {
    to_sign.headers.push_back({"Content-Encoding", std::string(request.content_encoding)});
  }
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
