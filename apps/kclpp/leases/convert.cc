#include "leases/convert.h"

#include <utility>
#include <vector>

#include "aws/environment.h"
#include "files/files.h"
#include "leases/agreement.h"
#include "leases/messages.h"
#include "leases/table.h"
#include "operate/conversion.h"
#include "operate/look.h"

namespace kclpp::leases {

namespace {

using kcl::base::Stop;
using kcl::base::Task;
using kcl::leases::CreateResult;
namespace operate = kcl::operate;

Task<int> look_at_old(operate::Session& session, const LeasesOptions& options, operate::TableView& view, Stop& stop) {
  auto table = open_table(session, options);
  const auto there = co_await table.ensure(kcl::CreateTable::never, kTablePatience);
  if (!there) co_return fail(there.error().message);
  operate::LookOptions look;
  look.assumed_failover = options.assumed_failover;
  auto seen = co_await operate::look(session.loop(), table, look, stop);
  if (!seen) co_return fail(seen.error().message);
  if (stop.requested()) co_return fail("stopped by a signal; nothing was changed");
  view = *std::move(seen);
  co_return kDone;
}

/// A table that is not there is one without leases.
Task<int> look_at_new(operate::Session& session, const LeasesOptions& options,
                      std::vector<kcl::leases::Lease>& leases) {
  auto table = open_table(session, options);
  const auto there = co_await table.ensure(kcl::CreateTable::never, kTablePatience);
  if (!there) {
    complain("the table " + options.places.table + " is made: " + there.error().message);
    co_return kDone;
  }
  auto scan = co_await table.scan(true);
  if (!scan) co_return fail(scan.error().message);
  leases = std::move(scan->leases);
  co_return kDone;
}

Task<int> create_rows(operate::Session& session, const LeasesOptions& options, operate::Conversion conversion,
                      Stop& stop) {
  auto table = open_table(session, options);
  const auto there = co_await table.ensure(kcl::CreateTable::if_missing, kTablePatience);
  if (!there) co_return fail(there.error().message + "; nothing was changed");
  const std::size_t count = conversion.rows.size();
  std::size_t left = count;
  for (kcl::leases::Lease& row : conversion.rows) {
    if (stop.requested()) break;
    const std::string shard = row.key;
    const auto result = co_await table.create(std::move(row), kcl::leases::Origin::fresh);
    const bool done = result.kind == CreateResult::Kind::created;
    left -= done ? 1 : 0;
    if (!done) {
      complain(shard + ": NOT DONE: " +
               (result.kind == CreateResult::Kind::exists ? "somebody else made it meanwhile" : result.message));
    }
  }
  if (left > 0) {
    co_return fail(std::to_string(left) + " of " + std::to_string(count) +
                   " not done; start no worker on the new table, and run this again");
  }
  const auto problem = write_stdout(std::to_string(count) + " leases are in the table " + options.places.table +
                                    "; start workers with --application " + options.places.table + '\n');
  co_return problem.empty() ? kDone : fail(problem);
}

}  // namespace

int run_convert(operate::Session& session, const LeasesOptions& options) {
  LeasesOptions onto = options;
  onto.places.table = options.into;
  onto.places.format = kcl::LeaseFormat::kcl;
  auto other = operate::Session::open(onto.places, kcl::aws::Environment::of_process());
  if (!other) {
    for (const std::string& problem : other.error()) complain(problem);
    return kUsage;
  }
  const std::string interrupted = "ended by a second signal";
  operate::TableView view;
  auto code = session.run([&](Stop& stop) { return look_at_old(session, options, view, stop); });
  if (!code) return fail(interrupted + "; nothing was changed");
  if (*code != kDone) return *code;
  std::vector<kcl::leases::Lease> there;
  code = (*other)->run([&](Stop&) { return look_at_new(**other, onto, there); });
  if (!code) return fail(interrupted + "; nothing was changed");
  if (*code != kDone) return *code;

  const operate::ConversionChoices choices{.start = options.from, .force = options.force};
  const auto conversion = operate::plan_conversion(view, there, choices);
  const auto problem = write_stdout(operate::conversion_text(conversion));
  if (!problem.empty()) return fail(problem);
  if (!conversion.refusals.empty()) return fail("refused; nothing was changed");
  if (options.dry_run || conversion.rows.empty()) return kDone;
  if (!agreed(options)) return kFailed;
  code = (*other)->run([&](Stop& stop) { return create_rows(**other, onto, conversion, stop); });
  return code ? *code : fail(interrupted + " in the middle; run this again");
}

}  // namespace kclpp::leases
