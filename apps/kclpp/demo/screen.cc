#include "demo/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <map>
#include <vector>

namespace kclpp::demo {

namespace {

constexpr double kTerminalInterval = 0.2;
constexpr double kLineInterval = 2.0;

std::string format(const char* pattern, ...) __attribute__((format(printf, 1, 2)));
std::string format(const char* pattern, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, pattern);
  const int length = std::vsnprintf(text, sizeof(text), pattern, arguments);
  va_end(arguments);
  return {text, std::min(static_cast<std::size_t>(std::max(length, 0)), sizeof(text) - 1)};
}

struct Size {
  std::size_t rows = 24;
  std::size_t columns = 80;
};

Size terminal_size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return {};
  return {.rows = size.ws_row, .columns = size.ws_col};
}

/// "3" of "shardId-000000000003".
std::string short_id(const std::string& shard) {
  const auto digit = shard.find_last_not_of("0123456789");
  const auto number = shard.substr(digit + 1);
  const auto first = number.find_first_not_of('0');
  return first == std::string::npos ? "0" : number.substr(first);
}

struct Row {
  std::string owner = "-";
  std::string state = "waiting for an owner";
  std::string detail;
  long behind_ms = -1;
};

std::map<std::string, Row> rows_by_shard(const Fleet& fleet, std::vector<std::string>& workers) {
  std::map<std::string, Row> rows;
  for (const auto& shard : fleet.open_shards()) rows[shard.id];
  for (const auto& member : fleet.members()) {
    const auto status = member->status();
    workers.push_back(format("%-10s %-8s %zu %s", member->id().c_str(), member->stalled() ? "stalled" : "running",
                             status.shards.size(), status.shards.size() == 1 ? "shard" : "shards"));
    for (const auto& shard : status.shards) {
      Row& row = rows[shard.shard_id];
      row.owner = member->id();
      row.state = std::string(kcl::name_of(shard.state));
      row.behind_ms = shard.behind ? static_cast<long>(shard.behind->count()) : -1;
      row.detail = shard.waiting_for;
    }
  }
  return rows;
}

}  // namespace

Screen::~Screen() {
  if (kind_ == Kind::terminal && lines_drawn_ > 0) std::fputs("\x1b[?25h", stdout);
}

void Screen::refresh(const Fleet& fleet, const Ledger& ledger, const std::string& title, double elapsed, bool at_once) {
  const double interval = kind_ == Kind::terminal ? kTerminalInterval : kLineInterval;
  if (kind_ == Kind::none || (!at_once && elapsed - last_drawn_ < interval)) return;
  const auto counts = ledger.counts();
  if (last_drawn_ >= 0) {
    const double now = static_cast<double>(counts.delivered - delivered_before_) / (elapsed - last_drawn_);
    rate_ = rate_ * 0.7 + now * 0.3;
  }
  last_drawn_ = elapsed;
  delivered_before_ = counts.delivered;
  if (kind_ == Kind::terminal) return draw(fleet, counts, title, elapsed);

  std::fprintf(stderr, "%5.1f s  %s: put %lu, delivered %lu, duplicated %lu, %zu open shards, %zu workers\n", elapsed,
               title.c_str(), counts.put, counts.delivered, counts.duplicated, fleet.open_shards().size(),
               fleet.members().size());
  const auto fresh = std::min<std::uint64_t>(fleet.disturbances() - events_seen_, fleet.events().size());
  for (auto i = fleet.events().size() - fresh; i < fleet.events().size(); ++i) {
    std::fprintf(stderr, "         chaos: %s\n", fleet.events()[i].c_str());
  }
  events_seen_ = fleet.disturbances();
}

void Screen::draw(const Fleet& fleet, const Ledger::Counts& counts, const std::string& title, double elapsed) {
  const Size size = terminal_size();
  std::vector<std::string> workers;
  const auto rows = rows_by_shard(fleet, workers);
  std::vector<std::string> lines;
  lines.push_back(format("kclpp demo  %.1f s  %s", elapsed, title.c_str()));
  lines.push_back(format("put %lu   delivered %lu   %.0f records/s   in flight %lu   duplicated %lu   problems %lu",
                         counts.put, counts.delivered, rate_, counts.missing(), counts.duplicated, counts.problems));
  lines.emplace_back();
  for (const auto& worker : workers) lines.push_back("  " + worker);
  lines.emplace_back();
  lines.push_back(format("  %-6s %-11s %-20s %9s  %s", "shard", "owner", "state", "lag", "waiting for"));
  // What does not fit is said, not cut silently.
  const std::size_t reserved = lines.size() + fleet.events().size() + 3;
  const std::size_t room = size.rows > reserved ? size.rows - reserved : 1;
  std::size_t shown = 0;
  for (const auto& [shard, row] : rows) {
    if (++shown > room) break;
    const std::string lag = row.behind_ms < 0 ? "-" : format("%ld ms", row.behind_ms);
    lines.push_back(format("  %-6s %-11s %-20s %9s  %s", short_id(shard).c_str(), row.owner.c_str(), row.state.c_str(),
                           lag.c_str(), row.detail.c_str()));
  }
  if (rows.size() > room) lines.push_back(format("  and %zu more shards", rows.size() - room));
  lines.emplace_back();
  for (const auto& event : fleet.events()) lines.push_back("  " + event);

  std::string frame = lines_drawn_ == 0 ? "\x1b[?25l" : format("\x1b[%zuA", lines_drawn_);
  for (const auto& line : lines) frame += line.substr(0, size.columns) + "\x1b[K\n";
  frame += "\x1b[J";
  lines_drawn_ = lines.size();
  std::fputs(frame.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace kclpp::demo
