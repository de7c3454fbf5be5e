#include "leases/options.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "flags/aws_flags.h"
#include "flags/flag_reader.h"
#include "stores/dynamodb_item_store.h"

namespace kclpp::leases {

namespace {

using std::chrono::milliseconds;

constexpr std::string_view kSqlite = "sqlite:";

constexpr std::array kVerbs{
    VerbHelp{Verb::list, "list",
             "Every lease of the table: who has it, how far it is, why it does not move; worst first", "", ""},
    VerbHelp{Verb::show, "show", "All that is known of some shards, or of each", "SHARD", "Which; default: all"},
    VerbHelp{
        Verb::watch, "watch",
        "Look again and again, and serve what was seen as Prometheus metrics at /metrics, until a signal comes; for "
        "fleets of today, whatever their workers are",
        "", ""},
    VerbHelp{Verb::export_rows, "export",
             "The whole table as text, every row with every attribute and its type; one row a line", "", ""},
    VerbHelp{Verb::import_rows, "import",
             "CHANGES the table: sets leases back to where they were when they were exported, which also undoes a "
             "rewind; puts missing rows back; leaves rows that came since alone",
             "FILE", "The export"},
    VerbHelp{Verb::release, "release",
             "CHANGES the table: has leases let go by whoever holds them, for any worker to take", "SHARD",
             "Which; all only with --all"},
    VerbHelp{
        Verb::rewind, "rewind",
        "CHANGES the table: sets where reading goes on. A live kclpp holder is asked to hand over first, so nothing "
        "is lost or overwritten, and only what was asked for comes again",
        "SHARD", "Which; all only with --all"},
    VerbHelp{Verb::convert, "convert",
             "Makes a new table of Java's and kclpp's rows from one of vmware-go-kcl, which stays as it is: every "
             "checkpoint, for another application to go on from",
             "", ""},
};

/// A flag and the verbs that have it.
struct VerbFlag {
  Flag flag;
  std::initializer_list<Verb> verbs;
};

constexpr std::string_view kTable = "Which leases";
constexpr std::string_view kLooking = "Looking";
constexpr std::string_view kChanging = "Changing";

const std::vector<VerbFlag>& verb_flags() {
  using enum Verb;
  static const std::initializer_list<Verb> all{list, show, watch, export_rows, import_rows, release, rewind, convert};
  static const std::initializer_list<Verb> looking{list, show};
  static const std::initializer_list<Verb> asking{list, show, watch};
  static const std::initializer_list<Verb> serving{watch};
  static const std::initializer_list<Verb> formatted{list,        show,    Verb::watch, export_rows,
                                                     import_rows, release, rewind};
  static const std::initializer_list<Verb> changing{import_rows, release, rewind};
  static const std::initializer_list<Verb> agreeing{import_rows, release, rewind, convert};
  static const std::initializer_list<Verb> converting{convert};
  static const std::initializer_list<Verb> watching{list, show, watch, import_rows, release, rewind, convert};
  static const std::initializer_list<Verb> selecting{release, rewind};
  static const std::initializer_list<Verb> rewinding{rewind};
  static const std::initializer_list<Verb> exporting{export_rows};
  static const std::vector<VerbFlag> own{
      {{"application", "NAME", kTable, "The fleet's name, which is that of its lease table; Java's fleets, too"}, all},
      {{"table-prefix", "PREFIX", kTable,
        "Instead of one application: every lease table of DynamoDB whose name begins so, of kclpp, Java and Go, new "
        "ones too"},
       serving},
      {{"lease-store", "STORE", kTable, "Where the table is: dynamodb (default), or sqlite:FILE"}, all},
      {{"lease-format", "FORMAT", kTable, "Whose rows they are: kcl (default; Java KCL's, too), or vmware-go"},
       formatted},
      {{"all", "", kTable, "Every lease of the table"}, selecting},
      {{"stream", "NAME|ARN", kLooking,
        "Also ask the stream for its shards: those without a lease show, and leases without a shard"},
       asking},
      {{"probe-lag", "", kLooking,
        "With --stream: measure how far behind each checkpoint is, by one read of each shard; the five reads a second "
        "that a shard allows are shared with its consumers"},
       asking},
      {{"watch", "SECONDS", kLooking,
        "Watch the rows for so long to see whose owner lives: 0 (one look) to 600. Default: until all have shown life, "
        "at most the failover time and a second"},
       looking},
      {{"failover", "SECONDS", kLooking,
        "The owners' failover time where rows do not tell, as Java's do not: 1 to 600 (10)"},
       watching},
      {{"interval", "SECONDS", kLooking, "Between two looks: 1 to 3600 (10)"}, serving},
      {{"listen", "ADDR", kLooking,
        "Where to serve: PORT, ADDRESS:PORT or [IPV6]:PORT; port 0: a free one (127.0.0.1:9417)"},
       serving},
      {{"json", "", kLooking, "One JSON object on stdout instead of text"}, looking},
      {{"to", "WHERE", kChanging,
        "TRIM_HORIZON: all that the stream still has; LATEST: skips to now; a time such as 2026-11-22T23:26:13Z or "
        "2026-11-22; or, of one shard, the sequence number of the last record that counts as processed, which is all "
        "that rows of vmware-go can say"},
       rewinding},
      {{"dry-run", "", kChanging, "Only say what would be done"}, agreeing},
      {{"yes", "", kChanging, "Do it without asking"}, agreeing},
      {{"force", "", kChanging,
        "Take leases away without asking their holders: from Java workers, which cannot be asked, and from a worker "
        "that does not answer. What such a holder has delivered and not stored comes again. Never from a live Go "
        "worker, whose next renewal would undo it"},
       changing},
      {{"patience", "SECONDS", kChanging, "Wait so long for each lease to be handed over: 1 to 3600 (60)"}, changing},
      {{"undo", "FILE", kChanging,
        "A new file for the export that is made first, and undoes the change when it is imported; default: "
        "APPLICATION-TIME.leases here"},
       changing},
      {{"into", "NAME", kChanging, "The new application, whose table is made if there is none"}, converting},
      {{"from", "WHERE", kChanging,
        "TRIM_HORIZON or a time: where shards begin that have no checkpoint, if the table does not tell; Go's own do "
        "not"},
       converting},
      {{"force", "", kChanging, "Although workers live on the old table: what they deliver from now on comes again"},
       converting},
      {{"output", "FILE", "Where to", "A new file; default: stdout"}, exporting},
  };
  static const std::vector<VerbFlag> flags = [] {
    std::vector<VerbFlag> made = own;
    for (const Flag& flag : kAwsFlags) {
      if (flag.name.starts_with("cloudwatch-")) continue;
      made.push_back({flag, flag.name.starts_with("kinesis-") ? asking : all});
    }
    return made;
  }();
  return flags;
}

/// As one word of a shell.
std::string quoted(std::string_view text) {
  constexpr std::string_view kPlain = "-_./:@,=";
  const auto is_plain = [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || kPlain.find(c) != kPlain.npos;
  };
  if (!text.empty() && std::ranges::all_of(text, is_plain)) return std::string(text);
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? "'\\''" : std::string(1, c);
  return word + '\'';
}

/// By the flags that find the same table.
std::string undo_command(const FlagValues& given) {
  std::string command = "kclpp leases import";
  for (const Flag& flag : flags_of(Verb::import_rows)) {
    const bool finds = flag.group == kTable || std::ranges::find(kAwsFlags, flag.name, &Flag::name) != kAwsFlags.end();
    const auto value = given.find(flag.name);
    if (finds && value != given.end())
      command.append(" --").append(flag.name).append(" ").append(quoted(value->second));
  }
  return command;
}

class Parser : private FlagReader {
 public:
  Parser(Verb verb, const FlagValues& given, const std::vector<std::string>& arguments)
      : FlagReader(given), arguments_(arguments) {
    options_.verb = verb;
    options_.undo_command = undo_command(given);
  }
  ParsedOptions parse();

