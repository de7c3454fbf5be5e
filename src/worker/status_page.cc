#include "worker/status_page.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <tuple>
#include <vector>

#include "wire/json_writer.h"

namespace kcl::worker {

namespace {

using std::chrono::milliseconds;
using wire::JsonWriter;

/// Program's and service's words need not be UTF-8; JSON must.
std::string plain(std::string_view text) {
  std::string clean(text);
  for (char& c : clean) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte > 0x7e) c = '?';
  }
  return clean;
}

void member(JsonWriter& json, std::string_view name, std::string_view value) { json.name(name).text(plain(value)); }

void write_shard(JsonWriter& json, const ShardStatus& shard) {
  json.begin_object();
  if (!shard.stream.empty()) member(json, "stream", shard.stream);
  member(json, "shard", shard.shard_id);
  member(json, "state", name_of(shard.state));
  member(json, "since", to_iso8601(shard.since));
  if (!shard.waiting_for.empty()) member(json, "waiting_for", shard.waiting_for);
  if (shard.until) member(json, "until", to_iso8601(*shard.until));
  if (shard.behind) json.name("behind_ms").number(shard.behind->count());
  if (shard.stalled) {
    json.name("stalled_ms").number(shard.stalled->count());
    member(json, "stall_cause", shard.stall_cause);
  }
  if (!shard.last_error.empty()) member(json, "last_error", shard.last_error);
  json.name("epoch").number(shard.epoch);
  member(json, "checkpoint", shard.checkpoint.text());
  json.end_object();
}

/// "3.2 s", "4 min", "2 h", "3 d": for a glance.
std::string span_of(milliseconds time) {
  const auto ms = std::max<std::int64_t>(0, time.count());
  if (ms < 1'000) return std::to_string(ms) + " ms";
  if (ms < 10'000) return std::to_string(ms / 1'000) + '.' + std::to_string(ms % 1'000 / 100) + " s";
  if (ms < 120'000) return std::to_string(ms / 1'000) + " s";
  if (ms < 7'200'000) return std::to_string(ms / 60'000) + " min";
  if (ms < 172'800'000) return std::to_string(ms / 3'600'000) + " h";
  return std::to_string(ms / 86'400'000) + " d";
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

void cell(std::string& page, std::string_view text) {
  page.append("<td>").append(escaped(plain(text))).append("</td>");
}

bool stands_still(const ShardStatus& shard) {
  return shard.stalled || shard.state == ShardState::stopped || shard.state == ShardState::suspended;
}

void append_shard(std::string& page, const ShardStatus& shard, Timestamp now) {
  page += stands_still(shard) ? "<tr class=\"still\">" : "<tr>";
  cell(page, shard.stream.empty() ? shard.shard_id : shard.stream + ' ' + shard.shard_id);
  cell(page, name_of(shard.state));
  cell(page, span_of(now - shard.since));
  cell(page, shard.behind ? span_of(*shard.behind) : "");
  std::string why = shard.waiting_for;
  if (shard.until) why += ", for " + span_of(*shard.until - now);
  if (shard.stalled) why += "; stalled for " + span_of(*shard.stalled) + ": " + shard.stall_cause;
  cell(page, why);
  cell(page, shard.last_error);
  cell(page, shard.checkpoint.text());
  page += "</tr>\n";
}

constexpr std::string_view kHead =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"5\">"
    "<title>kclpp</title>\n<style>\n"
    "body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; color: #222; }\n"
    "h1 { font-size: 1.3em; margin: 0 0 .3em; }\n"
    "table { border-collapse: collapse; margin-top: 1em; }\n"
    "th, td { text-align: left; vertical-align: top; padding: .25em .8em; border-bottom: 1px solid #ddd; }\n"
    "td:last-child { font-family: monospace; font-size: .85em; word-break: break-all; max-width: 22em; }\n"
    "tr.still { background: #fde8e4; }\n.dim { color: #777; }\n"
    "</style></head><body>\n";

}  // namespace

std::string_view name_of(WorkerState state) {
  switch (state) {
    case WorkerState::created:
      return "created";
    case WorkerState::starting:
      return "starting";
    case WorkerState::running:
      return "running";
    case WorkerState::stopping:
      return "stopping";
    case WorkerState::stopped:
      break;
  }
  return "stopped";
}

std::string status_json(const Identity& identity, const WorkerStatus& status, Timestamp now) {
  JsonWriter json;
  json.begin_object();
  member(json, "time", to_iso8601(now));
  member(json, "state", name_of(status.state));
  member(json, "worker", status.worker_id);
  member(json, "application", identity.application);
  member(json, "stream", identity.stream);
  if (!status.message.empty()) member(json, "message", status.message);
  json.name("workers").number(status.workers).name("leases").number(status.leases);
  json.name("shards").begin_array();
  for (const ShardStatus& shard : status.shards) write_shard(json, shard);
  json.end_array().end_object();
  return json.str() + '\n';
}

std::string status_page(const Identity& identity, const WorkerStatus& status, Timestamp now) {
  std::vector<const ShardStatus*> shards;
  shards.reserve(status.shards.size());
  for (const ShardStatus& shard : status.shards) shards.push_back(&shard);
  std::ranges::sort(shards, [](const ShardStatus* a, const ShardStatus* b) {
    return stands_still(*a) != stands_still(*b) ? stands_still(*a)
                                                : std::tie(a->stream, a->shard_id) < std::tie(b->stream, b->shard_id);
  });
  const auto still = std::ranges::count_if(status.shards, stands_still);
  std::string page(kHead);
  page += "<h1>" + escaped(plain(identity.stream)) + "</h1>\n<p>";
  page += "Worker " + escaped(plain(status.worker_id)) + " is <b>" + std::string(name_of(status.state)) + "</b>";
  if (!status.message.empty()) page += ": " + escaped(plain(status.message));
  page += "<br>" + std::to_string(status.shards.size()) + " of " + std::to_string(status.leases) + " shards";
  if (!identity.application.empty()) page += " of the application " + escaped(plain(identity.application));
  page += ", workers alive: " + std::to_string(status.workers);
  if (still > 0) page += ", <b>" + std::to_string(still) + " stand still</b>";
  page += "</p>\n<table><tr><th>Shard<th>State<th>Since<th>Behind<th>Waits for<th>Last error<th>Checkpoint</tr>\n";
  for (const ShardStatus* shard : shards) append_shard(page, *shard, now);
  page += "</table>\n<p class=\"dim\">" + to_iso8601(now) +
          " &middot; <a href=\"/status\">/status</a> &middot; <a href=\"/metrics\">/metrics</a></p>\n</body></html>\n";
  return page;
}

}  // namespace kcl::worker
