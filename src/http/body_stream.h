// An answer whose body is taken while it arrives, for as long as that takes. Destroying it cancels the transfer. Lives
// on the strand of its client, which it may outlive.
//
// What has arrived and was not taken is bounded by the window; a transfer that is not taken from then pauses, which
// holds the peer back.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <kcl/result.h>

#include "base/loop.h"
#include "base/task.h"
#include "http/message.h"

namespace kcl::http {

class UnderWay;

class BodyStream {
 public:
  /// For Client::open().
  BodyStream(base::Loop& loop, std::unique_ptr<UnderWay> under_way, Response head);
  BodyStream(const BodyStream&) = delete;
  BodyStream& operator=(const BodyStream&) = delete;
  ~BodyStream();

  /// Status and headers; its body is empty.
  const Response& head() const noexcept { return head_; }

  /// Waits for bytes. Empty: the body is complete. `timeout`: nothing came by the deadline; the stream lives on. Any
  /// other error is its end. Never inline. One at a time. The memory of `spare` is used for what comes next.
  base::Task<Result<std::optional<std::string>, Error>> next(base::BootTime deadline, std::string spare = {});

 private:
  base::Loop& loop_;
  std::unique_ptr<UnderWay> under_way_;
  Response head_;
};

}  // namespace kcl::http
