// kclpp: the tool. Flags in, worker out; everything else is in the library and in the folder of each command.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/first_process.h"
#include "base/wall_clock.h"
#include "consume/consume.h"
#include "consume/options.h"
#include "demo/demo.h"
#include "doctor/doctor.h"
#include "doctor/options.h"
#include "flags/flags.h"
#include "help/completion.h"
#include "help/man_page.h"
#include "help/multilang_usage.h"
#include "help/unknown_word.h"
#include "leases/leases.h"
#include "leases/options.h"
#include "local/local.h"
#include "multilang/daemon.h"
#include "version/version.h"

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

const CLI::App* add_local(CLI::App& app, kclpp::local::LocalOptions& options) {
  CLI::App* local = app.add_subcommand(
      "local",
      "Kinesis on this machine, for development and tests: its HTTP protocol, semantics and limits, in memory, without "
      "an AWS account. Prints where it listens when it is ready; ends on SIGINT or SIGTERM.");
  local->add_option("--port", options.port, "TCP port; 0: a free one")
      ->envname("KCLPP_PORT")
      ->capture_default_str()
      ->check(CLI::Range(0, 65'535));
  local->add_option("--listen", options.listen, "IP address to listen at; whoever reaches it may use it")
      ->envname("KCLPP_LISTEN")
      ->type_name("ADDR")
      ->capture_default_str();
  local->add_option("--stream", options.streams, "Create this stream first; may be repeated")
      ->envname("KCLPP_STREAM")
      ->type_name("NAME:SHARDS")
      ->check(kclpp::local::problem_of_stream);
  local->add_flag("--no-limits", options.no_limits, "Throttle nothing, for benchmarks")->envname("KCLPP_NO_LIMITS");
  local->add_option("--iterator-ttl", options.iterator_ttl_seconds, "Seconds until a shard iterator expires")
      ->envname("KCLPP_ITERATOR_TTL")
      ->capture_default_str()
      ->check(CLI::Range(0.001, 86'400.0));
  local->add_option("--retention", options.retention_seconds, "Seconds that new streams keep their records")
      ->envname("KCLPP_RETENTION")
      ->capture_default_str()
      ->check(CLI::Range(0.001, 31'536'000.0));
  local
      ->add_option("--subscription-lifetime", options.subscription_lifetime_seconds,
                   "Seconds until an answer of SubscribeToShard ends")
      ->envname("KCLPP_SUBSCRIPTION_LIFETIME")
      ->capture_default_str()
      ->check(CLI::Range(0.001, 86'400.0));
  local->add_option("--region", options.region, "The region in ARNs and signatures")
      ->envname("KCLPP_REGION")
      ->capture_default_str();
  local->add_option("--credentials", options.credentials, "Check that requests are signed by them (default: take any)")
      ->envname("KCLPP_CREDENTIALS")
      ->type_name("ID:SECRET")
      ->check([](const std::string& value) {
        const std::size_t colon = value.find(':');
        const bool good = colon != 0 && colon != std::string::npos && colon + 1 < value.size();
        return good ? std::string() : std::string("must be ID:SECRET");
      });
  local->add_option("--faults", options.faults, "Begin with this plan of faults (docs/local.md)")
      ->envname("KCLPP_FAULTS")
      ->type_name("FILE");
  local->add_option("--shard-limit", options.max_shards, "Open shards of all streams together")
      ->envname("KCLPP_SHARD_LIMIT")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  local->add_option("--memory", options.memory_mib, "MiB of records to hold at most; beyond, puts are throttled")
      ->envname("KCLPP_MEMORY")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  return local;
}

/// `given` gets what is given.
void add_flags(CLI::App& command, std::span<const kclpp::Flag> flags, kclpp::FlagValues& given) {
  for (const kclpp::Flag& flag : flags) {
    const std::string name(flag.name);
    const std::string dashed = "--" + name;
    const std::string help(flag.help);
    CLI::Option* option = nullptr;
    if (flag.value.empty()) {
      option = command.add_flag_callback(dashed, [&given, name] { given[name] = "true"; }, help);
    } else {
      const auto set = [&given, name](const std::string& value) { given[name] = value; };
      option = command.add_option_function<std::string>(dashed, set, help)->type_name(std::string(flag.value));
    }
    option->envname(kclpp::environment_twin(flag.name))->group(std::string(flag.group));
  }
}

CLI::App* add_consume(CLI::App& app, kclpp::FlagValues& given) {
  CLI::App* consume =
      app.add_subcommand("consume",
                         "Reads a stream: its records go to stdout, or to a command. Alone it starts anew each time; "
                         "with --application it shares the shards with others of that name and goes on where it was. "
                         "At least once, and in order per shard: a checkpoint follows only what was taken.");
  add_flags(*consume, kclpp::consume::flags(), given);
  consume->footer(
      "Example, all that is on a stream, then what comes, from the second run on only what is new:\n"
      "  kclpp consume --stream orders --application billing --from TRIM_HORIZON --text | jq -r .data\n\n"
      "Exit codes: 0 done, also after SIGINT or SIGTERM; 1 failed; 2 wrong usage. A second signal ends at once.");
  return consume;
}

CLI::App* add_doctor(CLI::App& app, kclpp::FlagValues& given) {
  CLI::App* doctor = app.add_subcommand(
      "doctor",
      "Says what is wrong, or will be, between a fleet, its stream, its lease table and AWS: credentials, permissions "
      "(tried one by one, changing nothing), the stream, the table, its cost, clocks; the worst first.");
  add_flags(*doctor, kclpp::doctor::flags(), given);
  doctor->footer("Exit codes: 0 no problem found; 1 problems, or not finished; 2 wrong usage.");
  return doctor;
}

int run_doctor(const kclpp::FlagValues& given) {
  const auto parsed = kclpp::doctor::parse(given);
  if (parsed.problems.empty()) return kclpp::doctor::run(parsed.options);
  for (const std::string& problem : parsed.problems) std::fprintf(stderr, "kclpp doctor: %s\n", problem.c_str());
  std::fprintf(stderr, "Try 'kclpp doctor --help'.\n");
  return kUsage;
}

/// What was given to `kclpp leases`: to whichever verb.
struct LeasesArguments {
  std::optional<kclpp::leases::Verb> verb;
  kclpp::FlagValues flags;
  std::vector<std::string> rest;
};

CLI::App* add_leases(CLI::App& app, LeasesArguments& given) {
  CLI::App* leases = app.add_subcommand(
      "leases", "The lease table of a fleet, also of Java's: who owns what, how far it is, why it does not move.");
  leases->require_subcommand(1);
  for (const auto& verb : kclpp::leases::verbs()) {
    CLI::App* command = leases->add_subcommand(std::string(verb.name), std::string(verb.help));
    // Read after the environment: see main().
    command->parse_complete_callback([&given, verb = verb.verb] { given.verb = verb; });
    add_flags(*command, kclpp::leases::flags_of(verb.verb), given.flags);
    if (!verb.arguments.empty()) {
      command->add_option(std::string(verb.arguments), given.rest, std::string(verb.arguments_help));
    }
  }
  leases->footer("Exit codes: 0 done; 1 failed; 2 wrong usage.");
  return leases;
}

int run_leases(const LeasesArguments& given) {
  const auto parsed = kclpp::leases::parse(*given.verb, given.flags, given.rest);
  if (parsed.problems.empty()) return kclpp::leases::run(parsed.options);
  for (const std::string& problem : parsed.problems) std::fprintf(stderr, "kclpp leases: %s\n", problem.c_str());
  std::fprintf(stderr, "Try 'kclpp leases --help'.\n");
  return kUsage;
}

int run_consume(const kclpp::FlagValues& given) {
  const auto parsed = kclpp::consume::parse(given, kcl::base::wall_now());
  if (parsed.problems.empty()) return kclpp::consume::run(parsed.options);
  for (const std::string& problem : parsed.problems) std::fprintf(stderr, "kclpp consume: %s\n", problem.c_str());
  std::fprintf(stderr, "Try 'kclpp consume --help'.\n");
  return kUsage;
}

int run_multilang(std::span<const std::string> arguments) {
  const auto line = kcl::multilang::parse_command_line(arguments);
  if (!line) {
    std::fprintf(stderr, "kclpp multilang: %s\nTry 'kclpp multilang --help'.\n", line.error().c_str());
    return EXIT_FAILURE;
  }
  if (line->help) {
    std::fputs(kclpp::help::multilang_usage().c_str(), stdout);
    return EXIT_SUCCESS;
  }
  kcl::multilang::Surroundings around;
  around.variables = [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
  around.print = [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); };
  return kcl::multilang::run_daemon(*line, around);
}

kclpp::help::Option described(const CLI::Option& option) {
  kclpp::help::Option described{.group = option.get_group(),
                                .help = option.get_description(),
                                .environment = option.get_envname(),
                                .fallback = option.get_default_str()};
  for (const std::string& name : option.get_snames()) described.names.push_back('-' + name);
  for (const std::string& name : option.get_lnames()) described.names.push_back("--" + name);
  if (option.get_items_expected_max() == 0) return described;
  // A range stands behind the type: "INT:INT in [1 - 1000]".
  const std::string type = option.get_type_name();
  const std::size_t in = type.find(" in [");
  described.value = type.substr(0, in == std::string::npos ? in : type.rfind(':', in));
  if (in != std::string::npos) described.range = type.substr(in + 5, type.size() - in - 6);
  return described;
}

/// As --help shows it: without what is hidden there.
kclpp::help::Command described(const CLI::App& command) {
  if (command.get_name() == "multilang") return kclpp::help::multilang_command(command.get_description());
  kclpp::help::Command described_command{
      .name = command.get_name(), .help = command.get_description(), .footer = command.get_footer()};
  for (const CLI::Option* option : command.get_options()) {
    if (option->nonpositional()) {
      described_command.options.push_back(described(*option));
    } else {
      described_command.arguments = option->get_name();
      described_command.arguments_help = option->get_description();
    }
  }
  for (const CLI::App* below : command.get_subcommands([](const CLI::App* app) { return !app->get_group().empty(); })) {
    described_command.commands.push_back(described(*below));
  }
  return described_command;
}

/// What the build asks the program for: of the same definitions as --help, so hidden there.
struct HelpFiles {
  const CLI::App* completion;
  const CLI::App* man;
  std::string shell;
  std::string page;
};

void add_help_files(CLI::App& app, HelpFiles& files) {
  CLI::App* completion = app.add_subcommand("completion", "A completion script on stdout: for bash, zsh or fish.");
  completion->group("")->add_option("SHELL", files.shell)->required()->check(CLI::IsMember(kclpp::help::kShells));
  CLI::App* man = app.add_subcommand("man", "A man page on stdout: the program's, or that of a command.");
  man->group("")->add_option("COMMAND", files.page);
  files.completion = completion;
  files.man = man;
}

int print_help_file(const CLI::App& app, const HelpFiles& files) {
  const kclpp::help::Command program = described(app);
  const bool page = files.man->parsed();
  const auto text =
      page ? kclpp::help::man_page(program, files.page, KCLPP_VERSION) : kclpp::help::completion(files.shell, program);
  if (!text) {
    std::fprintf(stderr, "kclpp man: there is no command '%s'\n", files.page.c_str());
    return kUsage;
  }
  const bool written = std::fputs(text->c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  return written ? EXIT_SUCCESS : EXIT_FAILURE;
}

/// A standard stream that is closed would be the next file that we open, say the lease table, and get our output. Such
/// a stdout stays unwritable.
void occupy_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY);
  }
}

int run(int argc, char** argv) {
  // It has the command line of another program, which is not CLI11's.
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  const bool is_multilang = !arguments.empty() && arguments.front() == "multilang";
  if (is_multilang) return run_multilang(std::span(arguments).subspan(1));
  if (kcl::multilang::is_java_command_line(argc > 0 ? argv[0] : "", arguments)) return run_multilang(arguments);
  CLI::App app("kclpp: a native Kinesis Client Library.", "kclpp");
  app.set_version_flag("--version", kclpp::version_text);
  app.require_subcommand(1);
  const auto is_asked_for = [&](const CLI::App* command) { return argc > 1 && command->get_name() == argv[1]; };
  app.failure_message([&](const CLI::App* root, const CLI::Error& error) {
    const auto commands = root->get_subcommands(is_asked_for);
    const std::string name = commands.empty() ? "kclpp" : "kclpp " + commands.front()->get_name();
    std::string what = error.what();
    if (!commands.empty()) {
      const auto unknown = kclpp::help::unknown_word(described(*commands.front()), std::span(arguments).subspan(1));
      if (!unknown.empty()) what = unknown;
    }
    return name + ": " + what + "\nTry '" + name + " --help'.\n";
  });
  kclpp::demo::DemoOptions demo;
  add_demo(app, demo);
  kclpp::local::LocalOptions local_options;
  const CLI::App* local = add_local(app, local_options);
  kclpp::FlagValues consume_flags;
  const CLI::App* consume = add_consume(app, consume_flags);
  kclpp::FlagValues doctor_flags;
  const CLI::App* doctor = add_doctor(app, doctor_flags);
  app.add_subcommand("multilang",
                     "The MultiLang daemon without a JVM: runs a Kinesis Client Library program of Python, Node.js, "
                     "Ruby or .NET by its properties file.");
  LeasesArguments leases_given;
  const CLI::App* leases = add_leases(app, leases_given);
  HelpFiles help_files{};
  add_help_files(app, help_files);
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
  if (help_files.completion->parsed() || help_files.man->parsed()) return print_help_file(app, help_files);
  if (doctor->parsed()) return run_doctor(doctor_flags);
  if (local->parsed()) return kclpp::local::run(local_options);
  if (leases->parsed()) return run_leases(leases_given);
  return consume->parsed() ? run_consume(consume_flags) : kclpp::demo::run(demo);
}

}  // namespace

int main(int argc, char** argv) {
  occupy_standard_streams();
  // A reader that has gone away, or a file that has become too large, is an error of a write like any other: told, and
  // with an exit code.
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  return kcl::base::as_first_process([&] { return run(argc, argv); });
}
