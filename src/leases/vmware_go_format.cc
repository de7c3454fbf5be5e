// Every write of the protocol as a `vmware-go` row takes it. Updates name their attributes, so a Go worker's claim and
// its checkpoint survive; conditions are the texts that were read.
#include <algorithm>

#include "leases/go_time.h"
#include "leases/row_format.h"
#include "leases/vmware_go_row.h"

namespace kcl::leases {

using namespace vmware_go_row;

namespace {

constexpr std::int64_t kPerMillisecond = 1'000'000;

/// As the row's text was: absent, empty, or anything.
Condition same(std::string_view attribute, const std::optional<std::string>& text) {
  return text ? Condition::equals(std::string(attribute), *text) : Condition::absent(std::string(attribute));
}

const AttributeValue* find(const Item& row, std::string_view name) {
  const auto it = row.find(std::string(name));
  return it == row.end() ? nullptr : &it->second;
}

std::optional<std::string> key_of(const Item& row) {
  const AttributeValue* value = find(row, kKey);
  const auto* text = value == nullptr ? nullptr : value->get_if<std::string>();
  return text == nullptr ? std::nullopt : std::optional(*text);
}

std::optional<std::int64_t> number(const Item& row, std::string_view name) {
  const AttributeValue* value = find(row, name);
  const auto* number = value == nullptr ? nullptr : value->get_if<Number>();
  return number == nullptr ? std::nullopt : number->as_int64();
}

/// A failover time from now by the store's clock, later than what the row had, and of this attempt alone.
Token token_of(const Lease& row, Mark mark, const Author& author) {
  const auto now = author.server_now.time_since_epoch().count();
  const auto failover = std::chrono::duration_cast<std::chrono::milliseconds>(author.failover).count();
  const std::int64_t milliseconds = std::max(now + failover, row.counter / kPerMillisecond + 1);
  const auto attempt = static_cast<std::int64_t>(author.attempt % 10'000);
  const std::int64_t nonce = attempt * 100 + static_cast<std::int64_t>(mark);
  return {.incarnation = {}, .counter = milliseconds * kPerMillisecond + nonce, .attempt = 0};
}

class VmwareGoFormat final : public RowFormat {
 public:
  LeaseFormat format() const override { return LeaseFormat::vmware_go; }

  bool is_lease(const Item& row) const override {
    const auto key = key_of(row);
    return !key || key->starts_with("shardId-");
  }
  Result<Lease, std::string> parse(const Item& row) const override { return vmware_go_row::parse(row); }
  std::optional<ApplicationMarks> application(const Item& row) const override;
  bool granted(const Lease& lease, const Identity& me) const override {
    return lease.let_go() && lease.claim == claim_of(me) && !lease.ended();
  }

  bool has_application_row() const override { return true; }
  bool claims_reserve() const override { return true; }
  bool keeps_ended_rows() const override { return true; }
  bool checkpoints_may_go_back() const override { return true; }
  bool has_sub_sequences() const override { return false; }
  /// Go workers hand whatever stands there to the service as a sequence number, but for SHARD_END.
  bool can_say(const Start& start) const override {
    const Position& position = start.checkpoint;
    return position.is_shard_end() || (position.is_sequence() && position.sub_sequence() == 0 && !start.at);
  }

  Item application_row(const ApplicationMarks& marks) const override;
  Claim claim_of(const Identity& me) const override { return {.incarnation = {}, .worker_id = me.worker_id}; }
  Lease created(Lease lease, Origin origin, const Author& author) const override;
  Item render(const Lease& lease) const override { return vmware_go_row::render(lease); }

  Token take_token(const Lease& observed, const Author& author) const override {
    return token_of(observed, Mark::taken, author);
  }
  ItemUpdate take(const Lease& observed, const Token& token, const TakeMarks&, const Author& author) const override;

  Token holder_token(const Lease& row, HolderWriteKind kind, const Author& author) const override {
    return token_of(row, gives_up(kind) ? Mark::given_up : Mark::held, author);
  }
  /// A Go worker that finds itself named never starts the shard.
  std::optional<std::string> owner_after_grant(const Claim&) const override { return std::nullopt; }
  ItemUpdate holder_write(const Lease& row, const HolderWrite& write) const override;

  ItemUpdate claim(const Lease& observed, const Identity& me) const override;
  ItemUpdate withdraw_claim(const Lease& observed, const Identity& me) const override;
  ItemUpdate evict(const Lease& observed, const std::optional<Start>& start) const override;
  bool evicted(const Lease& row, const Lease& observed, const std::optional<Start>& start) const override;
  std::vector<Condition> as_observed(const Lease& observed) const override;
};

std::optional<ApplicationMarks> VmwareGoFormat::application(const Item& row) const {
  const auto from = number(row, kFrom);
  if (key_of(row) != kApplicationKey || !from) return std::nullopt;
  ApplicationMarks marks;
  marks.start_instant = Timestamp(std::chrono::milliseconds(*from));
  if (const auto created = number(row, kStream)) {
    marks.stream_created = std::chrono::sys_seconds(std::chrono::seconds(*created));
  }
  return marks;
}

Item VmwareGoFormat::application_row(const ApplicationMarks& marks) const {
  Item row;
  row.emplace(kKey, std::string(kApplicationKey));
  row.emplace(kFrom, Number::of(marks.start_instant.time_since_epoch().count()));
  if (marks.stream_created) row.emplace(kStream, Number::of(marks.stream_created->time_since_epoch().count()));
  return row;
}

/// Only the key and the parent, which Go workers acquire; a repair must age from when it was made.
Lease VmwareGoFormat::created(Lease lease, Origin origin, const Author& author) const {
  lease.owner.reset();
  lease.claim.reset();
  lease.counter = 0;
  lease.token.reset();
  if (origin == Origin::fresh) return lease;
  lease.token = token_of(lease, Mark::held, author);
  lease.counter = lease.token->counter;
  return lease;
}

ItemUpdate VmwareGoFormat::take(const Lease& observed, const Token& token, const TakeMarks&,
                                const Author& author) const {
  ItemUpdate update;
  update.key = observed.key;
  update.conditions = as_observed(observed);
  update.conditions.push_back(same(kClaim, observed.go->claim));
  update.actions.push_back(Action::set(std::string(kOwner), author.me.worker_id));
  update.actions.push_back(Action::set(std::string(kTimeout), format_go_time(token.counter)));
  update.actions.push_back(Action::remove(std::string(kClaim)));
  return update;
}

ItemUpdate VmwareGoFormat::holder_write(const Lease& row, const HolderWrite& write) const {
  ItemUpdate update;
  update.key = row.key;
  update.conditions.push_back(Condition::equals(std::string(kOwner), *row.owner));
  update.conditions.push_back(same(kTimeout, row.go->timeout));
  update.actions.push_back(Action::set(std::string(kTimeout), format_go_time(write.token.counter)));
  if (write.position) update.actions.push_back(Action::set(std::string(kCheckpoint), write.position->text()));
  if (write.start) update.actions.push_back(Action::set(std::string(kCheckpoint), write.start->checkpoint.text()));
  if (!gives_up(write.kind)) return update;
  // The claim stays: it keeps others away until its author comes, and is how a kclpp worker knows that it may.
  if (write.kind == HolderWriteKind::grant) update.conditions.push_back(same(kClaim, row.go->claim));
  update.actions.push_back(Action::remove(std::string(kOwner)));
  return update;
}

ItemUpdate VmwareGoFormat::claim(const Lease& observed, const Identity& me) const {
  ItemUpdate update;
  update.key = observed.key;
  update.conditions.push_back(same(kOwner, observed.go->owner));
  update.conditions.push_back(Condition::absent(std::string(kClaim)));
  update.actions.push_back(Action::set(std::string(kClaim), me.worker_id));
  return update;
}

ItemUpdate VmwareGoFormat::withdraw_claim(const Lease& observed, const Identity& me) const {
  ItemUpdate update;
  update.key = observed.key;
  // Only from whom it was claimed: a grant that lands first leaves the claim, by which the claimer knows it (R8).
  update.conditions.push_back(same(kOwner, observed.go->owner));
  update.conditions.push_back(Condition::equals(std::string(kClaim), me.worker_id));
  update.actions.push_back(Action::remove(std::string(kClaim)));
  return update;
}

/// Without its owner, and with the mark of a holder that had not stopped: so the row is taken by age.
ItemUpdate VmwareGoFormat::evict(const Lease& observed, const std::optional<Start>& start) const {
  ItemUpdate update;
  update.key = observed.key;
  update.conditions = as_observed(observed);
  update.actions.push_back(Action::remove(std::string(kOwner)));
  if (start) update.actions.push_back(Action::set(std::string(kCheckpoint), start->checkpoint.text()));
  return update;
}

bool VmwareGoFormat::evicted(const Lease& row, const Lease& observed, const std::optional<Start>& start) const {
  return !row.owner && row.go->timeout == observed.go->timeout &&
         (!start || row.checkpoint.text() == start->checkpoint.text());
}

std::vector<Condition> VmwareGoFormat::as_observed(const Lease& observed) const {
  return {same(kOwner, observed.go->owner), same(kTimeout, observed.go->timeout),
          same(kCheckpoint, observed.go->checkpoint)};
}

}  // namespace

const RowFormat& vmware_go_format() {
  static const VmwareGoFormat format;
  return format;
}

}  // namespace kcl::leases
