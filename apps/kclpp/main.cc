// kclpp: the tool. Flags in, worker out; everything else is in the library and in the folder of each command.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include <CLI/CLI.hpp>

#include "base/wall_clock.h"
#include "consume/consume.h"
#include "consume/options.h"
#include "demo/demo.h"

namespace {

constexpr int kUsage = 2;

void add_demo(CLI::App& app, kclpp::demo::DemoOptions& options) {
  CLI::App* demo =
      app.add_subcommand("demo",
                         "An embedded stream, producers and several workers in one process, with SQLite leases. Ends "
                         "with a count of what was "
                         "put, delivered, lost and duplicated; exit code 1 if anything was lost or out of order.");
  demo->add_option("--shards", options.shards, "Open shards at first")
      ->envname("KCLPP_SHARDS")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000));
  demo->add_option("--workers", options.workers, "Workers that share them")
      ->envname("KCLPP_WORKERS")
      ->capture_default_str()
      ->check(CLI::Range(1, 100));
  demo->add_option("--rate", options.rate, "Made-up records per second (default 2000)")
      ->envname("KCLPP_RATE")
      ->check(CLI::Range(1, 1'000'000));
  demo->add_option("--seconds", options.seconds, "How long to put records; with --input only under --chaos")
      ->envname("KCLPP_SECONDS")
      ->capture_default_str()
      ->check(CLI::Range(1, 86'400));
  demo->add_option("--input", options.input, "Put the lines of this file instead; a line's key is its first word")
      ->envname("KCLPP_INPUT")
      ->type_name("FILE");
  demo->add_flag("--chaos", options.chaos, "Kill, stall and restart workers, split and merge shards meanwhile")
      ->envname("KCLPP_CHAOS");
  demo->add_flag("--json", options.json, "No picture; end with one line of JSON on stdout")->envname("KCLPP_JSON");
  demo->add_option("--lease-store", options.lease_store, "Keep the leases in this file (default: a temporary one)")
      ->envname("KCLPP_LEASE_STORE")
      ->type_name("sqlite:FILE")
      ->check([](const std::string& value) {
        const bool good = value.starts_with("sqlite:") && value.size() > 7;
        return good ? std::string() : "must be sqlite:FILE, not " + value;
      });
  demo->add_option("--failover", options.failover_seconds,
                   "Seconds of silence after which a worker's shards are taken over")
      ->envname("KCLPP_FAILOVER")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 600.0));
  demo->add_option("--seed", options.seed, "Of --chaos: the same misfortunes again (default: a new one each time)")
      ->envname("KCLPP_SEED");
}

CLI::App* add_consume(CLI::App& app, kclpp::FlagValues& given) {
  CLI::App* consume =
      app.add_subcommand("consume",
                         "Reads a stream: its records go to stdout, or to a command. Alone it starts anew each time; "
                         "with --application it shares the shards with others of that name and goes on where it was. "
                         "At least once, and in order per shard: a checkpoint follows only what was taken.");
  for (const auto& flag : kclpp::consume::flags()) {
    const std::string name(flag.name);
    const std::string dashed = "--" + name;
    const std::string help(flag.help);
    CLI::Option* option = nullptr;
    if (flag.value.empty()) {
      option = consume->add_flag_callback(dashed, [&given, name] { given[name] = "true"; }, help);
    } else {
      const auto set = [&given, name](const std::string& value) { given[name] = value; };
      option = consume->add_option_function<std::string>(dashed, set, help)->type_name(std::string(flag.value));
    }
    option->envname(kclpp::environment_twin(flag.name))->group(std::string(flag.group));
  }
  consume->footer(
      "Example, all that is on a stream, then what comes, from the second run on only what is new:\n"
      "  kclpp consume --stream orders --application billing --from TRIM_HORIZON --text | jq -r .data\n\n"
      "Exit codes: 0 done, also after SIGINT or SIGTERM; 1 failed; 2 wrong usage. A second signal ends at once.");
  return consume;
}

int run_consume(const kclpp::FlagValues& given) {
  const auto parsed = kclpp::consume::parse(given, kcl::base::wall_now());
  if (parsed.problems.empty()) return kclpp::consume::run(parsed.options);
  for (const std::string& problem : parsed.problems) std::fprintf(stderr, "kclpp consume: %s\n", problem.c_str());
  std::fprintf(stderr, "Try 'kclpp consume --help'.\n");
  return kUsage;
}

/// A standard stream that is closed would be the next file that we open, say the lease table, and get our output. Such
/// a stdout stays unwritable.
void occupy_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY);
  }
}

}  // namespace

int main(int argc, char** argv) {
  occupy_standard_streams();
  // A reader that has gone away, or a file that has become too large, is an error of a write like any other: told, and
  // with an exit code.
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  CLI::App app("kclpp: a native Kinesis Client Library.", "kclpp");
  app.set_version_flag("--version", std::string("kclpp ") + KCLPP_VERSION);
  app.require_subcommand(1);
  const auto is_asked_for = [&](const CLI::App* command) { return argc > 1 && command->get_name() == argv[1]; };
  app.failure_message([&](const CLI::App* root, const CLI::Error& error) {
    const auto commands = root->get_subcommands(is_asked_for);
    const std::string name = commands.empty() ? "kclpp" : "kclpp " + commands.front()->get_name();
    return name + ": " + error.what() + "\nTry '" + name + " --help'.\n";
  });
  kclpp::demo::DemoOptions demo;
  add_demo(app, demo);
  kclpp::FlagValues consume_flags;
  const CLI::App* consume = add_consume(app, consume_flags);
  // CLI11 reads the environment for every command unless one has a callback; but twins such as KCLPP_FAILOVER belong to
  // several, and mean what the command that is asked for says.
  for (CLI::App* command : app.get_subcommands({})) command->parse_complete_callback([] {});
  if (argc > 1 && argv[1][0] != '-' && app.get_subcommands(is_asked_for).empty()) {
    std::fprintf(stderr, "kclpp: there is no command '%s'\nTry 'kclpp --help'.\n", argv[1]);
    return kUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EXIT_SUCCESS : kUsage;
  }
  return consume->parsed() ? run_consume(consume_flags) : kclpp::demo::run(demo);
}
