// Faults on demand: what goes wrong with which calls, when and how often. By seed: the same calls in the same order
// fail alike. Pure: time is passed in.
//
// A plan as JSON:
//   {"seed": 7, "rules": [{"operation": "GetRecords", "fault": "throttle", "probability": 0.2},
//                         {"fault": "slow", "delay_ms": 800, "from_s": 10, "for_s": 5, "every_s": 30}]}
// Every rule is asked for every call, in their order; of the faults that decide what is answered, the first one counts.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kcl/result.h>

#include "base/loop.h"
#include "base/random.h"
#include "local/operation.h"

namespace kcl::local {

enum class Fault : std::uint8_t {
  // Refusals: the call is not carried out.
  throttle,
  kms_throttling,
  kms_access_denied,
  kms_disabled,
  kms_invalid_state,
  kms_not_found,
  kms_opt_in_required,
  internal_failure,
  service_unavailable,
  expired_token,
  access_denied,
  expired_iterator,
  not_found,
  no_cbor,       ///< as a server that speaks JSON alone; a call in JSON goes well
  reset_before,  ///< no answer: the connection is reset
  // The call is carried out, then:
  reset_after,
  truncate,      ///< the answer breaks off in the middle
  slow,          ///< the answer waits for delay_ms
  clock_skew,    ///< the answer's Date is wrong by skew_ms
  partial_list,  ///< ListShards leaves out some shards
  // Of SubscribeToShard, once its events flow:
  stream_cut,        ///< breaks off in the middle of a frame
  stream_bad_crc,    ///< a frame's check fails
  stream_exception,  ///< InternalFailureException as an event
};

struct FaultRule {
  Fault fault = Fault::throttle;
  /// Empty: all.
  std::optional<Operation> operation;
  double probability = 1;
  /// In seconds since the plan began: the rule is asleep before `from`, and from `from + lasts` on. With `every`, that
  /// span comes again and again.
  base::Duration from{};
  std::optional<base::Duration> lasts;
  std::optional<base::Duration> every;
  /// How many calls it may still hit; empty: any number.
  std::optional<std::uint64_t> times;
  std::chrono::milliseconds delay{1'000};
  std::chrono::milliseconds skew{std::chrono::minutes{10}};
};

/// What happens to one call.
struct Misfortune {
  /// Of the refusals, reset_after, truncate, partial_list and those of a stream.
  std::optional<Fault> fault;
  std::chrono::milliseconds delay{0};
  std::chrono::milliseconds skew{0};
};

class FaultPlan {
 public:
  /// Nothing ever goes wrong.
  FaultPlan() : random_(0) {}

  /// The error names what is wrong with the text. Takes any bytes.
  static Result<FaultPlan, std::string> parse(std::string_view json, base::BootTime now);

  Misfortune draw(Operation operation, base::BootTime now);

  /// The plan as it stands, with how often each rule has hit, as JSON.
  std::string describe() const;

 private:
  struct State {
    FaultRule rule;
    std::uint64_t hits = 0;
  };
  bool is_awake(const FaultRule& rule, base::BootTime now) const;

  std::vector<State> rules_;
  std::uint64_t seed_ = 0;
  base::BootTime begun_{};
  base::Random random_;
};

}  // namespace kcl::local
