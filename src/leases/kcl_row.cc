#include "leases/kcl_row.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "leases/lease_key.h"

namespace kcl::leases::kcl_row {

namespace {

const AttributeValue* find(const Item& row, std::string_view name) {
  const auto it = row.find(std::string(name));
  return it == row.end() ? nullptr : &it->second;
}

/// Reads attributes of one row and keeps the first thing that is wrong with it.
class RowReader {
 public:
  explicit RowReader(const Item& row) : row_(row) {}

  std::optional<std::string> text(std::string_view name) { return get<std::string>(name, "a string"); }

  std::optional<std::int64_t> number(std::string_view name) {
    const auto value = get<Number>(name, "a number");
    if (!value) return std::nullopt;
    const auto whole = value->as_int64();
    if (!whole) blame(name, "a whole number");
    return whole;
  }

  std::optional<double> decimal(std::string_view name) {
    const auto value = get<Number>(name, "a number");
    if (!value) return std::nullopt;
    double decimal = 0;
    const auto [end, error] = std::from_chars(value->text.data(), value->text.data() + value->text.size(), decimal);
    const bool whole = error == std::errc{} && end == value->text.data() + value->text.size();
    return whole && std::isfinite(decimal) && decimal >= 0 ? std::optional(decimal) : std::nullopt;
  }

  std::set<std::string> strings(std::string_view name) {
    return get<AttributeValue::StringSet>(name, "a string set").value_or(AttributeValue::StringSet{});
  }

  void blame(std::string_view name, std::string_view expected) {
    if (!problem_.empty()) return;
    problem_ = "attribute " + std::string(name) + " is not " + std::string(expected);
  }

  const std::string& problem() const { return problem_; }

 private:
  template <class T>
  std::optional<T> get(std::string_view name, std::string_view expected) {
    const AttributeValue* value = find(row_, name);
    if (value == nullptr) return std::nullopt;
    if (const T* typed = value->get_if<T>()) return *typed;
    blame(name, expected);
    return std::nullopt;
  }

