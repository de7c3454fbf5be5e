#include "leases/leases.h"

#include <exception>
#include <utility>

#include "aws/environment.h"
#include "base/text.h"
#include "files/files.h"
#include "leases/changes.h"
#include "leases/convert.h"
#include "leases/messages.h"
#include "leases/table.h"
#include "leases/watch.h"
#include "operate/diagnose.h"
#include "operate/lease_export.h"
#include "operate/lease_report.h"
#include "operate/look.h"
#include "operate/stream_consumers.h"

namespace kclpp::leases {

namespace {

using kcl::base::Stop;
using kcl::base::Task;
namespace operate = kcl::operate;

/// One verb's work on an open session. Lives on the strand but for its construction.
class Work {
 public:
  Work(operate::Session& session, const LeasesOptions& options)
      : session_(session), options_(options), table_(open_table(session, options)) {}

  Task<int> run(Stop& stop);

 private:
  Task<int> look(Stop& stop);
  Task<int> export_rows();
  Task<std::string> consumers();

  operate::Session& session_;
  const LeasesOptions& options_;
  kcl::leases::LeaseTable table_;
};

Task<int> Work::run(Stop& stop) {
  // Whether the table is there, and one of leases.
  const auto there = co_await table_.ensure(kcl::CreateTable::never, kTablePatience);
  if (!there) co_return fail(there.error().message);
  if (options_.verb == Verb::export_rows) co_return co_await export_rows();
  co_return co_await look(stop);
}

Task<int> Work::look(Stop& stop) {
  operate::LookOptions look;
  look.watch = options_.watch;
  look.assumed_failover = options_.assumed_failover;
  auto view = co_await operate::look(session_.loop(), table_, look, stop);
  if (!view) co_return fail(view.error().message);
  std::string registered;
  if (!options_.places.stream.empty()) {
    operate::StreamSight stream(session_.loop(), session_.random(), session_.kinesis(), table_, options_.places.stream);
    const auto listed = co_await stream.add_listing(*view);
    if (!listed) co_return fail(listed.error());
    // The text of `show` has no notes.
    if (options_.json || options_.verb == Verb::list) registered = co_await consumers();
    if (options_.probe_lag) {
      co_await operate::probe_lags(session_.loop(), stream, *view, stop);
    }
  }
  if (stop.requested()) co_return fail("stopped by a signal before the look had ended");
  auto diagnosis = operate::diagnose(*view);
  if (!registered.empty()) diagnosis.notes.push_back(std::move(registered));
  const std::string& table = options_.places.table;
  const auto unknown = operate::unknown_shards(diagnosis, options_.shards);
  if (!unknown.empty()) co_return fail("nothing is known of " + kcl::base::joined(unknown));
  std::string text;
  if (options_.json) {
    text = operate::json_text(diagnosis, table, options_.shards);
  } else if (options_.verb == Verb::show) {
    text = operate::show_text(diagnosis, options_.shards);
  } else {
    text = operate::list_text(diagnosis, table);
  }
  const auto problem = write_stdout(text);
  co_return problem.empty() ? kDone : fail(problem);
}

/// Registered for enhanced fan-out, for people. Empty: there are none, or the service does not say.
Task<std::string> Work::consumers() {
  std::string stream = options_.places.stream;
  const auto deadline = session_.loop().now() + std::chrono::seconds(8);
  auto described = co_await session_.kinesis().describe_stream(std::move(stream), deadline);
  if (!described.value) co_return std::string();
  std::string arn = described.value->arn;
  auto consumers = co_await operate::list_consumers(session_.loop(), session_.kinesis_service(), std::move(arn));
  if (!consumers || consumers->empty()) co_return std::string();
  co_return operate::consumers_text(*consumers);
}

Task<int> Work::export_rows() {
  operate::Export exported;
  exported.table = options_.places.table;
  auto rows = co_await operate::read_rows(session_.loop(), session_.store());
  if (!rows) co_return fail(rows.error().message);
  exported.rows = *std::move(rows);
  exported.taken = table_.server_now();
  const std::string text = operate::render(exported);
  const auto problem = options_.output.empty() ? write_stdout(text) : write_new_file(options_.output, text);
  co_return problem.empty() ? kDone : fail(problem);
}

}  // namespace

int run(const LeasesOptions& options) {
  try {
    auto session = operate::Session::open(options.places, kcl::aws::Environment::of_process());
    if (!session) {
      for (const std::string& problem : session.error()) complain(problem);
      return kUsage;
    }
    if (options.verb == Verb::convert) return run_convert(**session, options);
    if (changes(options.verb)) return run_changes(**session, options);
    if (options.verb == Verb::watch) return run_watch(**session, options);
    Work work(**session, options);
    const auto code = (*session)->run([&](Stop& stop) { return work.run(stop); });
    return code ? *code : fail("ended by a second signal");
  } catch (const std::exception& failure) {
    return fail(failure.what());
  }
}

}  // namespace kclpp::leases
