// The `kcl` row format: Java's rows, with kclpp's own marks on each.
#include <algorithm>

#include "leases/kcl_row.h"
#include "leases/lease_key.h"
#include "leases/row_format.h"

namespace kcl::leases {

using namespace kcl_row;

namespace {

Condition same(std::string_view attribute, const std::optional<std::string>& value) {
  return value ? Condition::equals(std::string(attribute), *value) : Condition::absent(std::string(attribute));
}

Token token_of(const Author& author, std::int64_t counter) {
  return {.incarnation = author.me.incarnation, .counter = counter, .attempt = author.attempt};
}

class KclFormat final : public RowFormat {
 public:
  LeaseFormat format() const override { return LeaseFormat::kcl; }

  bool is_lease(const Item& row) const override { return kcl_row::is_lease(row); }
  Result<Lease, std::string> parse(const Item& row) const override { return kcl_row::parse(row); }
  std::optional<ApplicationMarks> application(const Item&) const override { return std::nullopt; }
  bool granted(const Lease& lease, const Identity& me) const override {
    return lease.owner == me.worker_id && lease.claim == Claim::of(me) && lease.last_written_by_kclpp() &&
           !lease.checkpoint_owner && !lease.ended();
  }

  bool has_application_row() const override { return false; }
  bool claims_reserve() const override { return false; }
  bool keeps_ended_rows() const override { return false; }
  bool checkpoints_may_go_back() const override { return false; }
  bool has_sub_sequences() const override { return true; }
  bool can_say(const Start&) const override { return true; }

  Item application_row(const ApplicationMarks&) const override { return {}; }
  Claim claim_of(const Identity& me) const override { return Claim::of(me); }
  Lease created(Lease lease, Origin origin, const Author& author) const override;
  Item render(const Lease& lease) const override { return kcl_row::render(lease); }

  Token take_token(const Lease& observed, const Author& author) const override;
  ItemUpdate take(const Lease& observed, const Token& token, const TakeMarks& marks,
                  const Author& author) const override;

  Token holder_token(const Lease& row, HolderWriteKind, const Author& author) const override {
    return token_of(author, row.counter + 1);
  }
  std::optional<std::string> owner_after_grant(const Claim& claim) const override { return claim.worker_id; }
  ItemUpdate holder_write(const Lease& row, const HolderWrite& write) const override;

  ItemUpdate claim(const Lease& observed, const Identity& me) const override;
  ItemUpdate withdraw_claim(const Lease& observed, const Identity& me) const override;
  ItemUpdate evict(const Lease& observed, const std::optional<Start>& start) const override;
  bool evicted(const Lease& row, const Lease& observed, const std::optional<Start>& start) const override;
  std::vector<Condition> as_observed(const Lease& observed) const override;