 private:
  void read_table();
  void read_prefix();
  void read_looking();
  void read_changing();
  void read_target();
  void read_conversion();
  void read_aws();

  const std::vector<std::string>& arguments_;
  LeasesOptions options_;
};

void Parser::read_table() {
  auto& places = options_.places;
  if (has("table-prefix")) return read_prefix();
  if (!has("application")) {
    const bool may_be_many = options_.verb == Verb::watch;
    problem("application", std::string("missing; name the fleet whose lease table is meant") +
                               (may_be_many ? ", or give --table-prefix" : ""));
  }
  if (auto name = text("application", "the fleet's name")) places.table = *std::move(name);
  choice<kcl::LeaseFormat>("lease-format", places.format,
                           {{"kcl", kcl::LeaseFormat::kcl}, {"vmware-go", kcl::LeaseFormat::vmware_go}});
  const auto store = text("lease-store", "dynamodb or sqlite:FILE");
  if (!store || *store == "dynamodb") return;
  if (store->starts_with(kSqlite) && store->size() > kSqlite.size()) {
    places.sqlite_file = store->substr(kSqlite.size());
  } else {
    problem("lease-store", "\"" + *store + "\" is none of dynamodb, sqlite:FILE");
  }
}

/// What is said of one table cannot be true of all.
void Parser::read_prefix() {
  auto& places = options_.places;
  if (auto prefix = text("table-prefix", "what the names of the tables begin with")) {
    // Three characters are the shortest name.
    if (!kcl::stores::is_table_name(*prefix + "...")) {
      problem("table-prefix",
              "no table's name begins with \"" + *prefix + "\"; they are 3 to 255 of a-z, A-Z, 0-9, '_', '-' and '.'");
    }
    places.table_prefix = *std::move(prefix);
  }
  if (has("application")) problem("application", "names one table: give that or --table-prefix");
  if (has("lease-format")) problem("lease-format", "leave it out: with --table-prefix each table's key tells");
  if (has("stream")) problem("stream", "leave it out: the tables of --table-prefix may be of several streams");
  const auto store = text("lease-store", "dynamodb");
  if (store && *store != "dynamodb") problem("lease-store", "--table-prefix is for tables in DynamoDB");
}

void Parser::read_looking() {
  auto& places = options_.places;
  if (auto stream = text("stream", "the stream's name or ARN")) places.stream = *std::move(stream);
  options_.probe_lag = has("probe-lag");
  if (options_.probe_lag && places.stream.empty()) problem("probe-lag", "needs --stream NAME, the stream to read");
  if (has("watch")) {
    milliseconds watch{0};
    seconds("watch", watch, {milliseconds(0), milliseconds(600'000)});
    options_.watch = watch;
  }
  seconds("failover", options_.assumed_failover, {milliseconds(1'000), milliseconds(600'000)});
  options_.json = has("json");
  seconds("interval", options_.interval, {milliseconds(1'000), milliseconds(3'600'000)});
  if (const auto listen = text("listen", "an address and port")) {
    const auto parsed = kcl::server::parse_listen_address(*listen);
    if (parsed) options_.listen = *parsed;
    if (!parsed) problem("listen", "\"" + *listen + "\" is not right; such as 9417, 127.0.0.1:9417 or [::1]:9417 is");
  }
}

void Parser::read_target() {
  if (!has("to")) problem("to", "missing; say where reading is to go on");
  const std::string right = "TRIM_HORIZON, LATEST, a sequence number, or " + std::string(kTimeForm);
  const auto to = text("to", right);
  if (!to) return;
  const bool digits = std::ranges::all_of(*to, [](char c) { return c >= '0' && c <= '9'; });
  if (*to == "TRIM_HORIZON") {
    options_.to = kcl::operate::Trim{};
  } else if (*to == "LATEST") {
    options_.to = kcl::operate::Latest{};
  } else if (auto number = kcl::SequenceNumber::parse(*to); digits && number) {
    options_.to = *std::move(number);
  } else if (const auto time = parse_time(*to)) {
    options_.to = *time;
  } else {
    problem("to", "\"" + *to + "\" is none of " + right);
  }
}

void Parser::read_conversion() {
  options_.places.format = kcl::LeaseFormat::vmware_go;
  if (!has("into")) problem("into", "missing; name the new application");
  if (auto name = text("into", "the new application's name")) options_.into = *std::move(name);
  if (!options_.into.empty() && options_.into == options_.places.table)
    problem("into", "is --application itself, whose table has rows of the other kind: name another one");
  if (!arguments_.empty()) problem("application", "names the table; convert takes nothing but flags");
  const std::string right = "TRIM_HORIZON, or " + std::string(kTimeForm);
  const auto from = text("from", right);
  if (!from) return;
  options_.from = *from == "TRIM_HORIZON" ? std::optional(kcl::Timestamp{}) : parse_time(*from);
  if (!options_.from) problem("from", "\"" + *from + "\" is none of " + right);
}

void Parser::read_changing() {
  if (!changes(options_.verb)) return;
  if (options_.verb == Verb::convert) {
    read_conversion();
  } else if (options_.verb == Verb::import_rows) {
    if (arguments_.size() == 1) options_.input = arguments_.front();
    if (arguments_.size() != 1) problem("application", "names the table; name the one FILE to import after the flags");
  } else {
    const bool all = has("all");
    if (all != arguments_.empty())
      problem("all", all ? "and shards are named: give one of them" : "missing; name shards, or give it");
  }
  if (options_.verb == Verb::rewind) read_target();
  options_.dry_run = has("dry-run");
  options_.yes = has("yes");
  options_.force = has("force");
  seconds("patience", options_.patience, {milliseconds(1'000), milliseconds(3'600'000)});
  if (auto file = text("undo", "a file")) options_.undo = *std::move(file);
}

void Parser::read_aws() {
  auto& places = options_.places;
  places.aws = kclpp::read_aws(*this, region_of_stream_arn(places.stream).value_or(""));
}

ParsedOptions Parser::parse() {
  read_table();
  read_looking();
  read_changing();
  read_aws();
  if (auto file = text("output", "a file")) options_.output = *std::move(file);
  if (options_.verb != Verb::import_rows) options_.shards = arguments_;
  return {std::move(options_), take_problems()};
}

}  // namespace

std::span<const VerbHelp> verbs() { return kVerbs; }

std::vector<Flag> flags_of(Verb verb) {
  std::vector<Flag> flags;
  for (const VerbFlag& one : verb_flags()) {
    if (std::ranges::find(one.verbs, verb) != one.verbs.end()) flags.push_back(one.flag);
  }
  return flags;
}

ParsedOptions parse(Verb verb, const FlagValues& given, const std::vector<std::string>& arguments) {
  return Parser(verb, given, arguments).parse();
}

}  // namespace kclpp::leases
