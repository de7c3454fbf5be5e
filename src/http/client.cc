#include "http/client.h"

#include <optional>
#include <stdexcept>
#include <utility>

#include "base/wait.h"
#include "http/errors.h"
#include "http/reactor.h"
#include "http/request_check.h"
#include "http/transfer.h"
#include "http/under_way.h"

namespace kcl::http {
namespace {

void check_options(const ClientOptions& options) {
  if (options.reactors < 1) throw std::invalid_argument("ClientOptions::reactors must be at least 1");
  if (options.max_connections_per_host < 1) {
    throw std::invalid_argument("ClientOptions::max_connections_per_host must be at least 1");
  }
  if (options.connect_timeout.count() < 1) {
    throw std::invalid_argument("ClientOptions::connect_timeout must be at least 1 ms");
  }
  if (options.max_idle.count() < 1) throw std::invalid_argument("ClientOptions::max_idle must be at least 1 s");
}

}  // namespace

Client::Client(base::Loop& loop, const ClientOptions& options) : loop_(loop) {
  check_options(options);
  for (int i = 0; i < options.reactors; ++i) reactors_.push_back(std::make_unique<Reactor>(loop, options));
}

Client::~Client() {
  for (const auto& transfer : under_way_) {
    transfer->client_gone = true;
    const bool sent = transfer->cancel() == Stage::sent;
    Error error{.kind = Error::Kind::cancelled, .sent = sent, .message = {}};
    error.message = "the request to " + transfer->target + " was cancelled: its client is gone";
    transfer->settle(Failure{std::move(error)});
  }
}

Reactor& Client::next_reactor() {
  next_reactor_ = (next_reactor_ + 1) % reactors_.size();
  return *reactors_[next_reactor_];
}

std::unique_ptr<UnderWay> Client::under_way(Request request, std::optional<std::size_t> window) {
  auto target = check_request(request);
  std::string host_and_port = target ? *target : std::string();
  auto transfer = window ? std::make_shared<Transfer>(std::move(request), std::move(host_and_port), *window)
                         : std::make_shared<Transfer>(std::move(request), std::move(host_and_port));
  if (!target) transfer->settle(Failure{std::move(target.error())});
  return std::make_unique<UnderWay>(under_way_, std::move(transfer), next_reactor());
}

Client::Reply Client::send(Request request, base::BootTime deadline) {
  return answer_of(loop_, under_way(std::move(request), std::nullopt), deadline);
}

Client::Opening Client::open(Request request, std::size_t window, base::BootTime deadline) {
  return head_of(loop_, under_way(std::move(request), window), deadline);
}

namespace {

Error late(Transfer& transfer, const ports::Timing& timing) {
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(timing.received - timing.sent);
  return explain_timeout(transfer.target, transfer.cancel(), waited);
}

}  // namespace

Client::Reply Client::answer_of(base::Loop& loop, std::unique_ptr<UnderWay> under_way, base::BootTime deadline) {
  using Answered = ports::Answer<Transfer::Outcome>;
  Transfer& transfer = under_way->transfer();
  ports::Timing timing;
  timing.sent = loop.now();
  if (!transfer.answer && timing.sent < deadline) under_way->begin();

  base::Stop never;
  do {
    const base::BootTime until = transfer.answer ? timing.sent : deadline;
    co_await transfer.answered.wait_until(loop, until, never);
  } while (!transfer.answer && loop.now() < deadline);

  timing.received = loop.now();
  if (!transfer.answer) co_return Answered{Transfer::Outcome(Failure{late(transfer, timing)}), timing};
  co_return Answered{*std::move(transfer.answer), timing};
}

Client::Opening Client::head_of(base::Loop& loop, std::unique_ptr<UnderWay> under_way, base::BootTime deadline) {
  using Outcome = Result<std::unique_ptr<BodyStream>, Error>;
  using Answered = ports::Answer<Outcome>;
  Transfer& transfer = under_way->transfer();
  ports::Timing timing;
  timing.sent = loop.now();
  if (!transfer.answer && timing.sent < deadline) under_way->begin();

  base::Stop never;
  std::optional<Response> head;
  do {
    const base::BootTime until = transfer.answer ? timing.sent : deadline;
    co_await transfer.answered.wait_until(loop, until, never);
    head = transfer.inflow->take_head();
  } while (!head && !transfer.answer && loop.now() < deadline);

  timing.received = loop.now();
  if (head) {
    auto stream = std::make_unique<BodyStream>(loop, std::move(under_way), *std::move(head));
    co_return Answered{Outcome(std::move(stream)), timing};
  }
  Error error = transfer.answer ? transfer.answer->error() : late(transfer, timing);
  co_return Answered{Outcome(Failure{std::move(error)}), timing};
}

}  // namespace kcl::http
