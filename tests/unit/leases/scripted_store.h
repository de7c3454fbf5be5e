// A lease store on a virtual loop in which a test decides the fate of each write, how reads go wrong, and what others
// (a Java worker, an operator) write meanwhile.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/scheduled_actions.h"
#include "base/virtual_loop.h"
#include "base/wait.h"
#include "leases/kcl_row.h"
#include "leases/lease.h"
#include "leases/row_format.h"
#include "memory_store/memory_table.h"
#include "ports/item_store.h"

namespace kcl::leases {

/// What becomes of one write.
enum class Fate : std::uint8_t {
  answer,        ///< decided and answered
  lose_answer,   ///< decided, and the writer hears nothing
  lose_request,  ///< never arrives, and the writer hears nothing
  hold_back,     ///< the writer hears nothing; it is decided when the test says land_next()
  keep_row,      ///< as `answer`, but a refusal does not tell the row (dynalite)
  throttle,      ///< certainly not applied
  misuse,        ///< certainly not applied, and repeating is useless
};

class ScriptedStore final : public ports::ItemStore {
 public:
  /// A few rows make several pages.
  static constexpr std::size_t kPageSize = 3;

  explicit ScriptedStore(base::VirtualLoop& loop, const RowFormat& format = kcl_format())
      : loop_(loop), format_(format), table_(std::string(format.key_attribute()), kPageSize) {}
  /// Of rows that are no leases.
  ScriptedStore(base::VirtualLoop& loop, std::string key)
      : loop_(loop), format_(kcl_format()), table_(std::move(key), kPageSize) {}

  // The script.

  /// Fates of the next writes, in the order in which they are sent; `answer` for those after them.
  void next_writes(std::initializer_list<Fate> fates) { fates_.insert(fates_.end(), fates); }
  /// The oldest write held back arrives now.
  WriteOutcome land_next() {
    const auto decide = std::move(held_.front());
    held_.pop_front();
    return decide();
  }
  std::size_t held() const { return held_.size(); }
  /// Runs when the next write is about to be sent, before the store has it.
  void before_next_write(std::function<void()> action) { before_write_ = std::move(action); }
  /// Reads (scans too) find nobody from now on, until told otherwise.
  void set_reads_fail(bool fail) { reads_fail_ = fail; }
  /// Reads that need not be consistent show the table as it is now, until thaw().
  void freeze() { frozen_ = rows(); }
  void thaw() { frozen_.reset(); }
  void set_latency(base::Duration there_and_back) { latency_ = there_and_back; }
  /// The store's clock goes before the hosts'.
  void set_clock_ahead(std::chrono::milliseconds ahead) { clock_ahead_ = ahead; }
  Timestamp server_time() const { return loop_.wall() + clock_ahead_; }

  // What others do, at once and without asking.

  void put(Item row) { EXPECT_EQ(table_.create(std::move(row)).kind, WriteOutcome::Kind::applied); }
  void put_lease(const Lease& lease) { put(format_.render(lease)); }
  void change(const std::string& key, std::vector<Action> actions) {
    const auto outcome = table_.update({.key = key, .actions = std::move(actions), .conditions = {}});
    EXPECT_EQ(outcome.kind, WriteOutcome::Kind::applied) << outcome.message;
  }
  void erase(const std::string& key) { EXPECT_EQ(table_.remove(key, {}).kind, WriteOutcome::Kind::applied); }
  /// A Java worker renews: the counter alone moves.
  void java_renews(const std::string& key) {
    change(key, {Action::add(std::string(kcl_row::kCounter), Number::of(1))});
  }
  /// A Java worker steals, or Java's leader assigns.
  void java_takes(const std::string& key, const std::string& worker) {
    change(key, {Action::set(std::string(kcl_row::kOwner), worker),
                 Action::add(std::string(kcl_row::kCounter), Number::of(1))});
  }
  /// An operator takes a live lease away from its holder.
  void operator_releases(const std::string& key) {
    change(key,
           {Action::remove(std::string(kcl_row::kOwner)), Action::add(std::string(kcl_row::kCounter), Number::of(1))});
  }
  /// Later, in virtual time.
  void after(base::Duration wait, std::function<void()> action) {
    scheduled_.at(loop_, loop_.now() + wait, std::move(action));
  }

  // What was stored and sent.

  const std::map<std::string, Item>& rows() const { return table_.rows(); }
  Item row(const std::string& key) const { return table_.get(key).value(); }
  bool has(const std::string& key) const { return table_.get(key).has_value(); }
  Lease lease(const std::string& key) const {
    const auto parsed = format_.parse(row(key));
    EXPECT_TRUE(parsed) << key;
    return *parsed;
  }
  /// Every write that was sent, whatever became of it: a creation has no conditions, a removal no actions.
  const std::vector<ItemUpdate>& sent() const { return sent_; }