 private:
  static void require_unchanged(const Lease& observed, ItemUpdate& update);
};

Lease KclFormat::created(Lease lease, Origin origin, const Author& author) const {
  // The server's milliseconds, so that epochs grow even when a row is deleted and created again (R7).
  lease.counter = author.server_now.time_since_epoch().count();
  lease.owner.reset();
  // A token of another counter, as after a write of Java's, keeps everyone from taking the row before it has aged.
  lease.token = token_of(author, origin == Origin::repair ? lease.counter - 1 : lease.counter);
  return lease;
}

Token KclFormat::take_token(const Lease& observed, const Author& author) const {
  const std::int64_t server_ms = author.server_now.time_since_epoch().count();
  return token_of(author, std::max(observed.counter + 1, server_ms));
}

void KclFormat::require_unchanged(const Lease& observed, ItemUpdate& update) {
  update.conditions.push_back(Condition::equals(std::string(kCounter), Number::of(observed.counter)));
  update.conditions.push_back(same(kOwner, observed.owner));
  if (observed.token) update.conditions.push_back(Condition::equals(std::string(kToken), observed.token->text()));
}

ItemUpdate KclFormat::take(const Lease& observed, const Token& token, const TakeMarks& marks,
                           const Author& author) const {
  ItemUpdate update;
  update.key = observed.key;
  require_unchanged(observed, update);
  update.actions.push_back(Action::set(std::string(kOwner), author.me.worker_id));
  update.actions.push_back(Action::set(std::string(kCounter), Number::of(token.counter)));
  update.actions.push_back(Action::set(std::string(kToken), token.text()));
  const auto failover_ms = std::chrono::duration_cast<std::chrono::milliseconds>(author.failover).count();
  update.actions.push_back(Action::set(std::string(kFailover), Number::of(failover_ms)));
  update.actions.push_back(Action::remove(std::string(kClaim)));
  update.actions.push_back(Action::remove(std::string(kCheckpointOwner)));
  if (!observed.from && marks.start_instant) {
    const auto instant = marks.start_instant->time_since_epoch().count();
    update.actions.push_back(Action::set(std::string(kFrom), Number::of(instant)));
  }
  if (!observed.stream_created && marks.stream_created) {
    const auto created = marks.stream_created->time_since_epoch().count();
    update.actions.push_back(Action::set(std::string(kStream), Number::of(created)));
  }
  if (observed.owner && *observed.owner != author.me.worker_id) {
    update.actions.push_back(Action::add(std::string(kOwnerSwitches), Number::of(1)));
  }
  return update;
}

ItemUpdate KclFormat::holder_write(const Lease& row, const HolderWrite& write) const {
  ItemUpdate update;
  update.key = row.key;
  update.conditions.push_back(Condition::equals(std::string(kCounter), Number::of(row.counter)));
  update.conditions.push_back(Condition::equals(std::string(kOwner), *row.owner));
  if (write.handed_off)
    update.conditions.push_back(Condition::equals(std::string(kCheckpointOwner), *row.checkpoint_owner));
  if (row.token) update.conditions.push_back(Condition::equals(std::string(kToken), row.token->text()));

  update.actions.push_back(Action::set(std::string(kCounter), Number::of(write.token.counter)));
  update.actions.push_back(Action::set(std::string(kToken), write.token.text()));
  if (write.position) append_checkpoint(*write.position, update.actions);
  if (write.start) append_start(*write.start, update.actions);
  if (!write.children.empty()) {
    update.actions.push_back(Action::set(std::string(kChildren), AttributeValue::Variant(shard_parts(write.children))));
  }
  if (!write.status.empty()) update.actions.push_back(Action::set(std::string(kStatus), write.status));
  if (write.throughput_kbps) {
    update.actions.push_back(Action::set(std::string(kThroughput), throughput_number(*write.throughput_kbps)));
  }

  if (!gives_up(write.kind)) return update;
  if (write.kind == HolderWriteKind::grant && !write.handed_off) {
    // The claim stays: it is how the claimer knows that the row was given to it (R5).
    update.conditions.push_back(Condition::equals(std::string(kClaim), row.claim->text()));
  }
  if (!write.owner_after) {
    update.actions.push_back(Action::remove(std::string(kOwner)));
  } else if (write.owner_after != row.owner) {
    update.actions.push_back(Action::set(std::string(kOwner), *write.owner_after));
  }
  // Java's next owner starts when this is gone.
  if (write.handed_off) update.actions.push_back(Action::remove(std::string(kCheckpointOwner)));
  return update;
}

ItemUpdate KclFormat::claim(const Lease& observed, const Identity& me) const {
  ItemUpdate update;
  update.key = observed.key;
  update.conditions.push_back(same(kOwner, observed.owner));
  update.conditions.push_back(Condition::absent(std::string(kClaim)));
  update.actions.push_back(Action::set(std::string(kClaim), Claim::of(me).text()));
  return update;
}

ItemUpdate KclFormat::withdraw_claim(const Lease& observed, const Identity& me) const {
  ItemUpdate update;
  update.key = observed.key;
  // Only from whom it was claimed: a grant that lands first leaves the claim, by which the claimer knows it (R8).
  update.conditions.push_back(same(kOwner, observed.owner));
  update.conditions.push_back(Condition::equals(std::string(kClaim), Claim::of(me).text()));
  update.actions.push_back(Action::remove(std::string(kClaim)));
  return update;
}

ItemUpdate KclFormat::evict(const Lease& observed, const std::optional<Start>& start) const {
  ItemUpdate update;
  update.key = observed.key;
  require_unchanged(observed, update);
  // The counter alone: the token stays behind, and so tells that this is no holder's release (R4).
  update.actions.push_back(Action::set(std::string(kCounter), Number::of(observed.counter + 1)));
  update.actions.push_back(Action::remove(std::string(kOwner)));
  update.actions.push_back(Action::remove(std::string(kCheckpointOwner)));
  if (start) append_start(*start, update.actions);
  return update;
}

bool KclFormat::evicted(const Lease& row, const Lease& observed, const std::optional<Start>& start) const {
  return row.counter == observed.counter + 1 && !row.owner && row.token == observed.token &&
         (!start || Start{row.checkpoint, row.at} == *start);
}

std::vector<Condition> KclFormat::as_observed(const Lease& observed) const {
  std::vector<Condition> conditions;
  conditions.push_back(Condition::equals(std::string(kCounter), Number::of(observed.counter)));
  conditions.push_back(Condition::equals(std::string(kCheckpoint), observed.checkpoint.text()));
  return conditions;
}

}  // namespace

const RowFormat& kcl_format() {
  static const KclFormat format;
  return format;
}

}  // namespace kcl::leases
