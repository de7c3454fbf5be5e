#include "local/faults.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "wire/document_writer.h"
#include "wire/json_reader.h"

namespace kcl::local {

namespace {

constexpr std::size_t kFaults = 23;

constexpr std::array<std::string_view, kFaults> kNames{"throttle",
                                                       "kms_throttling",
                                                       "kms_access_denied",
                                                       "kms_disabled",
                                                       "kms_invalid_state",
                                                       "kms_not_found",
                                                       "kms_opt_in_required",
                                                       "internal_failure",
                                                       "service_unavailable",
                                                       "expired_token",
                                                       "access_denied",
                                                       "expired_iterator",
                                                       "not_found",
                                                       "no_cbor",
                                                       "reset_before",
                                                       "reset_after",
                                                       "truncate",
                                                       "slow",
                                                       "clock_skew",
                                                       "partial_list",
                                                       "stream_cut",
                                                       "stream_bad_crc",
                                                       "stream_exception"};
static_assert(static_cast<std::size_t>(Fault::stream_exception) + 1 == kFaults);

std::string_view name_of(Fault fault) { return kNames[static_cast<std::size_t>(fault)]; }

std::string all_names() {
  std::string all;
  for (const std::string_view name : kNames) all.append(all.empty() ? "" : ", ").append(name);
  return all;
}

bool is_of_a_stream(Fault fault) { return fault >= Fault::stream_cut; }

/// Whether the fault can happen to that operation at all.
bool concerns(Fault fault, Operation operation) {
  if (fault == Fault::partial_list) return operation == Operation::list_shards;
  return !is_of_a_stream(fault) || operation == Operation::subscribe_to_shard;
}

/// Fails the reader unless the number is one of `least` to `most`.
double number_within(wire::JsonReader& in, double least, double most) {
  const double value = in.number();
  // Written so that what is no number fails too.
  if (!(value >= least && value <= most)) in.fail("a number out of its bounds");
  return in.ok() ? value : least;
}

base::Duration seconds(wire::JsonReader& in) {
  constexpr double kWeek = 7 * 86'400.0;
  return std::chrono::milliseconds(std::llround(number_within(in, 0, kWeek) * 1'000));
}

std::chrono::milliseconds milliseconds(wire::JsonReader& in, double least, double most) {
  return std::chrono::milliseconds(std::llround(number_within(in, least, most)));
}

void read_member(wire::JsonReader& in, std::string_view name, FaultRule& rule, bool& named) {
  constexpr double kHour = 3'600'000;
  constexpr double kYear = 365 * 24 * kHour;
  if (name == "fault") {
    const auto known = std::find(kNames.begin(), kNames.end(), in.text());
    if (known == kNames.end()) return in.fail("there is no such fault; there are " + all_names());
    rule.fault = static_cast<Fault>(known - kNames.begin());
    named = true;
  } else if (name == "operation") {
    const std::string_view text = in.text();
    rule.operation = operation_named(text);
    if (!rule.operation) in.fail("there is no such operation");
  } else if (name == "probability") {
    rule.probability = number_within(in, 0, 1);
  } else if (name == "from_s") {
    rule.from = seconds(in);
  } else if (name == "for_s") {
    rule.lasts = seconds(in);
  } else if (name == "every_s") {
    rule.every = seconds(in);
    if (*rule.every <= base::Duration::zero()) in.fail("must be above zero");
  } else if (name == "times") {
    rule.times = static_cast<std::uint64_t>(number_within(in, 0, 1e15));
  } else if (name == "delay_ms") {
    rule.delay = milliseconds(in, 0, kHour);
  } else if (name == "skew_ms") {
    rule.skew = milliseconds(in, -kYear, kYear);
  } else {
    in.fail("there is no such member");
  }
}

FaultRule read_rule(wire::JsonReader& in, std::string& where) {
  FaultRule rule;
  bool named = false;
  in.enter_map();
  while (in.more()) {
    const std::string name(in.name());
    read_member(in, name, rule, named);
    if (!in.ok()) {
      where += "." + name;
      return rule;
    }
  }
  if (!named) in.fail("fault is missing");
  return rule;
}

}  // namespace

Result<FaultPlan, std::string> FaultPlan::parse(std::string_view json, base::BootTime now) {
  wire::JsonReader in(json);
  FaultPlan plan;
  std::string where = "the plan";
  in.enter_map();
  while (in.more()) {
    const std::string name(in.name());
    if (name == "seed") {
      plan.seed_ = static_cast<std::uint64_t>(in.integer());
    } else if (name == "rules") {
      in.enter_array();
      for (std::size_t index = 0; in.more(); ++index) {
        where = "rules." + std::to_string(index);
        plan.rules_.push_back({.rule = read_rule(in, where)});
        if (in.ok()) where = "rules";
      }
    } else {
      in.fail("there is no such member");
    }
    if (!in.ok() && where == "the plan") where = name;
  }
  if (!in.ok()) return Failure{where + ": " + in.error()};
  plan.begun_ = now;
  plan.random_ = base::Random(plan.seed_);
  return plan;
}

bool FaultPlan::is_awake(const FaultRule& rule, base::BootTime now) const {
  base::Duration since = now - begun_ - rule.from;
  if (since < base::Duration::zero()) return false;
  if (rule.every) since %= *rule.every;
  return !rule.lasts || since < *rule.lasts;
}

Misfortune FaultPlan::draw(Operation operation, base::BootTime now) {
  Misfortune misfortune;
  for (State& state : rules_) {
    const FaultRule& rule = state.rule;
    if (rule.operation.value_or(operation) != operation || !concerns(rule.fault, operation)) continue;
    if (!is_awake(rule, now) || (rule.times && state.hits >= *rule.times)) continue;
    if (!random_.chance(rule.probability)) continue;
    if (rule.fault == Fault::slow) {
      misfortune.delay += rule.delay;
    } else if (rule.fault == Fault::clock_skew) {
      misfortune.skew += rule.skew;
    } else if (!misfortune.fault) {
      misfortune.fault = rule.fault;
    } else {
      continue;
    }
    ++state.hits;
  }
  return misfortune;
}

std::string FaultPlan::describe() const {
  std::string json;
  wire::DocumentWriter out(wire::Protocol::json, json);
  out.begin_map();
  out.name("seed");
  out.integer(static_cast<std::int64_t>(seed_));
  out.name("rules");
  out.begin_array();
  for (const State& state : rules_) {
    out.begin_map();
    out.name("fault");
    out.text(name_of(state.rule.fault));
    if (state.rule.operation) {
      out.name("operation");
      out.text(local::name_of(*state.rule.operation));
    }
    out.name("hits");
    out.integer(static_cast<std::int64_t>(state.hits));
    out.end_map();
  }
  out.end_array();
  out.end_map();
  return json;
}

}  // namespace kcl::local