  // ports::ItemStore

  Reply<void> ensure(CreateTable, base::BootTime) override {
    ports::Answer<StoreResult<void>> answer;
    answer.timing = co_await pass(latency_);
    co_return answer;
  }

  Reply<ReadItem> get(std::string key, bool consistent, base::BootTime deadline) override {
    ports::Answer<StoreResult<ReadItem>> answer{unavailable(), {}};
    answer.timing = co_await pass(reads_fail_ ? deadline - loop_.now() : latency_);
    if (reads_fail_) co_return answer;
    ReadItem read;
    if (consistent || !frozen_) {
      read.row = table_.get(key);
    } else if (const auto row = frozen_->find(key); row != frozen_->end()) {
      read.row = row->second;
    }
    read.server_time = server_time();
    answer.value = std::move(read);
    co_return answer;
  }

  WriteReply create(Item row, base::BootTime deadline) override {
    ItemUpdate note;
    note.key = *row.at(table_.key_attribute()).get_if<std::string>();
    for (const auto& [name, value] : row) note.actions.push_back(Action::set(name, value));
    return write(std::move(note), [this, row = std::move(row)] { return table_.create(row); }, deadline);
  }
  WriteReply update(ItemUpdate update, base::BootTime deadline) override {
    return write(update, [this, update] { return table_.update(update); }, deadline);
  }
  WriteReply remove(std::string key, std::vector<Condition> conditions, base::BootTime deadline) override {
    ItemUpdate note;
    note.key = key;
    note.conditions = conditions;
    return write(
        std::move(note),
        [this, key = std::move(key), conditions = std::move(conditions)] { return table_.remove(key, conditions); },
        deadline);
  }

  Reply<ScanPage> scan(ScanRequest request, base::BootTime deadline) override {
    ports::Answer<StoreResult<ScanPage>> answer{unavailable(), {}};
    answer.timing = co_await pass(reads_fail_ ? deadline - loop_.now() : latency_);
    if (reads_fail_) co_return answer;
    ScanPage page;
    if (request.consistent || !frozen_) {
      page = table_.scan(request).value();
    } else {
      for (const auto& [key, row] : *frozen_) page.rows.push_back(row);
    }
    page.server_time = server_time();
    answer.value = std::move(page);
    co_return answer;
  }

 private:
  using Decide = std::function<WriteOutcome()>;

  static Failure<StoreError> unavailable() {
    return Failure{StoreError{StoreError::Kind::unavailable, "the store did not answer"}};
  }

  base::Task<ports::Timing> pass(base::Duration time) {
    ports::Timing timing;
    timing.sent = loop_.now();
    base::Stop never;
    co_await base::sleep_for(loop_, time, never);
    timing.received = loop_.now();
    timing.server_time = server_time();
    co_return timing;
  }

  WriteReply write(ItemUpdate note, Decide decide, base::BootTime deadline) {
    if (const auto before = std::exchange(before_write_, nullptr)) before();
    sent_.push_back(std::move(note));
    Fate fate = Fate::answer;
    if (!fates_.empty()) {
      fate = fates_.front();
      fates_.pop_front();
    }
    ports::Answer<WriteOutcome> answer;
    answer.value.message = "as scripted";
    answer.timing.sent = loop_.now();
    const bool answered = fate != Fate::lose_answer && fate != Fate::lose_request && fate != Fate::hold_back;
    if (fate == Fate::hold_back) held_.push_back(decide);
    base::Stop never;
    co_await base::sleep_for(loop_, latency_ / 2, never);
    if (fate == Fate::answer || fate == Fate::lose_answer || fate == Fate::keep_row) answer.value = decide();
    co_await base::sleep_until(loop_, answered ? loop_.now() + latency_ / 2 : deadline, never);
    answer.timing.received = loop_.now();
    if (answered) answer.timing.server_time = server_time();
    if (fate == Fate::keep_row && answer.value.kind == WriteOutcome::Kind::refused) answer.value.row.reset();
    if (fate == Fate::throttle) answer.value.kind = WriteOutcome::Kind::not_applied;
    if (fate == Fate::misuse) answer.value.kind = WriteOutcome::Kind::misuse;
    if (!answered) {
      answer.value = {};
      answer.value.message = "the store did not answer";
    }
    co_return answer;
  }

  base::VirtualLoop& loop_;
  const RowFormat& format_;
  memory_store::MemoryTable table_;
  base::Duration latency_ = std::chrono::milliseconds(10);
  std::chrono::milliseconds clock_ahead_{0};
  std::deque<Fate> fates_;
  std::deque<Decide> held_;
  std::function<void()> before_write_;
  bool reads_fail_ = false;
  std::optional<std::map<std::string, Item>> frozen_;
  std::vector<ItemUpdate> sent_;
  base::ScheduledActions scheduled_;
};

}  // namespace kcl::leases
