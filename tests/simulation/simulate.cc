// Runs seeds of the simulation on all cores: see --help, and scripts/simulate, which builds it.
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "simulation/run.h"

namespace {

using namespace kcl::simulation;

constexpr std::string_view kUsage =
    R"(usage: scripts/simulate [--seeds N] [--from S] [--minutes M] [--scenario FILE]
                        [--trace | --stats] [--check-determinism] [--show-scenario]

Runs the fleet in virtual time, once for each seed, and compares every step with the promises.
  --seeds N             how many (20)
  --from S              the first seed (0)
  --minutes M           virtual minutes of trouble in each, before faults end and the fleet must come back (10)
  --scenario FILE       what happens in all of them (tests/simulation/scenarios/); otherwise each seed draws its own
  --trace               prints what happened, line by line: seconds, who, what
  --stats               prints how long recovery took after each kind of disturbance, and what was delivered again
  --check-determinism   runs every seed twice and compares the traces (otherwise one seed in 50)
  --stop-at-first       begins no more seeds once one has broken a promise
  --show-scenario       prints what each seed draws, and runs nothing
  --jobs N              processes at once (one per core)

Ends with the numbers of seeds, of virtual hours and of violations. Exit codes: 0 none, 1 some, 2 a bad argument.
)";

struct Arguments {
  std::uint64_t seeds = 20;
  std::uint64_t from = 0;
  std::uint64_t minutes = 10;
  std::uint64_t jobs = std::max(1U, std::thread::hardware_concurrency());
  std::optional<std::string> scenario_file;
  std::optional<Scenario> scenario;
  bool trace = false;
  bool stats = false;
  bool check_determinism = false;
  bool stop_at_first = false;
  bool show_scenario = false;
};

std::atomic<bool> interrupted{false};

[[noreturn]] void refuse(const std::string& problem) {
  std::cerr << "simulate: " << problem << "; --help says what there is\n";
  std::exit(2);
}

std::uint64_t number(const std::string& flag, const char* text) {
  const std::string_view value = text == nullptr ? "" : text;
  std::uint64_t parsed = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
  if (value.empty() || error != std::errc() || end != value.data() + value.size())
    refuse(flag + " needs a whole number");
  return parsed;
}

Scenario read_scenario(const std::string& path) {
  std::ifstream file(path);
  if (!file) refuse("cannot read the scenario " + path);
  std::ostringstream text;
  text << file.rdbuf();
  auto scenario = parse_scenario(text.str());
  if (!scenario) refuse(path + ": " + scenario.error());
  return *std::move(scenario);
}

Arguments parse_arguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    const auto next = [&]() -> const char* { return i + 1 < argc ? argv[++i] : nullptr; };
    if (flag == "--help" || flag == "-h") {
      std::cout << kUsage;
      std::exit(0);
    } else if (flag == "--seeds") {
      arguments.seeds = number(flag, next());
    } else if (flag == "--from") {
      arguments.from = number(flag, next());
    } else if (flag == "--minutes") {
      arguments.minutes = number(flag, next());
    } else if (flag == "--jobs") {
      arguments.jobs = number(flag, next());
    } else if (flag == "--scenario") {
      const char* path = next();
      if (path == nullptr) refuse("--scenario needs a file");
      arguments.scenario_file = path;
    } else if (flag == "--trace") {
      arguments.trace = true;
    } else if (flag == "--stats") {
      arguments.stats = true;
    } else if (flag == "--check-determinism") {
      arguments.check_determinism = true;
    } else if (flag == "--stop-at-first") {
      arguments.stop_at_first = true;
    } else if (flag == "--show-scenario") {
      arguments.show_scenario = true;
    } else {
      refuse("unknown argument '" + flag + "'");
    }
  }
  if (arguments.seeds == 0 || arguments.minutes == 0 || arguments.jobs == 0)
    refuse("--seeds, --minutes and --jobs must not be 0");
  if (arguments.minutes > 100'000) refuse("--minutes is 100000 at most");
  if (arguments.trace && arguments.seeds != 1) refuse("--trace is for --seeds 1");
  if (arguments.scenario_file) arguments.scenario = read_scenario(*arguments.scenario_file);
  return arguments;
}

RunOptions run_options(const Arguments& arguments, std::uint64_t seed, Tracing tracing) {
  return {.seed = seed,
          .scenario = arguments.scenario ? *arguments.scenario : draw_scenario(seed),
          .trouble = std::chrono::minutes(arguments.minutes),
          .tracing = tracing};
}