  const Item& row_;
  std::string problem_;
};

std::optional<Timestamp> timestamp(std::optional<std::int64_t> milliseconds) {
  if (!milliseconds) return std::nullopt;
  return Timestamp(std::chrono::milliseconds(*milliseconds));
}

std::int64_t milliseconds_of(Timestamp time) { return time.time_since_epoch().count(); }

void read_hash_keys(RowReader& reader, Lease& lease) {
  const auto start = reader.text(kStartingHashKey);
  const auto end = reader.text(kEndingHashKey);
  if (!start || !end) return;
  const auto first = HashKey::parse(*start);
  const auto last = HashKey::parse(*end);
  if (!first) return reader.blame(kStartingHashKey, "a hash key");
  if (!last) return reader.blame(kEndingHashKey, "a hash key");
  lease.hash_keys = HashKeyRange{.start = *first, .end = *last};
}

}  // namespace

std::optional<std::string> java_version(const Item& row) {
  RowReader reader(row);
  const bool there = reader.text(kKey) == kJavaMigration || reader.text("key") == kJavaMigration;
  return there ? reader.text("cv") : std::nullopt;
}

bool is_lease(const Item& row) {
  const AttributeValue* type = find(row, kEntityType);
  if (type == nullptr) return true;
  const auto* text = type->get_if<std::string>();
  return text != nullptr && *text == "LEASE";
}

Result<Lease, std::string> parse(const Item& row) {
  RowReader reader(row);
  Lease lease;
  lease.key = reader.text(kKey).value_or("");
  if (lease.key.empty()) return Failure{std::string("attribute leaseKey is missing")};

  lease.owner = reader.text(kOwner);
  if (lease.owner && lease.owner->empty()) lease.owner.reset();
  const auto counter = reader.number(kCounter);
  if (!counter) reader.blame(kCounter, "there, and it is mandatory");
  lease.counter = counter.value_or(0);

  const auto checkpoint = reader.text(kCheckpoint);
  const auto sub = reader.number(kCheckpointSub).value_or(0);
  if (sub < 0) reader.blame(kCheckpointSub, "at least 0");
  const auto position = Position::parse(checkpoint.value_or(""), static_cast<std::uint64_t>(sub));
  if (position) {
    lease.checkpoint = *position;
  } else {
    reader.blame(kCheckpoint, "a sequence number or a sentinel");
  }

  lease.parents = lease_keys(stream_part(lease.key), reader.strings(kParents));
  lease.children = lease_keys(stream_part(lease.key), reader.strings(kChildren));
  read_hash_keys(reader, lease);
  lease.owner_switches_since_checkpoint = reader.number(kOwnerSwitches).value_or(0);
  lease.checkpoint_owner = reader.text(kCheckpointOwner);

  // One of kclpp's own attributes that does not parse counts as absent, and the row stays a lease.
  RowReader own(row);
  if (const auto token = own.text(kToken)) lease.token = Token::parse(*token);
  if (const auto claim = own.text(kClaim)) lease.claim = Claim::parse(*claim);
  lease.from = timestamp(own.number(kFrom));
  lease.at = timestamp(own.number(kAt));
  if (const auto created = own.number(kStream)) {
    lease.stream_created = std::chrono::sys_seconds(std::chrono::seconds(*created));
  }
  if (const auto failover = own.number(kFailover)) lease.failover = std::chrono::milliseconds(*failover);
  lease.throughput_kbps = own.decimal(kThroughput);
  lease.status = own.text(kStatus).value_or("");

  if (!reader.problem().empty()) return Failure{reader.problem()};
  return lease;
}

Item render(const Lease& lease) {
  Item row;
  const auto set = [&row](std::string_view name, AttributeValue value) { row.emplace(name, std::move(value)); };
  set(kKey, lease.key);
  if (const auto stream = stream_part(lease.key); !stream.empty()) {
    set(kStreamName, std::string(stream));
    set(kShardId, std::string(shard_part(lease.key)));
  }
  set(kCounter, Number::of(lease.counter));
  set(kCheckpoint, lease.checkpoint.text());
  set(kCheckpointSub, Number::of(static_cast<std::int64_t>(lease.checkpoint.sub_sequence())));
  set(kOwnerSwitches, Number::of(lease.owner_switches_since_checkpoint));
  if (lease.owner) set(kOwner, *lease.owner);
  if (!lease.parents.empty()) set(kParents, AttributeValue::Variant(shard_parts(lease.parents)));
  if (!lease.children.empty()) set(kChildren, AttributeValue::Variant(shard_parts(lease.children)));
  if (lease.hash_keys) {
    set(kStartingHashKey, lease.hash_keys->start.text());
    set(kEndingHashKey, lease.hash_keys->end.text());
  }
  if (lease.checkpoint_owner) set(kCheckpointOwner, *lease.checkpoint_owner);
  if (lease.token) set(kToken, lease.token->text());
  if (lease.claim) set(kClaim, lease.claim->text());
  if (lease.from) set(kFrom, Number::of(milliseconds_of(*lease.from)));
  if (lease.at) set(kAt, Number::of(milliseconds_of(*lease.at)));
  if (lease.stream_created) set(kStream, Number::of(lease.stream_created->time_since_epoch().count()));
  if (lease.failover) set(kFailover, Number::of(lease.failover->count()));
  if (lease.throughput_kbps) set(kThroughput, throughput_number(*lease.throughput_kbps));
  if (!lease.status.empty()) set(kStatus, lease.status);
  return row;
}

Number throughput_number(double kilobytes_per_second) {
  std::array<char, 64> text{};
  const double sane = std::clamp(kilobytes_per_second, 0.0, 1e12);
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), sane, std::chars_format::fixed, 6);
  return {error == std::errc{} ? std::string(text.data(), end) : "0"};
}

void append_checkpoint(const Position& checkpoint, std::vector<Action>& actions) {
  append_start({.checkpoint = checkpoint, .at = std::nullopt}, actions);
}

void append_start(const Start& start, std::vector<Action>& actions) {
  const auto sub_sequence = static_cast<std::int64_t>(start.checkpoint.sub_sequence());
  actions.push_back(Action::set(std::string(kCheckpoint), start.checkpoint.text()));
  actions.push_back(Action::set(std::string(kCheckpointSub), Number::of(sub_sequence)));
  actions.push_back(Action::set(std::string(kOwnerSwitches), Number::of(0)));
  actions.push_back(start.at ? Action::set(std::string(kAt), Number::of(milliseconds_of(*start.at)))
                             : Action::remove(std::string(kAt)));
}

}  // namespace kcl::leases::kcl_row
