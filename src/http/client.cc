#include "http/client.h"

#include <optional>
#include <stdexcept>
#include <utility>

#include "base/wait.h"
#include "http/errors.h"
#include "http/reactor.h"
#include "http/request_check.h"
#include "http/transfer.h"

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

/// Lives in the frame that waits: when that goes, the transfer ends. Until then the client knows of it.
class Client::UnderWay {
 public:
  UnderWay(Client& client, std::shared_ptr<Transfer> transfer)
      : client_(client),
        transfer_(std::move(transfer)),
        where_(client_.under_way_.insert(client_.under_way_.end(), transfer_)) {}
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;
  ~UnderWay() {
    if (transfer_->client_gone) return;
    client_.under_way_.erase(where_);
    if (reactor_ == nullptr || transfer_->answer) return;
    transfer_->cancel();
    reactor_->look_at(transfer_);
  }

  Transfer& transfer() const noexcept { return *transfer_; }
  /// Precondition: the client is there.
  void begin() {
    reactor_ = &client_.next_reactor();
    reactor_->look_at(transfer_);
  }

 private:
  Client& client_;
  const std::shared_ptr<Transfer> transfer_;
  const std::list<std::shared_ptr<Transfer>>::iterator where_;
  Reactor* reactor_ = nullptr;
};

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

Client::Reply Client::send(Request request, base::BootTime deadline) {
  auto target = check_request(request);
  const auto transfer = std::make_shared<Transfer>(std::move(request), target ? *target : std::string());
  if (!target) transfer->settle(Failure{std::move(target.error())});
  return answer_of(loop_, std::make_unique<UnderWay>(*this, transfer), deadline);
}

Client::Reply Client::answer_of(base::Loop& loop, std::unique_ptr<UnderWay> under_way, base::BootTime deadline) {
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
  if (!transfer.answer) {
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(timing.received - timing.sent);
    Error error = explain_timeout(transfer.target, transfer.cancel(), waited);
    co_return ports::Answer<Transfer::Outcome>{Transfer::Outcome(Failure{std::move(error)}), timing};
  }
  co_return ports::Answer<Transfer::Outcome>{*std::move(transfer.answer), timing};
}

}  // namespace kcl::http
