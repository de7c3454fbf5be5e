// One connection to one SQLite file of ours, opened, recognised and set up. Not thread-safe; not usable across fork().
//
// Why a rollback journal (TRUNCATE) and not WAL, decided 2026-11: with several processes on one file, WAL up to
// SQLite 3.51.2 can lose committed pages when two of them checkpoint and write at the same instant
// (sqlite.org/wal.html, "WAL-reset bug"; Debian 12 ships 3.40.1). A lease table writes little, so WAL's speed buys
// nothing. Why TRUNCATE and not DELETE: with synchronous=FULL the truncation that commits is synced, while a deletion
// is not (that needs EXTRA), and a journal that a power cut brings back would undo a commit that was answered: an epoch
// would go down.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include <sys/stat.h>
#include <sys/types.h>

#include <kcl/item_store.h>

struct sqlite3;
struct sqlite3_stmt;

namespace kcl::stores {

/// How long a call may still wait. It is spent by waiting, so no clock is read.
class Patience {
 public:
  Patience() = default;
  Patience(std::chrono::milliseconds total, std::stop_token stop) : left_(total), stop_(std::move(stop)) {}

  /// The next wait: `wanted`, or what is left of it. Zero when waiting is over, or nobody waits for the answer any
  /// more.
  std::chrono::milliseconds spend(std::chrono::milliseconds wanted);
  void limit(std::chrono::milliseconds most) { left_ = std::min(left_, most); }

 private:
  std::chrono::milliseconds left_{0};
  std::stop_token stop_;
};

/// Which file a path named at some moment. Found by stat(2), never by opening: to close any descriptor of a file drops
/// all POSIX locks that the process, and so SQLite, has on it.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;

  /// Follows symbolic links. Empty when nothing is there.
  static std::optional<FileIdentity> of(const std::string& path);
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

/// The name of a network file system, given statfs(2)'s f_type; empty for a local one. FUSE counts as local: it says
/// nothing of what is behind it.
std::string_view network_file_system(std::uint64_t magic);

class SqliteConnection {
 public:
  enum class Mode : std::uint8_t { existing, create };

  /// Whether a file of ours is or could be made at `path` (absolute), as far as the file system alone can tell.
  static StoreResult<void> check_path(const std::string& path);
  /// Errors name the path, the cause and the remedy.
  static StoreResult<std::unique_ptr<SqliteConnection>> open(const std::string& path, Mode mode, Patience patience);
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;
  /// In a child of fork() it leaks instead of closing: to close would be to roll back what the parent is writing.
  ~SqliteConnection();

  sqlite3* handle() const noexcept { return db_; }
  const FileIdentity& file() const noexcept { return file_; }
  /// Whether this process opened it.
  bool is_ours() const;

  /// What locks of other processes may still cost the current call.
  void set_patience(Patience patience) { patience_ = std::move(patience); }

  /// Runs statements without parameters or rows; returns SQLite's result code.
  int execute(const char* sql);
  /// Ends an open transaction, if there is one. False when even that failed: the connection must be closed.
  bool roll_back();
  /// The error of the call that just returned `code`.
  StoreError error(int code) const;

  /// Fails unless the file is empty or ours, in a format that we know. Consistent only inside a transaction.
  StoreResult<void> recognise();
  /// Marks an empty file as ours. Precondition: in a write transaction.
  int mark_as_ours();

 private:
  explicit SqliteConnection(std::string path) : path_(std::move(path)) {}
  StoreResult<void> set_up();
  static int on_busy(void* self, int tries);

  std::string path_;
  sqlite3* db_ = nullptr;
  FileIdentity file_;
  pid_t process_ = 0;
  Patience patience_;
};

/// One prepared statement. Errors of preparing and binding come out of step().
class Statement {
 public:
  Statement(const SqliteConnection& connection, const std::string& sql);
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  /// Binds the next parameter. The text is copied.
  Statement& bind(std::string_view text);
  Statement& bind(std::int64_t number);
  /// SQLITE_ROW, SQLITE_DONE or an error's code.
  int step();
  std::string text(int column) const;
  std::int64_t integer(int column) const;

 private:
  sqlite3_stmt* statement_ = nullptr;
  int code_ = 0;
  int bound_ = 0;
};

}  // namespace kcl::stores
