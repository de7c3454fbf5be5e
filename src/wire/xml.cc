#include "wire/xml.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>
#include <vector>

namespace kcl::wire {

namespace {

constexpr std::string_view kBlanks = " \t\r\n";

bool is_name_start(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == ':'; }
bool is_name_part(char c) { return is_name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.'; }
bool is_text(char c) { return static_cast<unsigned char>(c) >= ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_blank(std::string_view text) { return text.find_first_not_of(kBlanks) == std::string_view::npos; }

/// XML 1.0, "Char".
bool is_character(std::uint32_t code) {
  return code == 0x9 || code == 0xA || code == 0xD || (code >= 0x20 && code <= 0xD7FF) ||
         (code >= 0xE000 && code <= 0xFFFD) || (code >= 0x10000 && code <= 0x10FFFF);
}

void append_utf8(std::string& text, std::uint32_t code) {
  const auto tail = [&](unsigned shift) { text += static_cast<char>(0x80U | ((code >> shift) & 0x3FU)); };
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0U | (code >> 6U));
    tail(0);
  } else if (code < 0x10000) {
    text += static_cast<char>(0xE0U | (code >> 12U));
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xF0U | (code >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

class Reader {
 public:
  explicit Reader(std::string_view document) : rest_(document) {}

  std::optional<XmlTexts> read() {
    take("\xEF\xBB\xBF");
    if (rest_.starts_with("<?xml") && !pass("?>")) return std::nullopt;
    while (!rest_.empty()) {
      if (!(rest_.front() == '<' ? markup() : text())) return std::nullopt;
    }
    return open_.empty() && root_seen_ ? std::optional(std::move(texts_)) : std::nullopt;
  }

 private:
  struct Element {
    std::string name;
    std::string text;
    bool has_children = false;
  };

  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  /// What is before `token`, which is taken too.
  std::optional<std::string_view> until(std::string_view token) {
    const std::size_t end = rest_.find(token);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view taken = rest_.substr(0, end);
    rest_.remove_prefix(end + token.size());
    return taken;
  }
  bool pass(std::string_view token) { return until(token).has_value(); }
  void take_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlanks), rest_.size())); }

  std::string_view name() {
    if (rest_.empty() || !is_name_start(rest_.front())) return {};
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_name_part);
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  bool markup() {
    if (take("<!--")) return pass("-->");
    if (take("<![CDATA[")) return cdata();
    if (take("</")) return end_tag();
    take("<");
    return start_tag();
  }

  bool cdata() {
    const auto raw = until("]]>");
    if (!raw || open_.empty() || !std::ranges::all_of(*raw, is_text)) return false;
    open_.back().text += *raw;
    return true;
  }

  bool start_tag() {
    const std::string_view tag = name();
    if (tag.empty() || tag.size() > kMaxXmlName || open_.size() == kMaxXmlDepth) return false;
    if (open_.empty() && std::exchange(root_seen_, true)) return false;
    if (!open_.empty()) open_.back().has_children = true;
    open_.push_back({.name = std::string(tag), .text = {}, .has_children = false});
    for (;;) {
      const std::size_t before = rest_.size();
      take_blanks();
      if (take("/>")) return close();
      if (take(">")) return true;
      if (rest_.size() == before || !attribute()) return false;
    }
  }

  bool attribute() {
    if (name().empty()) return false;
    take_blanks();
    if (!take("=")) return false;
    take_blanks();
    const std::string_view quote = rest_.substr(0, 1);
    if (quote != "\"" && quote != "'") return false;
    rest_.remove_prefix(1);
    const auto value = until(quote);
    return value && value->find('<') == std::string_view::npos;
  }

  bool end_tag() {
    const std::string_view tag = name();
    take_blanks();
    if (!take(">") || open_.empty() || open_.back().name != tag) return false;
    return close();
  }

  bool close() {
    std::string path;
    for (const Element& element : open_) path += (path.empty() ? "" : "/") + element.name;
    Element& done = open_.back();
    const bool mixed = done.has_children && !is_blank(done.text);
    if (!done.has_children) texts_.try_emplace(std::move(path), std::move(done.text));
    open_.pop_back();
    return !mixed && texts_.size() <= kMaxXmlTexts;
  }

  bool text() {
    const std::string_view raw = rest_.substr(0, rest_.find('<'));
    rest_.remove_prefix(raw.size());
    if (open_.empty()) return is_blank(raw);
    return std::ranges::all_of(raw, is_text) && append_decoded(raw, open_.back().text);
  }

  static bool append_decoded(std::string_view raw, std::string& into) {
    while (!raw.empty()) {
      const std::size_t mark = std::min(raw.find('&'), raw.size());
      into += raw.substr(0, mark);
      raw.remove_prefix(mark);
      if (raw.empty()) break;
      const std::size_t end = raw.find(';');
      if (end == std::string_view::npos || !append_reference(raw.substr(1, end - 1), into)) return false;
      raw.remove_prefix(end + 1);
    }
    return true;
  }

  static bool append_reference(std::string_view name, std::string& into) {
    constexpr std::array<std::pair<std::string_view, char>, 5> kEntities{
        {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}}};
    for (const auto& [entity, character] : kEntities) {
      if (entity == name) {
        into += character;
        return true;
      }
    }
    if (!name.starts_with('#')) return false;
    name.remove_prefix(1);
    const int base = name.starts_with('x') ? 16 : 10;
    if (base == 16) name.remove_prefix(1);
    std::uint32_t code = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), code, base);
    if (error != std::errc() || end != name.data() + name.size() || !is_character(code)) return false;
    append_utf8(into, code);
    return true;
  }

  std::string_view rest_;
  XmlTexts texts_;
  std::vector<Element> open_;
  bool root_seen_ = false;
};

}  // namespace

std::optional<XmlTexts> read_xml(std::string_view document) {
  return document.size() <= kMaxXmlBytes ? Reader(document).read() : std::nullopt;
}

}  // namespace kcl::wire
