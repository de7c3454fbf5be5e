// The ItemStore over one table of an SQLite file: (key TEXT PRIMARY KEY, item TEXT), the item as DynamoDB-JSON.
//
// A write is one BEGIN IMMEDIATE transaction (read, compare, write, commit), so writers of all processes take turns. A
// read is one statement, and so is each page of a scan: no lock outlives a call. One connection, whose users take turns
// on a timed mutex.
//
// The connection is made when it is first needed and dropped when it can no longer be trusted: after a COMMIT whose
// fate is unknown, so that the next call lets SQLite replay the journal and see the truth. The path must then still
// name the same file.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <kcl/item_store.h>
#include <kcl/item_stores.h>

#include "stores/sqlite_connection.h"

namespace kcl::stores {

class SqliteItemStore final : public ItemStore {
 public:
  /// How many rows a page of a scan looks at.
  static constexpr std::size_t kPageSize = 100;

  /// Precondition: `options.path` is absolute.
  explicit SqliteItemStore(SqliteOptions options);

  /// Opens the file if it is there: open_sqlite_item_store()'s errors. A missing file is none.
  StoreResult<void> open();

  StoreResult<void> ensure(CreateTable create, const Call& call) override;
  StoreResult<ReadItem> get(const std::string& key, bool consistent, const Call& call) override;
  WriteOutcome create(const Item& row, const Call& call) override;
  WriteOutcome update(const ItemUpdate& update, const Call& call) override;
  WriteOutcome remove(const std::string& key, const std::vector<Condition>& conditions, const Call& call) override;
  StoreResult<ScanPage> scan(const ScanRequest& request, const Call& call) override;

 private:
  using Turn = std::unique_lock<std::timed_mutex>;
  using Decide = std::function<WriteOutcome(std::optional<Item> existing)>;

  /// Waits for this thread's turn and for a connection to the right file. The connection is set when it succeeds.
  StoreResult<Turn> begin(const Call& call, SqliteConnection::Mode mode);
  StoreResult<void> connect(SqliteConnection::Mode mode, Patience patience);

  WriteOutcome write(const std::string& key, const Call& call, const Decide& decide);
  WriteOutcome commit(WriteOutcome outcome);
  /// Gives the transaction up and says why. Nothing of it can ever be applied: COMMIT was not sent.
  WriteOutcome abandon(const StoreError& why);

  StoreResult<std::optional<Item>> read(const std::string& key);
  int store(const std::string& key, const std::optional<Item>& row);
  StoreResult<Item> decode(const std::string& key, const std::string& json) const;
  StoreResult<bool> table_exists();
  StoreResult<void> make_table();
  /// The error of the statement that just returned `code`; names the table when that is what is missing.
  StoreError error(int code);
  StoreError no_table() const;

  const SqliteOptions options_;
  /// The table's name as an SQL identifier.
  const std::string table_;
  std::timed_mutex turn_;
  /// Guarded by `turn_`, as is `file_`.
  std::unique_ptr<SqliteConnection> connection_;
  /// The file this store was first connected to; it never goes on with another.
  std::optional<FileIdentity> file_;
};

/// As kcl::open_sqlite_item_store(), but what may pass, a lock above all, is no error: the calls will meet it, and
/// whoever makes them tries again.
StoreResult<std::shared_ptr<ItemStore>> open_sqlite_item_store_now_or_later(const SqliteOptions& options);

}  // namespace kcl::stores
