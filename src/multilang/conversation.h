// What a child's messages mean, and what its checkpoint requests are answered: the rules of the conversation. Pure; the
// waiting is done by ChildProcessor.
//
// The daemon asks one action at a time; the child may ask for checkpoints, and then says that it is done with the
// action. Lines that are no protocol are what the program prints.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <kcl/position.h>

#include "ports/processor.h"
#include "wire/multilang.h"

namespace kcl::multilang {

/// What is to be done about a message.
struct Verdict {
  enum class Kind : std::uint8_t {
    answered,    ///< the action is done with
    checkpoint,  ///< ask for it, then reply
    refuse,      ///< reply with `text`, the name of an error
    print,       ///< the program says something
    surplus,     ///< a status that nothing waits for: `text`
    violation,   ///< the child does not keep to the protocol: `text`
    nothing,
  };
  Kind kind = Kind::nothing;
  std::string text = {};
  /// Of a checkpoint: where to; without one, as far as is allowed.
  std::optional<Position> position = {};
};

class Conversation {
 public:
  /// The action was sent. Precondition: none is outstanding.
  void asked(wire::MultilangAction action);
  bool waits() const noexcept { return outstanding_.has_value(); }
  /// The last action of all was answered: the child may end.
  bool over() const noexcept {
    return !outstanding_ && (last_ == wire::MultilangAction::lease_lost || last_ == wire::MultilangAction::shard_ended);
  }

  Verdict on(const wire::MultilangMessage& message);

 private:
  Verdict on_status(const wire::MultilangStatus& status);
  Verdict on_checkpoint(const wire::MultilangCheckpoint& request) const;

  std::optional<wire::MultilangAction> outstanding_;
  /// The last one that was asked.
  std::optional<wire::MultilangAction> last_;
};

/// The error that a reply tells: the simple name of the exception that KCL's checkpointer would throw. Nothing when it
/// was stored.
std::optional<std::string_view> error_of(const ports::CheckpointResult& result);

}  // namespace kcl::multilang
