#include "sinks/cloudwatch_sender.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <iterator>
#include <latch>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "base/backoff.h"
#include "base/gzip.h"
#include "base/task_scope.h"
#include "base/text.h"
#include "base/wait.h"
#include "sinks/cloudwatch_points.h"
#include "wire/put_metric_data.h"

namespace kcl::sinks {

using base::BootTime;
using base::Task;
using std::chrono::seconds;

namespace {

constexpr base::Duration kCallTimeout = seconds(10);
constexpr base::Duration kFirstBackoff = seconds(1);
constexpr base::Duration kLongestBackoff = seconds(60);
constexpr std::size_t kMostAnswerBytes = 256UL << 10;

/// How often a request is sent that may have been carried out each time.
constexpr int kMostDoubts = 3;

/// For servers that take no gzip. Source: AWS SDKs and Tools Reference Guide, "Request compression".
bool wants_compression(const aws::Access& access) {
  auto disabled = access.environment.get("AWS_DISABLE_REQUEST_COMPRESSION");
  if (!disabled) {
    if (const auto* setting = access.profile.find("disable_request_compression")) disabled = setting->value;
  }
  return !disabled || base::lower_case(*disabled) != "true";
}

}  // namespace

CloudWatchSender::Meters::Meters(metrics::Registry& registry)
    : sent(registry.counter("kclpp_cloudwatch_sent_total", "Metrics that CloudWatch has taken.")),
      dropped(registry.counter("kclpp_cloudwatch_dropped_total",
                               "Metrics that were not sent to CloudWatch: refused, or too many waited.")),
      failures(registry.counter("kclpp_cloudwatch_failures_total", "Requests to CloudWatch that failed.")) {}

struct CloudWatchSender::Strand {
  Strand(base::EventLoop& strand, base::BlockingPool& pool, const aws::Access& access, aws::Endpoint endpoint,
         CloudWatch config, Meters counters, base::EventLog events)
      : loop(strand),
        options(std::move(config)),
        compress(wants_compression(access)),
        meters(std::move(counters)),
        log(std::move(events)),
        credentials(loop, pool, access.credentials, aws::tell_others(log, "cloudwatch")),
        connection(loop, random, credentials, access, aws::Service::cloudwatch, std::move(endpoint)),
        points(options),
        end(loop, [this] { finish(); }),
        scope(loop, [this](const std::string&, const std::exception_ptr& failure) {
          log.error("cloudwatch_failed", {{"error", "a defect of kclpp: " + base::what_of(failure)}});
          finish();
        }) {
    scope.spawn("send to CloudWatch", run());
  }

  /// A request, encoded once.
  struct Batch {
    std::string body;
    std::size_t size = 0;
    int doubts = 0;
  };

  void take(const std::vector<metrics::Reading>& readings, Timestamp time);
  void make_room();
  Batch next_batch();
  Task<void> run();
  Task<bool> send();
  bool note_failure(const aws::CallError& error);
  void close(BootTime deadline);
  void finish();

  base::EventLoop& loop;
  const CloudWatch options;
  const bool compress;
  Meters meters;
  base::EventLog log;
  base::Random random = base::Random::from_os();
  aws::AwaitedCredentials credentials;
  aws::Connection connection;

