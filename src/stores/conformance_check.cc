#include "stores/conformance_check.h"

#include "wire/item_json.h"

namespace kcl::stores {
namespace {

using Kind = WriteOutcome::Kind;

std::string name_of(Kind kind) {
  switch (kind) {
    case Kind::applied:
      return "applied";
    case Kind::refused:
      return "refused";
    case Kind::unknown:
      return "unknown";
    case Kind::not_applied:
      return "not_applied";
    case Kind::misuse:
      return "misuse";
  }
  return "no known kind";
}

}  // namespace

std::string ConformanceCheck::text_of(const std::optional<Item>& row) {
  return row ? wire::encode_item(*row) : "no row";
}

void ConformanceCheck::that(bool holds, const std::string& otherwise) {
  if (!holds && failure_.empty()) failure_ = otherwise;
}

void ConformanceCheck::expect(const std::string& what, const WriteOutcome& outcome, Kind kind) {
  const std::string message = outcome.message.empty() ? "" : " (" + outcome.message + ")";
  that(outcome.kind == kind, what + " answered " + name_of(outcome.kind) + message + " instead of " + name_of(kind));
  const bool explains = kind == Kind::applied || kind == Kind::refused || !outcome.message.empty();
  that(explains, what + " answered " + name_of(kind) + " without a message");
}

void ConformanceCheck::expect_stored(const std::string& what, const std::optional<Item>& expected,
                                     const std::string& suffix) {
  const auto stored = read(suffix);
  that(stored == expected, what + ": the row is " + text_of(stored) + " instead of " + text_of(expected));
}

Item ConformanceCheck::row(const std::string& suffix, Item attributes) const {
  attributes[key_attribute_] = key(suffix);
  return attributes;
}

Item ConformanceCheck::given(Item attributes, const std::string& suffix) {
  Item made = row(suffix, std::move(attributes));
  expect("create of " + key(suffix), store_.create(made, Call{}), Kind::applied);
  return made;
}

WriteOutcome ConformanceCheck::update(std::vector<Action> actions, std::vector<Condition> conditions,
                                      const std::string& suffix) {
  return store_.update({key(suffix), std::move(actions), std::move(conditions)}, Call{});
}

std::optional<Item> ConformanceCheck::read(const std::string& suffix) {
  auto answer = store_.get(key(suffix), true, Call{});
  that(answer.has_value(), "get of " + key(suffix) + " failed: " + (answer ? "" : answer.error().message));
  return answer ? answer->row : std::nullopt;
}

ConformanceCheck::Rows ConformanceCheck::scan(std::size_t segment, std::size_t total_segments) {
  Rows rows;
  ScanRequest request{.segment = segment, .total_segments = total_segments, .consistent = true};
  do {
    auto page = store_.scan(request, Call{});
    that(page.has_value(), "scan failed: " + (page ? "" : page.error().message));
    if (!page) return rows;
    for (Item& row : page->rows) add_shown(std::move(row), rows);
    const bool goes_on = page->next_page_token != request.page_token || request.page_token.empty();
    that(goes_on, "a page of a scan names itself as the next");
    request.page_token = page->next_page_token;
  } while (!request.page_token.empty() && !failed());
  return rows;
}

void ConformanceCheck::add_shown(Item row, Rows& rows) {
  const auto found = row.find(key_attribute_);
  const std::string* text = found == row.end() ? nullptr : found->second.get_if<std::string>();
  that(text != nullptr, "scan showed a row without its key in " + key_attribute_ + ": " + text_of(row));
  if (text == nullptr || !text->starts_with(key(""))) return;
  const std::string shown = *text;
  that(rows.emplace(shown, std::move(row)).second, "scan showed row " + shown + " twice");
}

}  // namespace kcl::stores
