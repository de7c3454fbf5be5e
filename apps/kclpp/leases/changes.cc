#include "leases/changes.h"

#include <algorithm>
#include <utility>

#include "base/printable.h"
#include "files/files.h"
#include "leases/agreement.h"
#include "leases/messages.h"
#include "leases/table.h"
#include "operate/lease_changer.h"
#include "operate/lease_export.h"
#include "operate/look.h"

namespace kclpp::leases {

namespace {

using kcl::base::Stop;
using kcl::base::Task;
namespace operate = kcl::operate;

/// "orders-20261122T232613Z.leases".
std::string undo_name(const std::string& table, kcl::Timestamp now) {
  std::string time = kcl::to_iso8601(std::chrono::floor<std::chrono::seconds>(now));
  time.erase(time.find('.'), 4);
  std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
  return table + '-' + time + ".leases";
}

/// Both phases of a change: the plan, and, once people agree, its steps. On the strand but for its construction.
class Changes {
 public:
  Changes(operate::Session& session, const LeasesOptions& options, operate::Export imported)
      : session_(session), options_(options), imported_(std::move(imported)), table_(open_table(session, options)) {}

  Task<int> make_plan(Stop& stop);
  Task<int> carry_out(Stop& stop);

  const operate::Plan& plan() const noexcept { return plan_; }

 private:
  Task<std::string> write_undo();

  operate::Session& session_;
  const LeasesOptions& options_;
  const operate::Export imported_;
  kcl::leases::LeaseTable table_;
  operate::Plan plan_;
};

Task<int> Changes::make_plan(Stop& stop) {
  const auto there = co_await table_.ensure(kcl::CreateTable::never, kTablePatience);
  if (!there) co_return fail(there.error().message);
  operate::LookOptions look;
  look.assumed_failover = options_.assumed_failover;
  auto view = co_await operate::look(session_.loop(), table_, look, stop);
  if (!view) co_return fail(view.error().message);
  if (stop.requested()) co_return fail("stopped by a signal; nothing was changed");
  const operate::Selection selection{.shards = options_.shards, .force = options_.force};
  switch (options_.verb) {
    case Verb::import_rows:
      plan_ = operate::plan_import(*view, selection, imported_);
      break;
    case Verb::rewind:
      plan_ = operate::plan_rewind(*view, selection, *options_.to);
      break;
    default:
      plan_ = operate::plan_release(*view, selection);
      break;
  }
  co_return kDone;
}

/// What went wrong; empty: nothing.
Task<std::string> Changes::write_undo() {
  operate::Export before;
  before.table = options_.places.table;
  auto rows = co_await operate::read_rows(session_.loop(), session_.store());
  if (!rows) co_return rows.error().message;
  before.rows = *std::move(rows);
  before.taken = table_.server_now();
  const std::string file = options_.undo.empty() ? undo_name(before.table, before.taken) : options_.undo;
  std::string problem = write_new_file(file, operate::render(before));
  if (!problem.empty()) co_return "the export that would undo this cannot be written: " + problem;
  complain("what is changed now is undone by: " + options_.undo_command + ' ' + file);
  co_return std::string();
}

Task<int> Changes::carry_out(Stop& stop) {
  const std::string problem = co_await write_undo();
  if (!problem.empty()) co_return fail(problem + "; nothing was changed");
  operate::ChangerOptions changer_options;
  changer_options.patience = options_.patience;
  changer_options.force = options_.force;
  operate::LeaseChanger changer(session_.loop(), table_, changer_options);
  std::size_t left = plan_.steps.size();
  for (operate::Planned& step : plan_.steps) {
    if (stop.requested()) break;
    const std::string shard = step.change.shard;
    const auto outcome = co_await changer.apply(std::move(step.change), stop);
    const bool done = outcome.kind == operate::ChangeOutcome::Kind::done;
    const bool unknown = outcome.kind == operate::ChangeOutcome::Kind::unknown;
    left -= done ? 1 : 0;
    const std::string_view how = done ? ": done: " : unknown ? ": UNKNOWN: " : ": NOT DONE: ";
    const auto failure = write_stdout(kcl::base::printable(shard + std::string(how) + outcome.message) + '\n');
    if (!failure.empty()) complain(failure);
  }
  if (left > 0) co_return fail(std::to_string(left) + " of " + std::to_string(plan_.steps.size()) + " not done");
  co_return kDone;
}

}  // namespace

int run_changes(operate::Session& session, const LeasesOptions& options) {
  operate::Export imported;
  if (options.verb == Verb::import_rows) {
    const auto text = read_file(options.input);
    if (!text) return fail(text.error());
    auto read = operate::parse_export(*text);
    if (!read) return fail(options.input + ": " + read.error());
    imported = *std::move(read);
  }
  Changes changes(session, options, std::move(imported));
  const auto planned = session.run([&](Stop& stop) { return changes.make_plan(stop); });
  if (!planned) return fail("ended by a second signal; nothing was changed");
  if (*planned != kDone) return *planned;
  const operate::Plan& plan = changes.plan();
  const auto problem = write_stdout(operate::plan_text(plan));
  if (!problem.empty()) return fail(problem);
  if (!plan.refusals.empty()) return fail("refused; nothing was changed");
  if (options.dry_run || plan.steps.empty()) return kDone;
  if (!agreed(options)) return kFailed;
  const auto code = session.run([&](Stop& stop) { return changes.carry_out(stop); });
  return code ? *code : fail("ended by a second signal in the middle; the leases say how far it came");
}

}  // namespace kclpp::leases
