#include "wire/multilang.h"

#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <utility>

#include "wire/base64.h"
#include "wire/json_text.h"

namespace kcl::wire {
namespace {

namespace json = boost::json;

// Java writes control characters this way.
void append_text(std::string& out, std::string_view text) { append_json_string(out, text, HexDigits::upper); }

template <class Number>
void append_number(std::string& out, Number number) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_record(std::string& out, const Record& record) {
  out += R"({"data":")";
  base64_encode_onto(out, record.text());
  out += R"(","partitionKey":)";
  append_text(out, record.partition_key());
  out += R"(,"sequenceNumber":)";
  append_text(out, record.sequence_number());
  out += R"(,"approximateArrivalTimestamp":)";
  append_number(out, record.approximate_arrival().time_since_epoch().count());
  out += R"(,"subSequenceNumber":)";
  append_number(out, record.sub_sequence_number());
  out += R"(,"action":"record"})";
}

/// A value of the outermost object: texts and numbers as they stand, without their quotes.
struct Scalar {
  enum class Kind : std::uint8_t { null, text, number, boolean };
  Kind kind = Kind::null;
  std::string text;
};

/// Collects the scalars of the outermost object, numbers digit by digit: a sequence number has more of them than any
/// number type. Nested values are passed over.
class Members {
 public:
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;

  std::optional<Scalar> action;
  std::optional<Scalar> response_for;
  std::optional<Scalar> sequence_number;
  std::optional<Scalar> sub_sequence_number;
  bool is_object = false;
  /// A member that we read holds an array or an object.
  bool nested = false;

  using Error = json::error_code;
  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error&) {
    if (depth_ == 0) is_object = true;
    return open();
  }
  bool on_object_end(std::size_t, Error&) { return close(); }
  bool on_array_begin(Error&) { return open(); }
  bool on_array_end(std::size_t, Error&) { return close(); }
  bool on_key_part(json::string_view part, std::size_t, Error&) { return collect(part); }
  bool on_key(json::string_view part, std::size_t, Error&) {
    if (depth_ == 1) key_ = text_ + std::string(part);
    text_.clear();
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, Error&) { return collect(part); }
  bool on_string(json::string_view part, std::size_t, Error&) {
    collect(part);
    return settle(Scalar::Kind::text);
  }
  bool on_number_part(json::string_view part, Error&) { return collect(part); }
  bool on_int64(std::int64_t, json::string_view part, Error&) { return number(part); }
  bool on_uint64(std::uint64_t, json::string_view part, Error&) { return number(part); }
  bool on_double(double, json::string_view part, Error&) { return number(part); }
  bool on_bool(bool value, Error&) {
    text_ = value ? "true" : "false";
    return settle(Scalar::Kind::boolean);
  }
  bool on_null(Error&) { return settle(Scalar::Kind::null); }
  bool on_comment_part(json::string_view, Error&) { return true; }
  bool on_comment(json::string_view, Error&) { return true; }

 private:
  bool open() {
    if (depth_ == 1 && slot() != nullptr) nested = true;
    ++depth_;
    return true;
  }
  bool close() {
    --depth_;
    return true;
  }
  bool collect(json::string_view part) {
    if (depth_ == 1) text_.append(part.data(), part.size());
    return true;
  }
  bool number(json::string_view part) {
    collect(part);
    return settle(Scalar::Kind::number);
  }
  bool settle(Scalar::Kind kind) {
    if (depth_ == 1) {
      if (auto* member = slot()) member->emplace(Scalar{kind, text_});
    }
    text_.clear();
    return true;
  }
  std::optional<Scalar>* slot() {
    if (key_ == "action") return &action;
    if (key_ == "responseFor") return &response_for;
    if (key_ == "sequenceNumber") return &sequence_number;
    if (key_ == "subSequenceNumber") return &sub_sequence_number;
    return nullptr;
  }

  std::size_t depth_ = 0;
  std::string key_;
  std::string text_;
};

