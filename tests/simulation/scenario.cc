#include "simulation/scenario.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

namespace kcl::simulation {

using base::Duration;

std::string_view name_of(Disturbance disturbance) {
  static constexpr std::array<std::string_view, kDisturbances> kNames = {"crash",
                                                                         "restart",
                                                                         "twin",
                                                                         "crash_all",
                                                                         "join",
                                                                         "shut_down",
                                                                         "pause",
                                                                         "suspend",
                                                                         "cut_store",
                                                                         "cut_kinesis",
                                                                         "store_outage",
                                                                         "slow_store",
                                                                         "throttle_one_call",
                                                                         "split",
                                                                         "merge",
                                                                         "cascade",
                                                                         "operator_release",
                                                                         "operator_rewind",
                                                                         "operator_note",
                                                                         "operator_delete"};
  return kNames[static_cast<std::size_t>(disturbance)];
}

namespace {

struct Unit {
  std::string_view name;
  Duration length;
};
constexpr std::array<Unit, 4> kUnits = {Unit{"ms", std::chrono::milliseconds(1)}, Unit{"min", std::chrono::minutes(1)},
                                        Unit{"h", std::chrono::hours(1)}, Unit{"s", std::chrono::seconds(1)}};

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// How a value of one kind is read and written. `read` tells whether the text was one.
bool read(std::string_view text, std::uint64_t& value) {
  const auto parsed = number<std::uint64_t>(text);
  if (parsed) value = *parsed;
  return parsed.has_value();
}
std::string write(std::uint64_t value) { return std::to_string(value); }
constexpr std::string_view expected(std::uint64_t) { return "a whole number"; }

bool read(std::string_view text, double& value) {
  const auto parsed = number<double>(text);
  if (!parsed || !(*parsed >= 0 && *parsed <= 1)) return false;
  value = *parsed;
  return true;
}
std::string write(double value) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return {digits.data(), end};
}
constexpr std::string_view expected(double) { return "a share from 0 to 1"; }

bool read(std::string_view text, Duration& value) {
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.name)) continue;
    const auto count = number<std::uint64_t>(text.substr(0, text.size() - unit.name.size()));
    if (count) value = static_cast<Duration::rep>(*count) * unit.length;
    return count.has_value();
  }
  return false;
}
std::string write(Duration value) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(value).count()) + "ms";
}
constexpr std::string_view expected(Duration) { return "a time such as 300ms, 10s, 5min or 24h"; }

bool read(std::string_view text, bool& value) {
  value = text == "yes";
  return text == "yes" || text == "no";
}
std::string write(bool value) { return value ? "yes" : "no"; }
constexpr std::string_view expected(bool) { return "yes or no"; }

constexpr std::array<std::string_view, 3> kStarts = {"trim_horizon", "latest", "mixed"};
bool read(std::string_view text, Scenario::Start& value) {
  const auto found = std::ranges::find(kStarts, text);
  if (found != kStarts.end()) value = static_cast<Scenario::Start>(found - kStarts.begin());
  return found != kStarts.end();
}
std::string write(Scenario::Start value) { return std::string(kStarts[static_cast<std::size_t>(value)]); }
constexpr std::string_view expected(Scenario::Start) { return "trim_horizon, latest or mixed"; }

