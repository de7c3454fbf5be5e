#include "operate/lease_report.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/printable.h"
#include "base/text.h"
#include "operate/text.h"
#include "wire/json_writer.h"

namespace kcl::operate {

using std::chrono::milliseconds;

namespace {

constexpr std::size_t kColumns = 7;
using Cells = std::array<std::string, kColumns>;

/// Made-up worker ids are long: HOST:PID:UUID. Both ends tell them apart.
std::string short_worker(const std::string& id) {
  constexpr std::size_t kLongest = 28;
  constexpr std::size_t kTail = 8;
  if (id.size() <= kLongest) return id;
  return id.substr(0, kLongest - kTail - 1) + "…" + id.substr(id.size() - kTail);
}

/// Columns on a terminal: bytes that go on with a UTF-8 character take none.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string age_text(Timestamp now, const std::optional<Timestamp>& since) {
  return since ? duration_text(std::max(milliseconds(0), now - *since)) : "-";
}

std::string checkpoint_text(const Line& line, bool whole) {
  if (!line.checkpoint) return "-";
  if (line.at == Timestamp{}) return "TRIM_HORIZON";
  if (line.at) return "AT " + to_iso8601(*line.at);
  return whole ? position_text(*line.checkpoint) : short_position_text(*line.checkpoint);
}

Cells cells_of(const Line& line, Timestamp now) {
  const bool says_more = !line.state.empty() && line.verdict != Verdict::failing;
  return {line.shard,
          std::string(name_of(line.verdict)) + (says_more ? ": " + line.state : ""),
          line.owner.empty() ? "-" : short_worker(line.owner),
          age_text(now, line.owned_since),
          checkpoint_text(line, false),
          line.behind ? duration_text(*line.behind) : "-",
          line.why};
}

void append_row(std::string& text, const Cells& cells, const std::array<std::size_t, kColumns>& widths) {
  for (std::size_t i = 0; i < kColumns; ++i) {
    text += cells[i];
    if (i + 1 < kColumns) text.append(widths[i] - width_of(cells[i]) + 2, ' ');
  }
  text.erase(text.find_last_not_of(' ') + 1);
  text += '\n';
}

std::string table_text(const Diagnosis& diagnosis) {
  std::vector<Cells> rows{{"SHARD", "STATE", "OWNER", "OWNED FOR", "CHECKPOINT", "BEHIND", "WHY"}};
  rows.reserve(diagnosis.lines.size() + 1);
  for (const Line& line : diagnosis.lines) rows.push_back(cells_of(line, diagnosis.now));
  std::array<std::size_t, kColumns> widths{};
  for (Cells& cells : rows) {
    for (std::size_t i = 0; i < kColumns; ++i) {
      cells[i] = base::printable(std::move(cells[i]));
      widths[i] = std::max(widths[i], width_of(cells[i]));
    }
  }
  std::string text;
  for (const Cells& cells : rows) append_row(text, cells, widths);
  return text;
}

std::string counted(std::size_t count, const std::string& thing) {
  return std::to_string(count) + ' ' + thing + (count == 1 ? "" : "s");
}

std::string summary_of(const Diagnosis& diagnosis, const std::string& table) {
  std::size_t stuck = 0;
  std::vector<std::string> kinds;
  kinds.reserve(diagnosis.counts.size());
  for (const auto& [verdict, count] : diagnosis.counts) {
    if (is_stuck(verdict)) stuck += count;
    kinds.push_back(std::to_string(count) + ' ' + std::string(name_of(verdict)));
  }
  std::string text = table + ": " + counted(diagnosis.lines.size(), "shard") + ", " +
                     counted(diagnosis.workers.size(), "owner") + "; " +
                     (stuck == 0 ? "none stuck" : std::to_string(stuck) + " STUCK");
  if (!kinds.empty()) text += " (" + base::joined(kinds) + ")";
  if (diagnosis.watched.count() > 0) text += "; watched for " + duration_text(diagnosis.watched);
  return text;
}

void write(wire::JsonWriter& json, std::string_view name, const std::string& value) {
  if (!value.empty()) json.name(name).text(value);
}
void write(wire::JsonWriter& json, std::string_view name, const std::optional<Timestamp>& value) {
  if (value) json.name(name).text(to_iso8601(*value));
}
void write(wire::JsonWriter& json, std::string_view name, const std::optional<milliseconds>& value) {
  if (value) json.name(name).number(value->count());
}
void write(wire::JsonWriter& json, std::string_view name, const std::vector<std::string>& values) {
  if (values.empty()) return;
  json.name(name).begin_array();
  for (const std::string& value : values) json.text(value);
  json.end_array();
}

void write_line(wire::JsonWriter& json, const Line& line) {
  json.begin_object().name("shard").text(line.shard);
  json.name("verdict").text(name_of(line.verdict)).name("stuck").boolean(is_stuck(line.verdict));
  write(json, "owner", line.owner);
  if (!line.owner.empty() && line.by_kclpp) json.name("owner_is_kclpp").boolean(*line.by_kclpp);
  write(json, "owned_since", line.owned_since);
  if (line.checkpoint) {
    json.name("checkpoint").text(line.checkpoint->text());
    json.name("sub_sequence_number").number(line.checkpoint->sub_sequence());
    json.name("lease_counter").number(line.counter);
  }
  write(json, "starts_at", line.at);
  write(json, "behind_ms", line.behind);
  if (line.behind) json.name("behind_is_measured").boolean(line.probed);
  write(json, "state", line.state);
  write(json, "state_since", line.state_since);
  write(json, "last_error", line.last_error);
  write(json, "claimed_by", line.claimed_by);
  write(json, "failover_ms", line.failover);
  write(json, "parents", line.parents);
  write(json, "children", line.children);
  write(json, "why", line.why);
  write(json, "advice", line.advice);
  json.end_object();
}

bool is_among(const std::vector<std::string>& shards, const std::string& shard) {
  return shards.empty() || std::ranges::find(shards, shard) != shards.end();
}

void append_field(std::string& text, const std::string& name, const std::string& value) {
  if (value.empty()) return;
  text += "  " + name + std::string(name.size() < 12 ? 12 - name.size() : 1, ' ') + base::printable(value) + '\n';
}

std::string whole_text(const Line& line, Timestamp now) {
  std::string text = base::printable(line.shard) + ": " + std::string(name_of(line.verdict)) + '\n';
  append_field(text, "why", line.why);
  append_field(text, "do", line.advice);
  append_field(text, "owner", line.owner);
  if (line.owned_since) {
    append_field(text, "owned",
                 "since about " + to_iso8601(*line.owned_since) + ", " + age_text(now, line.owned_since) + " ago");
  }
  append_field(text, "claimed by", line.claimed_by);
  append_field(text, "checkpoint", checkpoint_text(line, true));
  if (line.behind) {
    append_field(text, "behind", duration_text(*line.behind) + (line.probed ? ", measured" : ", as its owner says"));
  }
  if (!line.state.empty()) {
    append_field(text, "state",
                 line.state + (line.state_since ? " since " + to_iso8601(*line.state_since) : std::string()));
  }
  append_field(text, "error", line.last_error);
  append_field(text, "parents", base::joined(line.parents));
  append_field(text, "children", base::joined(line.children));
  if (line.failover) append_field(text, "failover", duration_text(*line.failover));
  if (line.checkpoint) append_field(text, "counter", std::to_string(line.counter));
  return text;
}

}  // namespace