/// What is not there is null.
std::optional<std::string> text_of(std::optional<Scalar> member) {
  if (!member || member->kind == Scalar::Kind::null) return std::nullopt;
  return std::move(member->text);
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

struct Number {
  bool good = false;
  std::optional<std::int64_t> value;
};

/// A text with digits counts as a number, an empty one as null; a fraction is cut off.
Number number_of(const std::optional<Scalar>& member) {
  if (!member || member->kind == Scalar::Kind::null) return {.good = true};
  if (member->kind == Scalar::Kind::boolean) return {};
  std::string_view text = member->text;
  if (member->kind == Scalar::Kind::text) {
    text = trimmed(text);
    if (text.empty()) return {.good = true};
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return {};
  const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  const bool fraction = member->kind == Scalar::Kind::number && rest.starts_with('.') &&
                        rest.find_first_not_of("0123456789", 1) == std::string_view::npos;
  if (!rest.empty() && !fraction) return {};
  return {.good = true, .value = value};
}

bool is_daemons_own(std::string_view action) {
  for (const std::string_view known :
       {"initialize", "processRecords", "leaseLost", "shardEnded", "shutdownRequested", "shutdown", "record"}) {
    if (action == known) return true;
  }
  return false;
}

}  // namespace

std::string_view name_of(MultilangAction action) {
  switch (action) {
    case MultilangAction::initialize:
      return "initialize";
    case MultilangAction::process_records:
      return "processRecords";
    case MultilangAction::lease_lost:
      return "leaseLost";
    case MultilangAction::shard_ended:
      return "shardEnded";
    case MultilangAction::shutdown_requested:
      break;
  }
  return "shutdownRequested";
}

std::string multilang_initialize(std::string_view shard_id, const Position& checkpoint) {
  std::string line = R"({"action":"initialize","shardId":)";
  append_text(line, shard_id);
  line += R"(,"sequenceNumber":)";
  append_text(line, checkpoint.text());
  line += R"(,"subSequenceNumber":)";
  append_number(line, checkpoint.sub_sequence());
  line += '}';
  return line;
}

std::string multilang_notice(MultilangAction action) {
  std::string line = R"({"action":)";
  append_text(line, name_of(action));
  line += '}';
  return line;
}

std::string multilang_checkpoint_reply(const MultilangCheckpoint& request, std::optional<std::string_view> error) {
  std::string line = R"({"action":"checkpoint","sequenceNumber":)";
  if (request.sequence_number) {
    append_text(line, *request.sequence_number);
  } else {
    line += "null";
  }
  line += R"(,"subSequenceNumber":)";
  if (request.sub_sequence_number) {
    append_number(line, *request.sub_sequence_number);
  } else {
    line += "null";
  }
  line += R"(,"error":)";
  if (error) {
    append_text(line, *error);
  } else {
    line += "null";
  }
  line += '}';
  return line;
}

bool MultilangRecords::write_some(std::string& out, std::size_t enough) {
  if (!std::exchange(begun_, true)) out += R"({"action":"processRecords","records":[)";
  while (next_ < batch_.size() && out.size() < enough) {
    if (next_ > 0) out += ',';
    append_record(out, batch_[next_]);
    ++next_;
  }
  if (next_ < batch_.size()) return true;
  if (!std::exchange(ended_, true)) {
    out += R"(],"millisBehindLatest":)";
    append_number(out, batch_.behind_latest().count());
    out += '}';
  }
  return false;
}

MultilangMessage decode_multilang_line(std::string_view line) {
  json::basic_parser<Members> parser{json::parse_options{}};
  json::error_code error;
  // What follows the object is nobody's business; so it is told that more may come.
  parser.write_some(true, line.data(), line.size(), error);
  Members& members = parser.handler();
  if (error || !parser.done() || !members.is_object || members.nested) return MultilangNoise{};
  const std::string action = text_of(std::move(members.action)).value_or("");
  if (action == "status") return MultilangStatus{text_of(std::move(members.response_for)).value_or("")};
  if (action == "checkpoint") {
    Number sub_sequence = number_of(members.sub_sequence_number);
    if (!sub_sequence.good) return MultilangNoise{};
    return MultilangCheckpoint{text_of(std::move(members.sequence_number)), sub_sequence.value};
  }
  if (is_daemons_own(action)) return MultilangEcho{};
  return MultilangNoise{};
}

}  // namespace kcl::wire
