// The answer to SubscribeToShard: frames of an event stream, as long as the subscription lasts.
//
// On the strand. It writes the next event only when the one before is on its way to the client, so a client that reads
// slowly holds up nothing but itself, and no more than an event waits for it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/loop.h"
#include "local/faults.h"
#include "local/service.h"
#include "server/http.h"
#include "wire/protocol.h"

namespace kcl::local {

/// What goes wrong on a stream, and with which of its frames (the first event is 0).
struct StreamFault {
  Fault fault{};
  std::uint64_t frame = 0;
};

class SubscriptionAnswer {
 public:
  struct Options {
    Subscribed subscribed;
    wire::Protocol protocol{};
    std::optional<StreamFault> fault;
  };

  /// `begun` has begun. `done` is called once, when nothing will come any more; it may not destroy this object inside
  /// that call. All of them outlive it.
  SubscriptionAnswer(base::Loop& loop, Service& service, Options options, std::shared_ptr<server::Reply> begun,
                     std::function<void()> done);
  SubscriptionAnswer(const SubscriptionAnswer&) = delete;
  SubscriptionAnswer& operator=(const SubscriptionAnswer&) = delete;
  ~SubscriptionAnswer();

  /// Says what there is to say by now.
  void pump();
  bool is_over() const noexcept { return done_ == nullptr; }

 private:
  bool say(const embedded::Subscriptions::Word& word);
  bool write_event(const ShardEvent& event);
  void write_exception(std::string_view code, std::string_view message);
  void write_frame(std::string_view kind, std::string_view type, std::string_view payload);
  void end();

  base::Loop& loop_;
  Service& service_;
  const Options options_;
  std::shared_ptr<server::Reply> reply_;
  std::function<void()> done_;
  std::uint64_t events_ = 0;
  base::Timer timer_;
};

}  // namespace kcl::local
