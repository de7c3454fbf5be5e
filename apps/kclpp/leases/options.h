// What `kclpp leases VERB` was asked for: from the text of its flags to values, as pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flags/flags.h"
#include "operate/change_plan.h"
#include "operate/session.h"
#include "server/listen_address.h"

namespace kclpp::leases {

enum class Verb : std::uint8_t { list, show, watch, export_rows, import_rows, release, rewind, convert };

struct VerbHelp {
  Verb verb;
  std::string_view name;
  std::string_view help;
  /// What it takes besides flags; empty: nothing.
  std::string_view arguments;
  std::string_view arguments_help;
};
std::span<const VerbHelp> verbs();

/// Every flag of the verb, in the order of its help.
std::vector<Flag> flags_of(Verb verb);

struct LeasesOptions {
  Verb verb = Verb::list;
  kcl::operate::Places places;
  std::vector<std::string> shards;
  /// Absent: as long as it takes to tell the living from the dead.
  std::optional<std::chrono::milliseconds> watch;
  std::chrono::milliseconds assumed_failover{10'000};
  bool probe_lag = false;
  /// Of a watch: between two looks.
  std::chrono::milliseconds interval{10'000};
  kcl::server::ListenAddress listen{.address = "127.0.0.1", .port = 9417};
  bool json = false;
  /// Of an export. Empty: stdout.
  std::string output;

  // Of verbs that change something.

  std::optional<kcl::operate::Target> to;
  /// The export that is imported.
  std::string input;
  bool dry_run = false;
  /// Nobody is asked.
  bool yes = false;
  bool force = false;
  std::chrono::milliseconds patience{60'000};
  /// Of a conversion: the new application, and where shards begin of which the old table does not tell.
  std::string into;
  std::optional<kcl::Timestamp> from;
  /// Where the export goes that undoes what is done. Empty: a name is made up.
  std::string undo;
  /// What undoes a change, up to its export: "kclpp leases import --application billing --region ...", as a shell reads
  /// it.
  std::string undo_command;
};

/// Whether the verb may write to a table.
inline bool changes(Verb verb) { return verb >= Verb::import_rows; }

struct ParsedOptions {
  LeasesOptions options;
  /// One line for each thing that is wrong. Empty: `options` can be used.
  std::vector<std::string> problems;
};

ParsedOptions parse(Verb verb, const FlagValues& given, const std::vector<std::string>& arguments);

}  // namespace kclpp::leases
