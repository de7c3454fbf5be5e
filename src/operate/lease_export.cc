#include "operate/lease_export.h"

#include <algorithm>

#include "wire/item_json.h"
#include "wire/json_reader.h"
#include "wire/json_writer.h"

namespace kcl::operate {

namespace {

constexpr std::string_view kFormat = "kclpp_lease_export";
constexpr std::int64_t kVersion = 1;
constexpr base::Duration kCallTimeout = std::chrono::seconds(10);

/// What is wrong with the first line; empty: nothing.
std::string read_head(std::string_view line, Export& into) {
  wire::JsonReader reader(line);
  std::optional<std::int64_t> version;
  if (reader.enter_map()) {
    while (reader.more()) {
      const std::string name(reader.name());
      if (name == kFormat) {
        version = reader.integer();
      } else if (name == "table") {
        into.table = reader.text();
      } else if (name == "taken") {
        into.taken = parse_iso8601(reader.text()).value_or(Timestamp{});
      } else {
        reader.skip();
      }
      if (!reader.ok()) break;
    }
  }
  if (!reader.ok() || !version) return "is not that of an export of leases, as `kclpp leases export` makes it";
  if (*version != kVersion) return "is that of an export of version " + std::to_string(*version) + ", not 1";
  return {};
}

}  // namespace

std::string render(const Export& exported) {
  wire::JsonWriter head;
  head.begin_object().name(kFormat).number(kVersion).name("table").text(exported.table);
  head.name("taken").text(to_iso8601(exported.taken)).name("rows").number(exported.rows.size()).end_object();
  std::vector<std::string> lines;
  lines.reserve(exported.rows.size());
  for (const Item& row : exported.rows) lines.push_back(wire::encode_item(row));
  std::ranges::sort(lines);
  std::string text = head.str() + '\n';
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

Result<Export, std::string> parse_export(std::string_view text) {
  Export exported;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (number == 1) {
      if (const auto problem = read_head(line, exported); !problem.empty()) return Failure{"line 1 " + problem};
      continue;
    }
    if (line.empty()) continue;
    auto row = wire::decode_item(line);
    if (!row) return Failure{"line " + std::to_string(number) + ": " + row.error()};
    exported.rows.push_back(*std::move(row));
  }
  if (exported.table.empty()) return Failure{std::string("it is empty, or its first line names no table")};
  return exported;
}

base::Task<StoreResult<std::vector<Item>>> read_rows(base::Loop& loop, ports::ItemStore& store) {
  std::vector<Item> rows;
  ScanRequest request;
  request.consistent = true;
  do {
    auto answer = co_await store.scan(request, loop.now() + kCallTimeout);
    if (!answer.value) co_return Failure{answer.value.error()};
    for (Item& row : answer.value->rows) rows.push_back(std::move(row));
    request.page_token = answer.value->next_page_token;
  } while (!request.page_token.empty());
  co_return rows;
}

}  // namespace kcl::operate