/// Calls `visit(key, value)` for everything that a scenario says: the one list of keys.
template <class AScenario, class Visit>
void for_each_value(AScenario& s, Visit visit) {
  visit("workers", s.workers);
  visit("java_workers", s.java_workers);
  visit("vmware_go", s.vmware_go);
  visit("go_workers", s.go_workers);
  visit("streams", s.streams);
  visit("shards", s.shards);
  visit("most_shards", s.most_shards);
  visit("failover", s.failover);
  visit("failover_differs", s.failover_differs);
  visit("fan_out", s.fan_out);
  visit("outstanding", s.outstanding);
  visit("start", s.start);
  visit("lease_cap", s.lease_cap);
  visit("retention", s.retention);
  visit("keep_ended", s.keep_ended);
  visit("shards_on_page", s.shards_on_page);
  visit("records_at_end", s.records_at_end);
  visit("rows_on_page", s.rows_on_page);
  visit("rows_by_hash", s.rows_by_hash);
  visit("put_every", s.put_every);
  visit("most_per_put", s.most_per_put);
  visit("aggregates", s.aggregates);
  visit("damaged_aggregates", s.damaged_aggregates);
  visit("clock_rate_error", s.clock_rate_error);
  visit("wall_clock_error", s.wall_clock_error);
  visit("shortest_gap", s.shortest_gap);
  visit("longest_gap", s.longest_gap);
  auto& store = s.faults.store;
  visit("store.lose_request", store.lose_request);
  visit("store.lose_answer", store.lose_answer);
  visit("store.land_late", store.land_late);
  visit("store.latest_landing", store.latest_landing);
  visit("store.throttle", store.throttle);
  visit("store.staleness", store.staleness);
  visit("store.slowest", store.max_latency);
  auto& kinesis = s.faults.kinesis;
  visit("kinesis.unavailable", kinesis.unavailable);
  visit("kinesis.throttle", kinesis.throttle);
  visit("kinesis.lose_answer", kinesis.lose_answer);
  visit("kinesis.expire_iterator", kinesis.expire_iterator);
  visit("kinesis.not_found", kinesis.not_found);
  visit("kinesis.break_stream", kinesis.break_stream);
  visit("kinesis.stream_lifetime", kinesis.stream_lifetime);
  visit("kinesis.forget_children", kinesis.forget_children);
  visit("kinesis.forget_some_children", kinesis.forget_some_children);
  visit("kinesis.list_late", kinesis.list_late);
  visit("kinesis.list_without_newest", kinesis.list_without_newest);
  visit("kinesis.listing_lag", kinesis.listing_lag);
  visit("kinesis.slowest", kinesis.max_latency);
  auto& processor = s.faults.processor;
  visit("processor.longest", processor.longest);
  visit("processor.throws", processor.throws);
  visit("processor.throws_elsewhere", processor.throws_elsewhere);
  visit("processor.stalls", processor.stalls);
  visit("processor.stall", processor.stall);
  visit("processor.retries_later", processor.retries_later);
  visit("processor.retry_later", processor.retry_later);
  visit("processor.starts_over", processor.starts_over);
  visit("processor.checkpoints_outside", processor.checkpoints_outside);
  for (std::size_t i = 0; i < kDisturbances; ++i)
    visit("disturb." + std::string(name_of(static_cast<Disturbance>(i))), s.weights[i]);
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({replaced, row[j] + 1, row[j + 1] + 1}));
    }
  }
  return row.back();
}

std::string nearest_key(std::string_view key) {
  Scenario scenario;
  std::string nearest;
  std::size_t least = SIZE_MAX;
  for_each_value(scenario, [&](std::string_view known, auto&) {
    const std::size_t distance = edit_distance(key, known);
    if (distance >= least) return;
    least = distance;
    nearest = known;
  });
  return nearest;
}

/// What is wrong with the whole.
std::string problem_of(const Scenario& s) {
  if (s.workers + s.java_workers + s.go_workers == 0) return "workers: there must be one at least";
  if (s.workers == 0) return "workers: one at least must be kclpp's";
  if (s.shards == 0 || s.most_shards < s.shards) return "most_shards must not be less than shards, nor shards be 0";
  if (s.streams == 0) return "streams must not be 0";
  if (s.streams > 1 && (s.vmware_go || s.java_workers > 0))
    return "streams: Go's rows have no room for several, and the model of Java reads one";
  if (s.failover < std::chrono::seconds(1)) return "failover must be a second at least";
  if (s.longest_gap < s.shortest_gap) return "longest_gap is less than shortest_gap";
  if (s.put_every <= Duration::zero() || s.most_per_put == 0) return "put_every and most_per_put must not be 0";
  if (s.outstanding == 0) return "outstanding must not be 0";
  if (s.shards_on_page == 0 || s.rows_on_page == 0) return "pages must have room for one at least";
  if (s.retention < std::chrono::minutes(1)) return "retention must be a minute at least";
  if (s.go_workers > 0 && !s.vmware_go) return "go_workers: they need vmware_go = yes, their rows";
  if (s.java_workers > 0 && s.vmware_go) return "java_workers: they cannot read the rows of vmware_go = yes";
  if (s.go_workers > 0 && s.start != Scenario::Start::trim_horizon)
    return "go_workers: at LATEST they skip what was put before they take a shard; start must be trim_horizon";
  if (s.java_workers > 0 && s.start != Scenario::Start::trim_horizon)
    return "java_workers: what LATEST means is not stored by Java; start must be trim_horizon";
  return {};
}

}  // namespace

