#include "leases/vmware_go_row.h"

#include <algorithm>
#include <array>

#include "leases/go_time.h"

namespace kcl::leases::vmware_go_row {

namespace {

/// The text of an attribute; nothing, and a problem, of one of another type.
std::optional<std::string> text(const Item& row, std::string_view name, std::string& problem) {
  const auto it = row.find(std::string(name));
  if (it == row.end()) return std::nullopt;
  if (const auto* value = it->second.get_if<std::string>()) return *value;
  if (problem.empty()) problem = "attribute " + std::string(name) + " is not a string";
  return std::nullopt;
}

/// An empty text is written where there is none (a checkpoint of a Go worker that has let go).
std::optional<std::string> unless_empty(const std::optional<std::string>& value) {
  return value && !value->empty() ? value : std::nullopt;
}

void read_timeout(const std::optional<std::string>& written, Lease& lease) {
  const auto nanoseconds = written ? parse_go_time(*written) : std::nullopt;
  if (!nanoseconds) return;
  using namespace std::chrono;
  lease.counter = *nanoseconds;
  lease.token = Token{.incarnation = {}, .counter = *nanoseconds, .attempt = 0};
  lease.timeout = Timestamp(ceil<milliseconds>(std::chrono::nanoseconds(*nanoseconds)));
}

/// By whoever held it, or it never had an owner.
bool given_up(const GoTexts& go, std::int64_t nanoseconds) {
  if (go.owner) return false;
  return !go.timeout || nanoseconds % 100 == static_cast<std::int64_t>(Mark::given_up);
}

}  // namespace

bool may_be_of_kclpp(const Lease& lease) {
  const std::int64_t digits = lease.counter % 100;
  return std::ranges::any_of(std::array{Mark::taken, Mark::held, Mark::given_up},
                             [digits](Mark mark) { return digits == static_cast<std::int64_t>(mark); });
}

Result<Lease, std::string> parse(const Item& row) {
  std::string problem;
  Lease lease;
  lease.key = text(row, kKey, problem).value_or("");
  if (lease.key.empty()) return Failure{std::string("attribute ShardID is missing")};
  GoTexts go;
  go.owner = text(row, kOwner, problem);
  go.timeout = text(row, kTimeout, problem);
  go.checkpoint = text(row, kCheckpoint, problem);
  go.claim = text(row, kClaim, problem);
  const auto parent = unless_empty(text(row, kParent, problem));
  if (!problem.empty()) return Failure{std::move(problem)};

  lease.owner = unless_empty(go.owner);
  if (parent) lease.parents.insert(*parent);
  if (const auto claimer = unless_empty(go.claim)) lease.claim = Claim{.incarnation = {}, .worker_id = *claimer};
  read_timeout(go.timeout, lease);
  lease.given_up = given_up(go, lease.counter);
  // Without a checkpoint: from the application's start instant.
  lease.checkpoint = Position::at_timestamp();
  if (const auto checkpoint = unless_empty(go.checkpoint)) {
    const auto position = Position::parse(*checkpoint, kWholeRecord);
    if (!position) return Failure{std::string("attribute Checkpoint is not a sequence number or SHARD_END")};
    lease.checkpoint = *position;
  }
  lease.go = std::move(go);
  return lease;
}

Item render(const Lease& lease) {
  Item row;
  const auto set = [&row](std::string_view name, AttributeValue value) { row.emplace(name, std::move(value)); };
  set(kKey, lease.key);
  if (lease.owner) set(kOwner, *lease.owner);
  if (lease.counter != 0) set(kTimeout, format_go_time(lease.counter));
  if (lease.checkpoint.is_real()) set(kCheckpoint, lease.checkpoint.text());
  // Go's rows have room for one; the listing knows the other.
  if (!lease.parents.empty()) set(kParent, *lease.parents.begin());
  if (lease.claim) set(kClaim, lease.claim->worker_id);
  return row;
}

}  // namespace kcl::leases::vmware_go_row