std::string replay(const Arguments& arguments, std::uint64_t seed) {
  std::string command = "scripts/simulate --from " + std::to_string(seed) + " --seeds 1";
  command += " --minutes " + std::to_string(arguments.minutes);
  if (arguments.scenario_file) command += " --scenario " + *arguments.scenario_file;
  return command + " --trace";
}

/// What a process tells of its seeds, in lines: first letter, then the rest.
///   S milliseconds records repeated moves   a seed was run, of so much virtual time
///   V count          ... and broke promises so often
///   R name seconds   a recovery
///   T text           for people
void tell(std::string_view line) {
  std::string text(line);
  text += '\n';
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t written = write(STDOUT_FILENO, rest.data(), rest.size());
    if (written < 0) std::_Exit(1);  // nobody listens any more
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

void run_seed(const Arguments& arguments, std::uint64_t seed) {
  const bool twice = arguments.check_determinism || seed % 50 == 0;
  RunReport report = run_scenario(run_options(arguments, seed, twice ? Tracing::hash : Tracing::off));
  if (twice) {
    const RunReport again = run_scenario(run_options(arguments, seed, Tracing::hash));
    if (again.hash != report.hash) report.violations.emplace_back("the same seed gave another run");
  }
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(report.virtual_time).count();
  tell("S " + std::to_string(ms) + ' ' + std::to_string(report.records) + ' ' + std::to_string(report.repeated) + ' ' +
       std::to_string(report.moves));
  if (arguments.stats) {
    for (const Recovery& recovery : report.recoveries) {
      const double seconds = std::chrono::duration<double>(recovery.took).count();
      tell("R " + std::string(name_of(recovery.disturbance)) + ' ' + std::to_string(seconds));
    }
  }
  if (report.violations.empty()) return;
  tell("V " + std::to_string(report.violations.size()));
  tell("T seed " + std::to_string(seed) + ": " + std::to_string(report.violations.size()) +
       " violations; replay: " + replay(arguments, seed));
  constexpr std::size_t kShown = 3;
  for (std::size_t i = 0; i < std::min(kShown, report.violations.size()); ++i) {
    std::istringstream lines(report.violations[i]);
    for (std::string line; std::getline(lines, line);) tell("T   " + line);
  }
}

struct Totals {
  std::uint64_t seeds = 0;
  std::uint64_t milliseconds = 0;
  std::uint64_t records = 0;
  std::uint64_t repeated = 0;
  std::uint64_t moves = 0;
  std::uint64_t violations = 0;
  std::map<std::string, std::vector<double>> recoveries;
};

void listen(const std::string& line, Totals& totals) {
  std::istringstream words(line);
  char kind = 0;
  words >> kind;
  if (kind == 'S') {
    std::array<std::uint64_t, 4> counts{};
    for (std::uint64_t& count : counts) words >> count;
    ++totals.seeds;
    totals.milliseconds += counts[0];
    totals.records += counts[1];
    totals.repeated += counts[2];
    totals.moves += counts[3];
  } else if (kind == 'V') {
    std::uint64_t count = 0;
    words >> count;
    totals.violations += count;
  } else if (kind == 'R') {
    std::string name;
    double seconds = 0;
    words >> name >> seconds;
    totals.recoveries[name].push_back(seconds);
  } else if (kind == 'T') {
    std::cout << line.substr(2) << std::endl;
  }
}

struct Child {
  pid_t pid = 0;
  int pipe = -1;
  std::string unread;
};

/// Every `jobs`th seed, from the `first`.
Child start_child(const Arguments& arguments, std::uint64_t first) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) refuse("cannot make a pipe");
  const pid_t pid = fork();
  if (pid < 0) refuse("cannot start a process");
  if (pid == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    for (std::uint64_t i = first; i < arguments.seeds && !interrupted; i += arguments.jobs)
      run_seed(arguments, arguments.from + i);
    std::_Exit(0);
  }
  close(ends[1]);
  return {.pid = pid, .pipe = ends[0], .unread = {}};
}

/// False when the child has nothing more to say.
bool read_from(Child& child, Totals& totals) {
  std::array<char, 4096> buffer{};
  const ssize_t count = read(child.pipe, buffer.data(), buffer.size());
  if (count < 0) return errno == EINTR;
  if (count == 0) return false;
  child.unread.append(buffer.data(), static_cast<std::size_t>(count));
  for (std::size_t end = 0; (end = child.unread.find('\n')) != std::string::npos; child.unread.erase(0, end + 1))
    listen(child.unread.substr(0, end), totals);
  return true;
}