Result<Scenario, std::string> parse_scenario(std::string_view text) {
  Scenario scenario;
  std::size_t line_number = 0;
  while (!text.empty()) {
    ++line_number;
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = trimmed(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const std::string where = "line " + std::to_string(line_number) + ": ";
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) return Failure{where + "'" + std::string(line) + "' is no 'key = value'"};
    const auto key = trimmed(line.substr(0, equals));
    const auto value = trimmed(line.substr(equals + 1));
    bool known = false;
    std::string problem;
    for_each_value(scenario, [&](std::string_view name, auto& target) {
      if (name != key) return;
      known = true;
      if (!read(value, target))
        problem = std::string(key) + " is '" + std::string(value) + "': it must be " + std::string(expected(target));
    });
    if (!known)
      return Failure{where + "unknown key '" + std::string(key) + "'; did you mean '" + nearest_key(key) + "'?"};
    if (!problem.empty()) return Failure{where + problem};
  }
  if (auto problem = problem_of(scenario); !problem.empty()) return Failure{std::move(problem)};
  return scenario;
}

std::string to_text(const Scenario& scenario) {
  std::string text;
  for_each_value(scenario, [&](std::string_view key, const auto& value) {
    text += std::string(key) + " = " + write(value) + '\n';
  });
  return text;
}

namespace {

/// Draws scenarios. Each fault is left out of half of them: what is always there hides what it hides.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed * 0x9e3779b97f4a7c15U + 1) {}

  bool one_in(std::uint64_t n) { return random_.below(n) == 0; }
  std::size_t from_to(std::size_t low, std::size_t high) { return low + random_.below(high - low + 1); }
  /// Nothing, or a share between a twentieth of `most` and `most`.
  double share(double most) { return one_in(2) ? 0 : most * std::pow(20.0, random_.unit() - 1); }
  template <class T>
  T one_of(std::initializer_list<T> choices) {
    return choices.begin()[random_.below(choices.size())];
  }

 private:
  base::Random random_;
};

void draw_size(Draw& draw, Scenario& s) {
  const std::size_t size = draw.from_to(0, 19);
  if (size < 14) {
    s.workers = draw.from_to(2, 3);
    s.shards = draw.from_to(1, 5);
    s.most_shards = s.shards + draw.from_to(1, 5);
  } else if (size < 19) {
    s.workers = draw.from_to(3, 5);
    s.shards = draw.from_to(4, 12);
    s.most_shards = s.shards * 2;
  } else {
    s.workers = draw.from_to(5, 8);
    s.shards = draw.from_to(12, 40);
    s.most_shards = 64;
    s.put_every = std::chrono::milliseconds(150);
    s.weight(Disturbance::cascade) = 3;
  }
}

void draw_faults(Draw& draw, Faults& faults) {
  faults.store.lose_request = draw.share(0.05);
  faults.store.lose_answer = draw.share(0.1);
  faults.store.land_late = draw.share(0.1);
  faults.store.throttle = draw.share(0.1);
  faults.store.staleness = draw.one_of<Duration>(
      {Duration::zero(), std::chrono::milliseconds(100), std::chrono::milliseconds(800), std::chrono::seconds(3)});
  faults.store.max_latency = draw.one_of<Duration>(
      {std::chrono::milliseconds(5), std::chrono::milliseconds(30), std::chrono::milliseconds(400)});
  faults.kinesis.unavailable = draw.share(0.1);
  faults.kinesis.throttle = draw.share(0.1);
  faults.kinesis.lose_answer = draw.share(0.02);
  faults.kinesis.expire_iterator = draw.share(0.05);
  faults.kinesis.not_found = draw.share(0.05);
  faults.kinesis.forget_children = draw.share(1);
  faults.kinesis.forget_some_children = draw.share(0.5);
  faults.kinesis.list_late = draw.share(0.5);
  faults.kinesis.listing_lag = draw.one_of<Duration>({std::chrono::seconds(1), std::chrono::seconds(15)});
  faults.processor.longest =
      draw.one_of<Duration>({std::chrono::milliseconds(20), std::chrono::milliseconds(200), std::chrono::seconds(2)});
  faults.processor.throws = draw.share(0.1);
  faults.processor.throws_elsewhere = draw.share(0.3);
  faults.processor.stalls = draw.share(0.01);
  faults.processor.stall =
      draw.one_of<Duration>({std::chrono::seconds(8), std::chrono::seconds(15), std::chrono::seconds(60)});
  faults.processor.retries_later = draw.share(0.05);
  faults.processor.checkpoints_outside = draw.share(0.5);
}