std::string list_text(const Diagnosis& diagnosis, const std::string& table) {
  std::string text = summary_of(diagnosis, table) + '\n';
  if (!diagnosis.lines.empty()) text += '\n' + table_text(diagnosis);
  std::set<std::string> told;
  for (const Line& line : diagnosis.lines) {
    if (line.advice.empty() || !told.insert(line.advice).second) continue;
    text += (told.size() == 1 ? "\n" : "") + std::string(name_of(line.verdict)) + ": " + line.advice + '\n';
  }
  for (const std::string& note : diagnosis.notes) text += "note: " + base::printable(note) + '\n';
  if (!diagnosis.with_stream) text += "note: shards without a lease show only with --stream\n";
  return text;
}

std::string show_text(const Diagnosis& diagnosis, const std::vector<std::string>& shards) {
  std::string text;
  for (const Line& line : diagnosis.lines) {
    if (is_among(shards, line.shard)) text += (text.empty() ? "" : "\n") + whole_text(line, diagnosis.now);
  }
  return text;
}

std::string json_text(const Diagnosis& diagnosis, const std::string& table, const std::vector<std::string>& shards) {
  wire::JsonWriter json;
  json.begin_object().name("table").text(table).name("time").text(to_iso8601(diagnosis.now));
  json.name("watched_ms").number(std::chrono::duration_cast<milliseconds>(diagnosis.watched).count());
  json.name("stream_listed").boolean(diagnosis.with_stream);
  json.name("counts").begin_object();
  for (const auto& [verdict, count] : diagnosis.counts) json.name(name_of(verdict)).number(count);
  json.end_object().name("owners").begin_object();
  for (const auto& [worker, count] : diagnosis.workers) json.name(worker).number(count);
  json.end_object();
  if (diagnosis.java_version) json.name("java_version").text(*diagnosis.java_version);
  write(json, "notes", diagnosis.notes);
  json.name("leases").begin_array();
  for (const Line& line : diagnosis.lines) {
    if (is_among(shards, line.shard)) write_line(json, line);
  }
  json.end_array().end_object();
  return json.str() + '\n';
}

std::vector<std::string> unknown_shards(const Diagnosis& diagnosis, const std::vector<std::string>& shards) {
  std::vector<std::string> unknown;
  for (const std::string& shard : shards) {
    const auto is_it = [&](const Line& line) { return line.shard == shard; };
    if (std::ranges::none_of(diagnosis.lines, is_it)) unknown.push_back(shard);
  }
  return unknown;
}

}  // namespace kcl::operate
