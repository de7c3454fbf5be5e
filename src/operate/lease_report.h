// A diagnosis as text for a terminal, and as JSON for programs. Pure.
#pragma once

#include <string>
#include <vector>

#include "operate/diagnose.h"

namespace kcl::operate {

/// A summary, one line for each lease, worst first, and what to do about those that are stuck.
std::string list_text(const Diagnosis& diagnosis, const std::string& table);

/// All that is known of these shards, and nothing of the others. Empty: of all.
std::string show_text(const Diagnosis& diagnosis, const std::vector<std::string>& shards);

/// One object on one line; with only these shards, unless there are none. Its members are a contract: they are only
/// added to.
std::string json_text(const Diagnosis& diagnosis, const std::string& table, const std::vector<std::string>& shards);

/// Those of `shards` that the diagnosis knows nothing of.
std::vector<std::string> unknown_shards(const Diagnosis& diagnosis, const std::vector<std::string>& shards);

}  // namespace kcl::operate
