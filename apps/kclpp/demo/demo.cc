#include "demo/demo.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include <kcl/item_stores.h>
#include <kcl/log_sinks.h>

#include "base/random.h"
#include "base/thread_sleep.h"
#include "base/wall_clock.h"
#include "demo/feeder.h"
#include "demo/fleet.h"
#include "demo/ledger.h"
#include "demo/screen.h"

namespace kclpp::demo {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kSqlite = "sqlite:";
constexpr milliseconds kTurn{20};
// Without any delivery for so long, the rest counts as lost.
constexpr seconds kPatience{60};

/// Counts SIGINT and SIGTERM while it lives. The first asks for an orderly end, the second ends the process at once.
class Interrupts {
 public:
  Interrupts() {
    struct sigaction action{};
    action.sa_handler = [](int) {
      // Only async-signal-safe calls.
      if (seen_.fetch_add(1) == 0) return;
      constexpr char kMessage[] = "\nkclpp demo: ended at the second signal, unfinished\n";
      [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kMessage, sizeof(kMessage) - 1);
      ::_exit(1);
    };
    ::sigaction(SIGINT, &action, &old_int_);
    ::sigaction(SIGTERM, &action, &old_term_);
  }
  ~Interrupts() {
    ::sigaction(SIGINT, &old_int_, nullptr);
    ::sigaction(SIGTERM, &old_term_, nullptr);
  }
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  bool any() const { return seen_.load() > 0; }

 private:
  static inline std::atomic<int> seen_{0};
  struct sigaction old_int_{};
  struct sigaction old_term_{};
};

/// A directory of our own that goes away with us.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    const char* chosen = ::getenv("TMPDIR");
    const std::string parent = chosen == nullptr || *chosen == '\0' ? "/tmp" : chosen;
    path_ = parent + "/kclpp-demo-XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) {
      throw std::runtime_error("cannot make a directory in " + parent + " for the lease table (" +
                               std::strerror(errno) +
                               "); set TMPDIR to one that can be written, or give --lease-store sqlite:FILE");
    }
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::shared_ptr<kcl::ItemStore> open_store(const std::string& file) {
  kcl::SqliteOptions sqlite;
  sqlite.path = file;
  sqlite.table = "demo";
  sqlite.busy_timeout = milliseconds(300);
  auto store = kcl::open_sqlite_item_store(sqlite);
  if (!store) throw std::runtime_error(store.error().message);
  const auto ready = (*store)->ensure(kcl::CreateTable::if_missing, kcl::Call{.timeout = seconds(5), .stop = {}});
  if (!ready) throw std::runtime_error(ready.error().message);
  // The stream is new with every run, so leases of an earlier one would be about other records.
  const auto page = (*store)->scan(kcl::ScanRequest{}, kcl::Call{.timeout = seconds(5), .stop = {}});
  if (!page) throw std::runtime_error(page.error().message);
  if (!page->rows.empty()) {
    throw std::runtime_error(
        file + " holds the leases of an earlier demo, whose stream is gone; delete it, or name another file");
  }
  return *store;
}

class SilentSink final : public kcl::LogSink {
 public:
  void write(const kcl::LogEvent&) override {}
};

class Demo {
 public:
  Demo(const DemoOptions& options, const Interrupts& interrupts, std::shared_ptr<kcl::ItemStore> store)
      : options_(options),
        interrupts_(interrupts),
        seed_(options.seed.value_or(kcl::base::Random::from_os().next() % 1'000'000)),
        random_(seed_ + 1),
        fleet_(fleet_options(std::move(store)), ledger_),
        screen_(options.json              ? Screen::Kind::none
                : ::isatty(STDOUT_FILENO) ? Screen::Kind::terminal
                                          : Screen::Kind::lines),
        began_(kcl::base::wall_now()) {}

  int run();

 private:
  FleetOptions fleet_options(std::shared_ptr<kcl::ItemStore> store) const;
  FeederOptions feeder_options() const;
  double elapsed() const { return std::chrono::duration<double>(kcl::base::wall_now() - began_).count(); }
  bool live();
  bool report();

  const DemoOptions& options_;
  const Interrupts& interrupts_;
  std::uint64_t seed_;
  kcl::base::Random random_;
  Ledger ledger_;
  Fleet fleet_;
  Screen screen_;
  kcl::Timestamp began_;
  std::string trouble_;
};

