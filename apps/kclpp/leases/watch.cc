#include "leases/watch.h"

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/poll_loop.h"
#include "base/run_on.h"
#include "files/files.h"
#include "leases/messages.h"
#include "leases/table.h"
#include "operate/dynamodb_fleet_tables.h"
#include "operate/fleet_metrics.h"
#include "operate/fleet_watch.h"
#include "operate/fleets_watch.h"
#include "operate/look.h"
#include "server/server.h"
#include "sinks/prometheus_text.h"

namespace kclpp::leases {

namespace {

using kcl::base::Stop;
using kcl::base::Task;
namespace operate = kcl::operate;
namespace server = kcl::server;

/// The last text, from the strand of the watch to that of the server.
class Board final : public server::Handler {
 public:
  void show(std::string text) {
    const std::lock_guard lock(mutex_);
    text_ = std::move(text);
  }
  void handle(server::Request request, std::shared_ptr<server::Reply> reply) override;

 private:
  std::mutex mutex_;
  std::string text_;
};

void Board::handle(server::Request request, std::shared_ptr<server::Reply> reply) {
  server::Response response;
  response.headers.push_back({"Content-Type", std::string(kcl::sinks::kPrometheusContentType)});
  if (request.path() != "/metrics") {
    response.status = 404;
    response.body = "there is only /metrics\n";
  } else if (request.method != "GET") {
    response.status = 405;
    response.headers.push_back({"Allow", "GET"});
  } else {
    const std::lock_guard lock(mutex_);
    response.body = text_;
  }
  reply->send(std::move(response));
}

/// The server on a strand of its own, which waits for descriptors.
class Exporter {
 public:
  Exporter(Board& board, const server::ListenAddress& listen) {
    std::exception_ptr failure;
    kcl::base::run_on(loop_, [&] {
      try {
        server_.emplace(loop_,
                        server::ServerOptions{.address = listen.address,
                                              .port = listen.port,
                                              .limits = {.header_bytes = 8 << 10, .body_bytes = 0},
                                              .max_connections = 64},
                        board);
      } catch (...) {
        failure = std::current_exception();
      }
    });
    if (failure) std::rethrow_exception(failure);
  }
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;
  ~Exporter() {
    kcl::base::run_on(loop_, [this] { server_.reset(); });
  }

  std::string url() const { return server_->url(); }

 private:
  kcl::base::PollLoop loop_;
  std::optional<server::Server> server_;
};

operate::FleetWatchOptions watch_options(const LeasesOptions& options) {
  operate::FleetWatchOptions watch;
  watch.interval = options.interval;
  watch.assumed_failover = options.assumed_failover;
  return watch;
}

/// On the strand but for its construction.
class Watch {
 public:
  Watch(operate::Session& session, const LeasesOptions& options, Board& board)
      : session_(session), options_(options), board_(board), table_(open_table(session, options)) {
    sample_.application = options.places.table;
    board_.show(operate::fleet_metrics({&sample_}));
  }

  Task<int> run(Stop& stop);

 private:
  Task<void> look(operate::FleetWatch& watch, Stop& stop);

  operate::Session& session_;
  const LeasesOptions& options_;
  Board& board_;
  kcl::leases::LeaseTable table_;
  std::optional<operate::StreamSight> stream_;
  operate::FleetSample sample_;
};

Task<int> Watch::run(Stop& stop) {
  if (!options_.places.stream.empty()) {
    stream_.emplace(session_.loop(), session_.random(), session_.kinesis(), table_, options_.places.stream);
  }
  operate::FleetWatch watch(session_.loop(), table_, stream_ ? &*stream_ : nullptr, watch_options(options_));
  while (!stop.requested()) {
    const auto next = session_.loop().now() + options_.interval;
    co_await look(watch, stop);
    co_await kcl::base::sleep_until(session_.loop(), next, stop);
  }
  co_return kDone;
}

Task<void> Watch::look(operate::FleetWatch& watch, Stop& stop) {
  auto seen = co_await watch.look();
  if (seen && options_.probe_lag) {
    co_await operate::probe_lags(session_.loop(), *stream_, seen->table, stop);
  }
  const std::string complaint = sample_.note(std::move(seen));
  if (!complaint.empty()) complain(complaint);
  board_.show(operate::fleet_metrics({&sample_}));
}

/// The same of every lease table among those that begin alike.
class PrefixWatch {
 public:
  PrefixWatch(operate::Session& session, const LeasesOptions& options, Board& board)
      : session_(session),
        options_(options),
        board_(board),
        tables_(session.loop(), session.random(), session.dynamodb(), options.places.table_prefix),
        watch_(session.loop(), session.random(), tables_, watch_options(options)) {
    board_.show(operate::fleet_metrics({}));
  }

  Task<int> run(Stop& stop);

 private:
  operate::Session& session_;
  const LeasesOptions& options_;
  Board& board_;
  operate::DynamoDbFleetTables tables_;
  operate::FleetsWatch watch_;
};

Task<int> PrefixWatch::run(Stop& stop) {
  while (!stop.requested()) {
    const auto next = session_.loop().now() + options_.interval;
    const auto told = co_await watch_.look();
    for (const std::string& text : told) complain(text);
    board_.show(operate::fleet_metrics(watch_.samples(), watch_.listed()));
    co_await kcl::base::sleep_until(session_.loop(), next, stop);
  }
  co_return kDone;
}

template <class Kind>
int serve(operate::Session& session, const LeasesOptions& options) {
  Board board;
  Kind watch(session, options, board);
  const Exporter exporter(board, options.listen);
  const auto problem = write_stdout("listening on " + exporter.url() + "/metrics\n");
  if (!problem.empty()) return fail(problem);
  const auto code = session.run([&](Stop& stop) { return watch.run(stop); });
  return code ? *code : fail("ended by a second signal");
}

}  // namespace

int run_watch(operate::Session& session, const LeasesOptions& options) {
  return options.places.table_prefix.empty() ? serve<Watch>(session, options) : serve<PrefixWatch>(session, options);
}

}  // namespace kclpp::leases