void draw_disturbances(Draw& draw, Scenario& s) {
  for (std::size_t i = 0; i < kDisturbances; ++i) {
    if (s.weights[i] == 0 && !draw.one_in(3)) s.weights[i] = draw.from_to(1, 4);
  }
  s.weight(Disturbance::crash_all) = std::min<std::uint64_t>(s.weight(Disturbance::crash_all), 1);
  if (draw.one_in(4)) s.longest_gap = std::chrono::seconds(10);
  if (draw.one_in(4)) s.longest_gap = std::chrono::seconds(90);
}

/// What would be in the way of other findings if it came often. Last, and from numbers of its own, so that the rest of
/// a seed is what it was before this was thought of.
void draw_rare(Draw& draw, Scenario& s) {
  s.weight(Disturbance::operator_delete) = draw.one_in(4) ? 1 : 0;
  if (draw.one_in(3)) s.outstanding = draw.from_to(2, 6);
  if (draw.one_in(3)) s.faults.processor.starts_over = draw.share(0.02);
  const bool beside_java = s.start == Scenario::Start::trim_horizon && draw.one_in(4);
  if (!beside_java) return;
  s.java_workers = draw.from_to(1, 2);
  // Java takes a parent without a row for done, and would start its children too early.
  s.weight(Disturbance::operator_delete) = 0;
}

void draw_fan_out(Draw& draw, Scenario& s) {
  if (draw.one_in(2)) return;
  s.fan_out = draw.one_of({0.5, 1.0});
  s.faults.kinesis.break_stream = draw.share(0.1);
  s.faults.kinesis.stream_lifetime = draw.one_of<Duration>({std::chrono::seconds(20), std::chrono::minutes(5)});
}

}  // namespace

Scenario draw_scenario(std::uint64_t seed) {
  Draw draw(seed);
  Scenario s;
  draw_size(draw, s);
  draw_faults(draw, s.faults);
  s.failover = draw.one_of<Duration>(
      {std::chrono::seconds(5), std::chrono::seconds(10), std::chrono::seconds(10), std::chrono::seconds(30)});
  s.failover_differs = draw.one_in(4);
  s.start = draw.one_of({Scenario::Start::trim_horizon, Scenario::Start::latest, Scenario::Start::mixed});
  if (draw.one_in(4)) s.lease_cap = s.most_shards / s.workers + draw.from_to(1, 2);
  if (draw.one_in(8)) s.retention = std::chrono::minutes(draw.from_to(2, 6));
  s.keep_ended = draw.one_of<Duration>({std::chrono::minutes(2), std::chrono::minutes(10), std::chrono::hours(1)});
  // A few pages: a look at hundreds never ends under faults, and the service has a thousand shards on each.
  if (draw.one_in(2)) s.shards_on_page = draw.from_to(10, 60);
  if (draw.one_in(2)) s.rows_on_page = draw.from_to(10, 60);
  if (draw.one_in(2)) s.put_every = std::chrono::seconds(1);
  draw_disturbances(draw, s);
  s.aggregates = draw.share(1);
  s.damaged_aggregates = draw.share(0.3);
  draw_fan_out(draw, s);
  Draw rare(~seed);
  draw_rare(rare, s);
  Draw more(~seed * 3);
  if (s.java_workers == 0 && more.one_in(4)) s.streams = more.from_to(2, 3);
  return s;
}

}  // namespace kcl::simulation