  CloudWatchPoints points;
  std::deque<wire::MetricDatum> waiting;
  /// How many were measured last.
  std::size_t newest = 0;
  /// Before all that waits.
  std::optional<Batch> in_hand;
  bool sending = false;
  bool failing = false;
  base::Event changed;
  /// Set once nothing more comes.
  std::optional<BootTime> close_by;
  base::Timer end;
  bool finished = false;
  std::latch done{1};
  base::TaskScope scope;
};

void CloudWatchSender::Strand::take(const std::vector<metrics::Reading>& readings, Timestamp time) {
  auto data = points.take(readings, time);
  newest = data.size();
  std::ranges::move(data, std::back_inserter(waiting));
  make_room();
  changed.notify_all();
}

/// The oldest go first, but nothing of what was measured last.
void CloudWatchSender::Strand::make_room() {
  const std::size_t most = std::max(options.max_backlog, newest);
  const auto too_many = [&] { return waiting.size() + (in_hand ? in_hand->size : 0) > most; };
  if (in_hand && !sending && too_many()) {
    meters.dropped->add(in_hand->size);
    in_hand.reset();
  }
  while (waiting.size() > newest && too_many()) {
    meters.dropped->add();
    waiting.pop_front();
  }
}

CloudWatchSender::Strand::Batch CloudWatchSender::Strand::next_batch() {
  wire::PutMetricData request(options.metric_namespace);
  while (!waiting.empty() && request.add(waiting.front())) waiting.pop_front();
  return {.body = compress ? base::gzip(request.body()) : request.body(), .size = request.size()};
}

Task<void> CloudWatchSender::Strand::run() {
  base::Backoff backoff(kFirstBackoff, kLongestBackoff);
  for (;;) {
    while (!close_by && !in_hand && waiting.empty()) {
      co_await changed.wait_until(loop, base::kForever, scope.stop());
    }
    if (!in_hand && waiting.empty()) break;
    if (!in_hand) in_hand = next_batch();
    const bool settled = co_await send();
    if (settled) {
      in_hand.reset();
      backoff.reset();
      continue;
    }
    if (close_by) break;
    make_room();
    const BootTime again = loop.now() + backoff.next(random);
    while (!close_by && loop.now() < again) co_await changed.wait_until(loop, again, scope.stop());
  }
  finish();
}

/// What is in hand. False: it is to be sent again later.
Task<bool> CloudWatchSender::Strand::send() {
  aws::ServiceClient::Request request;
  request.content_type = wire::PutMetricData::kContentType;
  if (compress) request.content_encoding = "gzip";
  request.body = in_hand->body;
  request.max_answer_bytes = kMostAnswerBytes;
  const BootTime deadline = std::min(loop.now() + kCallTimeout, close_by.value_or(base::kForever));
  sending = true;
  auto answer = co_await connection.service().call(std::move(request), deadline);
  sending = false;
  if (!answer.value) co_return note_failure(answer.value.error());
  meters.sent->add(in_hand->size);
  if (std::exchange(failing, false)) log.info("cloudwatch_reached");
  co_return true;
}

/// True when it makes no sense to send it again.
bool CloudWatchSender::Strand::note_failure(const aws::CallError& error) {
  meters.failures->add();
  if (!std::exchange(failing, true)) {
    log.warning("cloudwatch_failed",
                {{"error", error.message}, {"what_now", "metrics wait, and the oldest are dropped when too many do"}});
  }
  // A service that says that it broke has not taken it, whatever it may have begun.
  const bool in_doubt = !error.not_done && error.code.empty();
  if (in_doubt) ++in_hand->doubts;
  if (error.kind != aws::CallError::Kind::refused && in_hand->doubts < kMostDoubts) return false;
  meters.dropped->add(in_hand->size);
  return true;
}

void CloudWatchSender::Strand::close(BootTime deadline) {
  close_by = deadline;
  end.arm(deadline);
  changed.notify_all();
}

void CloudWatchSender::Strand::finish() {
  if (std::exchange(finished, true)) return;
  meters.dropped->add(waiting.size() + (in_hand ? in_hand->size : 0));
  done.count_down();
}

CloudWatchSender::CloudWatchSender(const aws::Access& access, aws::Endpoint endpoint, CloudWatch options, Meters meters,
                                   base::EventLog log) {
  std::exception_ptr failure;
  loop_.run_and_wait([&] {
    try {
      strand_ = std::make_unique<Strand>(loop_, pool_, access, std::move(endpoint), std::move(options),
                                         std::move(meters), std::move(log));
    } catch (...) {
      failure = std::current_exception();
    }
  });
  if (failure) std::rethrow_exception(failure);
}

CloudWatchSender::~CloudWatchSender() {
  loop_.run_and_wait([this] { strand_->close(loop_.now() + strand_->options.last_send); });
  strand_->done.wait();
  loop_.run_and_wait([this] { strand_.reset(); });
}

void CloudWatchSender::publish(std::vector<metrics::Reading> readings, Timestamp time) {
  loop_.post([this, readings = std::move(readings), time] { strand_->take(readings, time); });
}

}  // namespace kcl::sinks
