#include "http/body_stream.h"

#include <chrono>
#include <utility>

#include "base/wait.h"
#include "http/errors.h"
#include "http/under_way.h"

namespace kcl::http {

BodyStream::BodyStream(base::Loop& loop, std::unique_ptr<UnderWay> under_way, Response head)
    : loop_(loop), under_way_(std::move(under_way)), head_(std::move(head)) {}

BodyStream::~BodyStream() = default;

base::Task<Result<std::optional<std::string>, Error>> BodyStream::next(base::BootTime deadline, std::string spare) {
  using Outcome = Result<std::optional<std::string>, Error>;
  Transfer& transfer = under_way_->transfer();
  const base::BootTime asked = loop_.now();
  base::Stop never;
  for (;;) {
    // What came before the transfer ended is taken before its end is told.
    const bool over = transfer.answer.has_value();
    Inflow::Arrived arrived = transfer.inflow->take(std::move(spare));
    if (arrived.paused) under_way_->resume();
    const bool wait = arrived.bytes.empty() && !over && loop_.now() < deadline;
    co_await transfer.answered.wait_until(loop_, wait ? deadline : asked, never);
    if (!arrived.bytes.empty()) co_return Outcome(std::optional<std::string>(std::move(arrived.bytes)));
    if (over) {
      if (!*transfer.answer) co_return Outcome(Failure{transfer.answer->error()});
      co_return Outcome(std::nullopt);
    }
    if (!wait) {
      const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - asked);
      co_return Outcome(Failure{explain_silence(transfer.target, waited)});
    }
    spare = std::move(arrived.bytes);
  }
}

}  // namespace kcl::http