FleetOptions Demo::fleet_options(std::shared_ptr<kcl::ItemStore> store) const {
  FleetOptions fleet;
  fleet.shards = options_.shards;
  fleet.workers = options_.workers;
  // Beyond what the service would take, the embedded stream takes it all the same.
  fleet.limits = options_.input.empty() && options_.rate.value_or(2'000) <= options_.shards * 500;
  fleet.failover = milliseconds(static_cast<milliseconds::rep>(options_.failover_seconds * 1'000));
  fleet.seed = seed_;
  fleet.store = std::move(store);
  // Chaos makes workers complain, as they should; it is the ledger that tells whether they were right to go on.
  fleet.log = kcl::make_console_log_sink(kcl::LogLevel::error);
  if (options_.chaos) fleet.log = std::make_shared<SilentSink>();
  return fleet;
}

FeederOptions Demo::feeder_options() const {
  FeederOptions feeder;
  feeder.input = options_.input;
  feeder.rate = options_.rate.value_or(2'000);
  feeder.duration = seconds(options_.seconds);
  // Chaos needs time to happen in.
  feeder.spread = options_.chaos;
  return feeder;
}

/// Until everything that was put is delivered. False when that is given up.
bool Demo::live() {
  Feeder feeder(feeder_options(), fleet_.stream(), ledger_);
  std::uint64_t delivered = 0;
  double last_progress = elapsed();
  double next_chaos = 2.0;
  for (;;) {
    const double now = elapsed();
    if (interrupts_.any()) feeder.stop();
    if (auto failure = fleet_.failure(); !failure.empty()) {
      trouble_ = std::move(failure);
      return false;
    }
    const auto counts = ledger_.counts();
    if (counts.delivered != delivered) last_progress = now;
    delivered = counts.delivered;
    if (feeder.done() && counts.missing() == 0) {
      trouble_ = feeder.problem();
      return trouble_.empty();
    }
    if (counts.missing() > 0 && now - last_progress > static_cast<double>(kPatience.count())) {
      trouble_ = "nothing was delivered for " + std::to_string(kPatience.count()) + " s";
      return false;
    }
    fleet_.tend();
    if (options_.chaos && !feeder.done() && now > next_chaos) {
      fleet_.disturb();
      next_chaos = elapsed() + 0.5 + random_.unit();
    }
    const char* title = interrupts_.any() ? "stopping: delivering what was put"
                        : feeder.done()   ? "delivering the rest"
                                          : "running";
    screen_.refresh(fleet_, ledger_, title, now);
    kcl::base::sleep_thread(kTurn);
  }
}

int Demo::run() {
  const bool complete = live();
  screen_.refresh(fleet_, ledger_, "shutting down", elapsed(), true);
  const std::string unfinished = fleet_.shut_down();
  if (trouble_.empty()) trouble_ = unfinished;
  const auto counts = ledger_.counts();
  const bool good = complete && trouble_.empty() && counts.missing() == 0 && counts.problems == 0;
  for (const auto& problem : ledger_.problems()) std::fprintf(stderr, "kclpp demo: %s\n", problem.c_str());
  if (!trouble_.empty()) std::fprintf(stderr, "kclpp demo: %s\n", trouble_.c_str());
  if (!good) std::fprintf(stderr, "kclpp demo: failed (seed %lu)\n", seed_);
  return report() && good ? 0 : 1;
}

/// False when stdout did not take it.
bool Demo::report() {
  const auto counts = ledger_.counts();
  if (options_.json) {
    std::printf(
        "{\"put\":%lu,\"delivered\":%lu,\"lost\":%lu,\"duplicated\":%lu,\"workers\":%zu,\"shards\":%zu,"
        "\"seconds\":%.1f,\"out_of_order_or_unexplained\":%lu,\"disturbances\":%lu,\"interrupted\":%s}\n",
        counts.put, counts.delivered, counts.missing(), counts.duplicated, options_.workers, options_.shards, elapsed(),
        counts.problems, fleet_.disturbances(), interrupts_.any() ? "true" : "false");
  } else {
    std::printf(
        "\nput %lu, delivered %lu, lost %lu, duplicated %lu; %zu workers, %zu shards at first and %zu in all; %.1f "
        "s%s\n",
        counts.put, counts.delivered, counts.missing(), counts.duplicated, options_.workers, options_.shards,
        fleet_.shards_ever(), elapsed(), interrupts_.any() ? "; interrupted" : "");
    if (counts.problems == 0 && counts.missing() == 0) {
      std::printf(
          "every record delivered, the order of each key kept%s\n",
          counts.duplicated > 0 ? ", every duplicate after the last stored checkpoint of a shard that moved" : "");
    }
  }
  if (std::fflush(stdout) == 0) return true;
  std::fprintf(stderr, "kclpp demo: cannot write the result to stdout: %s\n", std::strerror(errno));
  return false;
}

}  // namespace

int run(const DemoOptions& options) {
  const Interrupts interrupts;
  try {
    std::optional<TemporaryDirectory> temporary;
    std::string file;
    if (options.lease_store.empty()) {
      temporary.emplace();
      file = temporary->path() + "/leases.sqlite";
    } else {
      file = options.lease_store.substr(kSqlite.size());
    }
    Demo demo(options, interrupts, open_store(file));
    return demo.run();
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "kclpp demo: %s\n", problem.what());
    return 1;
  }
}

}  // namespace kclpp::demo
