#include "multilang/conversation.h"

#include "base/check.h"

namespace kcl::multilang {

using wire::MultilangAction;

namespace {

constexpr std::string_view kInvalidState = "InvalidStateException";
constexpr std::string_view kIllegalArgument = "IllegalArgumentException";
constexpr std::string_view kShutdown = "ShutdownException";
constexpr std::string_view kThrottling = "ThrottlingException";

Verdict refuse(std::string_view error) { return {.kind = Verdict::Kind::refuse, .text = std::string(error)}; }

}  // namespace

void Conversation::asked(MultilangAction action) {
  base::check(!outstanding_, "one action at a time");
  outstanding_ = action;
  last_ = action;
}

Verdict Conversation::on(const wire::MultilangMessage& message) {
  if (const auto* status = std::get_if<wire::MultilangStatus>(&message)) return on_status(*status);
  if (const auto* request = std::get_if<wire::MultilangCheckpoint>(&message)) return on_checkpoint(*request);
  if (std::holds_alternative<wire::MultilangNoise>(message)) return {.kind = Verdict::Kind::print};
  return {};
}

Verdict Conversation::on_status(const wire::MultilangStatus& status) {
  if (!outstanding_) {
    return {.kind = Verdict::Kind::surplus,
            .text = "it answered '" + status.response_for + "', which nobody asked at that moment"};
  }
  const std::string_view asked = name_of(*outstanding_);
  if (status.response_for != asked) {
    return {.kind = Verdict::Kind::violation,
            .text = "it answered '" + status.response_for + "' when it was asked '" + std::string(asked) + "'"};
  }
  outstanding_.reset();
  return {.kind = Verdict::Kind::answered};
}

Verdict Conversation::on_checkpoint(const wire::MultilangCheckpoint& request) const {
  // Nothing was delivered before, nothing can be stored after.
  if (outstanding_ == MultilangAction::initialize || last_ == MultilangAction::lease_lost) return refuse(kInvalidState);
  Verdict verdict{.kind = Verdict::Kind::checkpoint};
  if (!request.sequence_number) return verdict;
  const std::int64_t sub_sequence = request.sub_sequence_number.value_or(0);
  if (sub_sequence < 0) return refuse(kIllegalArgument);
  verdict.position = Position::parse(*request.sequence_number, static_cast<std::uint64_t>(sub_sequence));
  if (!verdict.position) return refuse(kIllegalArgument);
  return verdict;
}

std::optional<std::string_view> error_of(const ports::CheckpointResult& result) {
  using Kind = ports::CheckpointResult::Kind;
  switch (result.kind) {
    case Kind::stored:
      return std::nullopt;
    case Kind::lease_lost:
      return kShutdown;
    case Kind::unavailable:
      // Clients try this one again; KinesisClientLibDependencyException they may not.
      return kThrottling;
    case Kind::invalid:
      break;
  }
  return kIllegalArgument;
}

}  // namespace kcl::multilang