void print_stats(Totals& totals) {
  std::cout << totals.records << " records, delivered again " << totals.repeated << " times; " << totals.moves
            << " leases moved\n";
  std::cout << "seconds until everything put before its end was done (median, 9 of 10, longest):\n";
  for (auto& [name, seconds] : totals.recoveries) {
    std::ranges::sort(seconds);
    std::array<char, 128> line{};
    std::snprintf(line.data(), line.size(), "  %-18s %6zu times %8.0f %8.0f %8.0f", name.c_str(), seconds.size(),
                  seconds[seconds.size() / 2], seconds[seconds.size() * 9 / 10], seconds.back());
    std::cout << line.data() << '\n';
  }
}

int run_all(const Arguments& arguments) {
  Totals totals;
  std::vector<Child> children;
  for (std::uint64_t i = 0; i < std::min(arguments.jobs, arguments.seeds); ++i)
    children.push_back(start_child(arguments, i));
  bool broken = false;
  bool told = false;
  while (!children.empty()) {
    std::vector<pollfd> polled;
    for (const Child& child : children) polled.push_back({.fd = child.pipe, .events = POLLIN, .revents = 0});
    const bool woken = poll(polled.data(), polled.size(), -1) > 0;
    const bool enough = arguments.stop_at_first && totals.violations > 0;
    if ((interrupted || enough) && !told) {
      // A terminal tells them as well, a supervisor may not.
      for (const Child& child : children) kill(child.pid, SIGUSR1);
      told = true;
    }
    if (!woken) continue;
    for (std::size_t i = polled.size(); i-- > 0;) {
      if (polled[i].revents == 0 || read_from(children[i], totals)) continue;
      int status = 0;
      while (waitpid(children[i].pid, &status, 0) < 0 && errno == EINTR) {
      }
      close(children[i].pipe);
      if (status != 0) std::cout << "a process ended with status " << status << ": its seeds are incomplete\n";
      broken |= status != 0;
      children.erase(children.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  if (arguments.stats) print_stats(totals);
  rusage used{};
  getrusage(RUSAGE_CHILDREN, &used);
  const double cpu_minutes = (static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                              static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6) /
                             60;
  std::array<char, 160> line{};
  if (interrupted) std::cout << "interrupted\n";
  std::snprintf(line.data(), line.size(), "%.1f seeds per core-minute",
                cpu_minutes > 0 ? static_cast<double>(totals.seeds) / cpu_minutes : 0);
  std::cout << line.data() << '\n';
  std::snprintf(line.data(), line.size(), "%llu seeds, %.1f virtual hours, %llu violations",
                static_cast<unsigned long long>(totals.seeds), static_cast<double>(totals.milliseconds) / 3.6e6,
                static_cast<unsigned long long>(totals.violations));
  std::cout << line.data() << std::endl;
  if (interrupted) return 130;
  return totals.violations > 0 || broken ? 1 : 0;
}

int trace_one(const Arguments& arguments) {
  const RunOptions options = run_options(arguments, arguments.from, Tracing::keep);
  std::istringstream lines(to_text(options.scenario));
  for (std::string line; std::getline(lines, line);) std::cout << "# " << line << '\n';
  const RunReport report = run_scenario(options);
  for (const std::string& line : report.trace) std::cout << line << '\n';
  const double hours = std::chrono::duration<double, std::ratio<3600>>(report.virtual_time).count();
  std::cout << "1 seeds, " << hours << " virtual hours, " << report.violations.size() << " violations\n";
  for (const std::string& violation : report.violations) std::cout << violation << '\n';
  return report.violations.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = parse_arguments(argc, argv);
  if (arguments.show_scenario) {
    for (std::uint64_t i = 0; i < arguments.seeds; ++i) {
      std::cout << "# seed " << arguments.from + i << '\n'
                << to_text(arguments.scenario ? *arguments.scenario : draw_scenario(arguments.from + i));
    }
    return 0;
  }
  if (arguments.trace) return trace_one(arguments);
  // Each process ends after the seed in hand; whoever cannot wait for that asks twice.
  struct sigaction action{};
  action.sa_handler = [](int) { interrupted = true; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  action.sa_flags = 0;
  sigaction(SIGUSR1, &action, nullptr);
  return run_all(arguments);
}
