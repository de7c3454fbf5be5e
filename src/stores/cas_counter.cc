#include "stores/cas_counter.h"

#include <utility>

namespace kcl::stores {
namespace {

std::string token_attribute(const std::string& writer) { return "token-" + writer; }
std::string count_attribute(const std::string& writer) { return "count-" + writer; }

std::int64_t number_in(const Item& row, const std::string& attribute) {
  const auto found = row.find(attribute);
  const Number* number = found == row.end() ? nullptr : found->second.get_if<Number>();
  return number == nullptr ? 0 : number->as_int64().value_or(0);
}

std::optional<std::string> text_in(const Item& row, const std::string& attribute) {
  const auto found = row.find(attribute);
  const std::string* text = found == row.end() ? nullptr : found->second.get_if<std::string>();
  return text == nullptr ? std::nullopt : std::optional(*text);
}

}  // namespace

CasWriter::CasWriter(ItemStore& store, std::string key, std::string writer)
    : store_(store), key_(std::move(key)), writer_(std::move(writer)) {}

std::int64_t CasWriter::counter_of(const Item& row) { return number_in(row, "counter"); }

std::int64_t CasWriter::count_of(const Item& row, const std::string& writer) {
  return number_in(row, count_attribute(writer));
}

std::string CasWriter::step() {
  const auto read = store_.get(key_, true, Call{});
  if (!read) return read.error().kind == StoreError::Kind::misuse ? "get: " + read.error().message : "";
  if (!read->row) return "row " + key_ + " is gone";
  const std::int64_t before = committed_;
  if (auto broken = settle(*read->row); !broken.empty()) return broken;
  return committed_ == before ? send(*read->row) : "";
}

std::string CasWriter::run(std::int64_t count) {
  // Of writers that collide one always wins, so this is far from any honest number of attempts.
  for (std::int64_t left = 10'000 + 1'000 * count; committed_ < count; --left) {
    if (left == 0) return "writer " + writer_ + " cannot get its increments committed";
    if (auto broken = step(); !broken.empty()) return broken;
  }
  return "";
}

std::string CasWriter::settle(const Item& row) {
  const auto token = text_in(row, token_attribute(writer_));
  if (token == token_) return "";
  if (!token || doubtful_.count(*token) == 0) {
    return "writer " + writer_ + " finds token " + token.value_or("(none)") + " in the row, where only " +
           token_.value_or("(none)") +
           " or an attempt in doubt can be: a committed write was undone, or one that was not applied has landed";
  }
  commit(*token);
  return "";
}

void CasWriter::commit(const std::string& token) {
  token_ = token;
  ++committed_;
  doubtful_.clear();
}

std::string CasWriter::send(const Item& row) {
  const std::int64_t counter = counter_of(row);
  const std::string token = writer_ + ":" + std::to_string(++attempts_);
  ItemUpdate update;
  update.key = key_;
  update.actions = {Action::set("counter", Number::of(counter + 1)), Action::set(token_attribute(writer_), token),
                    Action::add(count_attribute(writer_), Number::of(1))};
  update.conditions = {
      Condition::equals("counter", Number::of(counter)),
      token_ ? Condition::equals(token_attribute(writer_), *token_) : Condition::absent(token_attribute(writer_))};
  const WriteOutcome outcome = store_.update(update, Call{});
  switch (outcome.kind) {
    case WriteOutcome::Kind::applied:
      if (!outcome.row || counter_of(*outcome.row) != counter + 1)
        return "an applied update did not return the row after it";
      commit(token);
      return "";
    // A refusal is read back like no answer: a transport that sends twice by itself lets a write refuse its own first
    // copy.
    case WriteOutcome::Kind::refused:
    case WriteOutcome::Kind::unknown:
      doubtful_.insert(token);
      return "";
    case WriteOutcome::Kind::not_applied:
      return "";
    case WriteOutcome::Kind::misuse:
      return "update: " + outcome.message;
  }
  return "update answered with an unknown kind of outcome";
}

}  // namespace kcl::stores
