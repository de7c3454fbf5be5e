#include "stores/sqlite_item_store.h"

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/ascii.h"
#include "base/wall_clock.h"
#include "memory_store/item_expressions.h"
#include "wire/item_json.h"

namespace kcl::stores {
namespace {

using memory_store::fault_in;
using std::chrono::milliseconds;
using Mode = SqliteConnection::Mode;

Failure<StoreError> misuse(std::string message) { return {{StoreError::Kind::misuse, std::move(message)}}; }
Failure<StoreError> unavailable(std::string message) { return {{StoreError::Kind::unavailable, std::move(message)}}; }

WriteOutcome outcome_of(WriteOutcome::Kind kind, std::string message) {
  return {.kind = kind, .message = std::move(message), .server_time = base::wall_now()};
}

/// Of a write that was certainly not applied.
WriteOutcome outcome_of(const StoreError& error) {
  const bool useless = error.kind == StoreError::Kind::misuse;
  return outcome_of(useless ? WriteOutcome::Kind::misuse : WriteOutcome::Kind::not_applied, error.message);
}

std::string as_identifier(const std::string& name) {
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

StoreResult<void> check(const SqliteOptions& options) {
  if (options.path.empty()) return misuse("SqliteOptions::path is empty; name a file");
  if (options.path.find('\0') != std::string::npos) return misuse("SqliteOptions::path holds a NUL byte; name a file");
  if (options.table.empty()) return misuse("SqliteOptions::table is empty; use the application's name");
  if (options.table.find('\0') != std::string::npos) return misuse("SqliteOptions::table holds a NUL byte");
  if (base::lower_case(options.table).starts_with("sqlite_")) {
    return misuse("SqliteOptions::table is " + options.table +
                  ", but SQLite keeps names with sqlite_ to itself; use another");
  }
  if (options.key_attribute.empty()) return misuse("SqliteOptions::key_attribute is empty; \"leaseKey\" is usual");
  return {};
}

}  // namespace

SqliteItemStore::SqliteItemStore(SqliteOptions options)
    : options_(std::move(options)), table_(as_identifier(options_.table)) {}

// --- connecting ---

StoreResult<void> SqliteItemStore::open() {
  const Turn turn(turn_);
  if (!FileIdentity::of(options_.path)) return SqliteConnection::check_path(options_.path);
  return connect(Mode::existing, Patience(options_.busy_timeout, {}));
}

StoreResult<SqliteItemStore::Turn> SqliteItemStore::begin(const Call& call, Mode mode) {
  Patience patience(call.timeout, call.stop);
  Turn turn(turn_, std::try_to_lock);
  while (!turn.owns_lock()) {
    constexpr milliseconds kSlice(10);  // how soon a request to stop is noticed
    const milliseconds wait = patience.spend(kSlice);
    if (wait <= milliseconds(0)) {
      return unavailable(options_.path + " is in use by other threads of this process for longer than " +
                         std::to_string(call.timeout.count()) +
                         " ms; the disk is slow or another process holds its lock");
    }
    static_cast<void>(turn.try_lock_for(wait));
  }
  patience.limit(options_.busy_timeout);
  if (connection_ && !connection_->is_ours()) {
    return misuse(options_.path + " was opened before this process was forked; open the store again in the child");
  }
  const auto file = FileIdentity::of(options_.path);
  if (file_ && file != file_) {
    return misuse(options_.path + (file ? " was replaced by another file" : " was deleted") +
                  " while in use; put the file back, or restart all workers that use it");
  }
  if (connection_) {
    connection_->set_patience(std::move(patience));
    return turn;
  }
  if (!file && mode == Mode::existing) return Failure{no_table()};
  if (auto connected = connect(mode, std::move(patience)); !connected) return Failure{std::move(connected).error()};
  return turn;
}

StoreResult<void> SqliteItemStore::connect(Mode mode, Patience patience) {
  auto opened = SqliteConnection::open(options_.path, mode, std::move(patience));
  if (!opened) return Failure{std::move(opened).error()};
  if (file_ && (*opened)->file() != *file_) {
    return misuse(options_.path + " was replaced by another file while in use; restart all workers that use it");
  }
  connection_ = *std::move(opened);
  file_ = connection_->file();
  return {};
}

// --- the table ---

StoreResult<void> SqliteItemStore::ensure(CreateTable create, const Call& call) {
  const auto turn = begin(call, create == CreateTable::if_missing ? Mode::create : Mode::existing);
  if (!turn) return Failure{turn.error()};
  auto exists = table_exists();
  if (!exists) return Failure{std::move(exists).error()};
  if (!*exists && create == CreateTable::never) return Failure{no_table()};
  if (!*exists) {
    if (auto made = make_table(); !made) {
      connection_.reset();  // closing rolls back
      return made;
    }
  }
  // One row tells whether the table is kept by the same key attribute.
  Statement any(*connection_, "SELECT key, item FROM " + table_ + " LIMIT 1");
  const int code = any.step();
  if (code == SQLITE_DONE) return {};
  if (code != SQLITE_ROW) return Failure{error(code)};
  if (auto row = decode(any.text(0), any.text(1)); !row) return Failure{std::move(row).error()};
  return {};
}

StoreResult<bool> SqliteItemStore::table_exists() {
  Statement tables(*connection_, "SELECT name FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE");
  const int code = tables.bind(options_.table).step();
  if (code == SQLITE_DONE) return false;
  if (code != SQLITE_ROW) return Failure{connection_->error(code)};
  if (tables.text(0) == options_.table) return true;
  return misuse(options_.path + " has a table " + tables.text(0) + ", which SQLite does not tell from " +
                options_.table + "; choose a name that differs by more than case");
}

StoreResult<void> SqliteItemStore::make_table() {
  if (const int code = connection_->execute("BEGIN IMMEDIATE"); code != SQLITE_OK) return Failure{error(code)};
  // Again, now that nobody else can write: another program may have got hold of the empty file first.
  if (auto recognised = connection_->recognise(); !recognised) return recognised;
  const std::string sql =
      "CREATE TABLE IF NOT EXISTS " + table_ + " (key TEXT NOT NULL PRIMARY KEY, item TEXT NOT NULL) WITHOUT ROWID";
  int code = connection_->execute(sql.c_str());
  if (code == SQLITE_OK) code = connection_->mark_as_ours();
  if (code == SQLITE_OK) code = connection_->execute("COMMIT");
  if (code != SQLITE_OK) return Failure{error(code)};
  return {};
}

StoreError SqliteItemStore::no_table() const {
  std::error_code unknown;
  const bool no_file = !std::filesystem::exists(options_.path, unknown) && !unknown;
  return {StoreError::Kind::misuse,
          "table " + options_.table + " does not exist" + (no_file ? ": there is no file " : " in ") + options_.path +
              "; let kclpp create it (create_table = if_missing), or name the right file and table"};
}

StoreError SqliteItemStore::error(int code) {
  StoreError error = connection_->error(code);
  if (code != SQLITE_ERROR) return error;
  const auto exists = table_exists();
  return exists && !*exists ? no_table() : error;
}

// --- rows ---

StoreResult<Item> SqliteItemStore::decode(const std::string& key, const std::string& json) const {
  const std::string row = "row " + key + " of table " + options_.table + " in " + options_.path;
  auto item = wire::decode_item(json);
  if (!item) return misuse(row + " cannot be read: " + std::move(item).error() + "; correct or delete it");
  const auto found = item->find(options_.key_attribute);
  if (found == item->end() || found->second != AttributeValue(key)) {
    return misuse(row + " does not hold its key in attribute " + options_.key_attribute +
                  "; the table was written with another key attribute, or by hand");
  }
  return *std::move(item);
}

StoreResult<std::optional<Item>> SqliteItemStore::read(const std::string& key) {
  Statement select(*connection_, "SELECT item FROM " + table_ + " WHERE key = ?");
  const int code = select.bind(key).step();
  if (code == SQLITE_DONE) return std::optional<Item>();
  if (code != SQLITE_ROW) return Failure{error(code)};
  auto row = decode(key, select.text(0));
  if (!row) return Failure{std::move(row).error()};
  return std::optional<Item>(*std::move(row));
}

int SqliteItemStore::store(const std::string& key, const std::optional<Item>& row) {
  if (!row) return Statement(*connection_, "DELETE FROM " + table_ + " WHERE key = ?").bind(key).step();
  Statement upsert(*connection_, "INSERT INTO " + table_ +
                                     " (key, item) VALUES (?, ?) "
                                     "ON CONFLICT (key) DO UPDATE SET item = excluded.item");
  return upsert.bind(key).bind(wire::encode_item(*row)).step();
}

// --- reads ---

StoreResult<ReadItem> SqliteItemStore::get(const std::string& key, bool, const Call& call) {
  const auto turn = begin(call, Mode::existing);
  if (!turn) return Failure{turn.error()};
  auto row = read(key);
  if (!row) return Failure{std::move(row).error()};
  return ReadItem{*std::move(row), base::wall_now()};
}

StoreResult<ScanPage> SqliteItemStore::scan(const ScanRequest& request, const Call& call) {
  if (auto fault = fault_in(request); !fault.empty()) return misuse("scan of table " + options_.table + ": " + fault);
  const auto turn = begin(call, Mode::existing);
  if (!turn) return Failure{turn.error()};
  // One row more than a page tells whether there is a next one. A token is the last key looked at; no key is empty.
  Statement select(*connection_, "SELECT key, item FROM " + table_ + " WHERE key > ? ORDER BY key LIMIT ?");
  select.bind(request.page_token).bind(static_cast<std::int64_t>(kPageSize) + 1);
  ScanPage page;
  std::string last_key;
  int code = select.step();
  for (std::size_t seen = 0; code == SQLITE_ROW && seen < kPageSize; ++seen, code = select.step()) {
    last_key = select.text(0);
    if (memory_store::segment_of(last_key, request.total_segments) != request.segment) continue;
    auto row = decode(last_key, select.text(1));
    if (!row) return Failure{std::move(row).error()};
    page.rows.push_back(*std::move(row));
  }
  if (code != SQLITE_ROW && code != SQLITE_DONE) return Failure{error(code)};
  if (code == SQLITE_ROW) page.next_page_token = last_key;
  page.server_time = base::wall_now();
  return page;
}

// --- writes ---

WriteOutcome SqliteItemStore::create(const Item& row, const Call& call) {
  if (auto fault = fault_in(row, options_.key_attribute); !fault.empty()) {
    return outcome_of(WriteOutcome::Kind::misuse, "create in table " + options_.table + ": " + fault);
  }
  return write(memory_store::key_of(row, options_.key_attribute), call,
               [&](std::optional<Item> existing) { return memory_store::decide_create(row, std::move(existing)); });
}

WriteOutcome SqliteItemStore::update(const ItemUpdate& update, const Call& call) {
  if (auto fault = fault_in(update, options_.key_attribute); !fault.empty()) {
    return outcome_of(WriteOutcome::Kind::misuse, "update of row " + update.key + ": " + fault);
  }
  return write(update.key, call,
               [&](std::optional<Item> existing) { return memory_store::decide_update(update, std::move(existing)); });
}

WriteOutcome SqliteItemStore::remove(const std::string& key, const std::vector<Condition>& conditions,
                                     const Call& call) {
  if (auto fault = fault_in(key, conditions); !fault.empty()) {
    return outcome_of(WriteOutcome::Kind::misuse, "remove of row " + key + ": " + fault);
  }
  return write(key, call, [&](std::optional<Item> existing) {
    return memory_store::decide_removal(conditions, std::move(existing));
  });
}

WriteOutcome SqliteItemStore::write(const std::string& key, const Call& call, const Decide& decide) {
  const auto turn = begin(call, Mode::existing);
  if (!turn) return outcome_of(turn.error());
  if (const int code = connection_->execute("BEGIN IMMEDIATE"); code != SQLITE_OK) return abandon(error(code));
  auto existing = read(key);
  if (!existing) return abandon(existing.error());

  WriteOutcome outcome = decide(*std::move(existing));
  outcome.server_time = base::wall_now();
  if (outcome.kind != WriteOutcome::Kind::applied) {
    if (!connection_->roll_back()) connection_.reset();
    return outcome;
  }
  if (const int code = store(key, outcome.row); code != SQLITE_DONE) return abandon(error(code));
  return commit(std::move(outcome));
}

WriteOutcome SqliteItemStore::abandon(const StoreError& why) {
  if (!connection_->roll_back()) connection_.reset();
  return outcome_of(why);
}

WriteOutcome SqliteItemStore::commit(WriteOutcome outcome) {
  const int code = connection_->execute("COMMIT");
  if (code == SQLITE_OK) return outcome;
  const StoreError why = connection_->error(code);
  const bool rolled_back = connection_->roll_back();
  // SQLite commits by truncating the journal. Before that it may find a reader's lock (BUSY: the transaction stays
  // open, and a rollback ends it) or no space for the journal or a page (FULL: it has rolled back, and should that have
  // failed, the whole journal is still there for whoever opens the file next). Both are certain. Any I/O error may be
  // that of the truncation itself or of its sync, after which others see the write.
  const int kind = code & 0xFF;
  if (rolled_back && (kind == SQLITE_BUSY || kind == SQLITE_FULL)) return outcome_of(why);
  connection_.reset();
  return outcome_of(WriteOutcome::Kind::unknown, "the commit failed, and may have taken effect: " + why.message);
}

namespace {

enum class IfUnavailable : std::uint8_t { fail, go_on };

StoreResult<std::shared_ptr<ItemStore>> open_store(const SqliteOptions& options, IfUnavailable choice) {
  if (auto checked = check(options); !checked) return Failure{std::move(checked).error()};
  // Absolute, so that neither a later chdir() nor SQLite's own names (":memory:", "file:...") change what it means.
  std::error_code error;
  SqliteOptions absolute = options;
  absolute.path = std::filesystem::absolute(options.path, error).string();
  if (error) return misuse(options.path + " cannot be opened: the working directory is gone: " + error.message());
  auto store = std::make_shared<SqliteItemStore>(std::move(absolute));
  auto opened = store->open();
  const bool passes = !opened && opened.error().kind == StoreError::Kind::unavailable;
  if (!opened && !(passes && choice == IfUnavailable::go_on)) return Failure{std::move(opened).error()};
  return std::shared_ptr<ItemStore>(std::move(store));
}

}  // namespace

StoreResult<std::shared_ptr<ItemStore>> open_sqlite_item_store_now_or_later(const SqliteOptions& options) {
  return open_store(options, IfUnavailable::go_on);
}

}  // namespace kcl::stores

namespace kcl {

StoreResult<std::shared_ptr<ItemStore>> open_sqlite_item_store(const SqliteOptions& options) {
  return stores::open_store(options, stores::IfUnavailable::fail);
}

}  // namespace kcl
