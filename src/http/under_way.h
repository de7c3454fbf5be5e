// The strand's end of a transfer. Lives in whatever waits for it: when that goes, the transfer ends. Until then the
// client knows of it.
#pragma once

#include <list>
#include <memory>
#include <utility>

#include "http/reactor.h"
#include "http/transfer.h"

namespace kcl::http {

class UnderWay {
 public:
  /// `known` and `reactor` are the client's, and are there unless Transfer::client_gone says otherwise.
  UnderWay(std::list<std::shared_ptr<Transfer>>& known, std::shared_ptr<Transfer> transfer, Reactor& reactor)
      : known_(known),
        transfer_(std::move(transfer)),
        where_(known_.insert(known_.end(), transfer_)),
        reactor_(reactor) {}
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;
  ~UnderWay() {
    if (transfer_->client_gone) return;
    known_.erase(where_);
    if (!begun_ || transfer_->answer) return;
    transfer_->cancel();
    reactor_.look_at(transfer_);
  }

  Transfer& transfer() const noexcept { return *transfer_; }
  /// Precondition: the client is there.
  void begin() {
    begun_ = true;
    reactor_.look_at(transfer_);
  }
  /// Of a streamed answer that pauses.
  void resume() {
    if (!transfer_->client_gone && !transfer_->answer) reactor_.look_at(transfer_);
  }

 private:
  std::list<std::shared_ptr<Transfer>>& known_;
  const std::shared_ptr<Transfer> transfer_;
  const std::list<std::shared_ptr<Transfer>>::iterator where_;
  Reactor& reactor_;
  bool begun_ = false;
};

}  // namespace kcl::http
