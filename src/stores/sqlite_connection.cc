#include "stores/sqlite_connection.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/text.h"

namespace kcl::stores {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

/// "kclp" in the file's header, so that file(1) and we can tell whose it is.
constexpr std::int64_t kApplicationId = 0x6B636C70;
constexpr std::int64_t kFormatVersion = 1;

Failure<StoreError> misuse(std::string message) { return {{StoreError::Kind::misuse, std::move(message)}}; }
Failure<StoreError> unavailable(std::string message) { return {{StoreError::Kind::unavailable, std::move(message)}}; }

/// Of errors of opening: out of descriptors, of memory, of space for the journal.
bool is_passing(int error_number) {
  static constexpr std::array kPassing{EMFILE, ENFILE, ENOMEM, ENOSPC, EDQUOT};
  return std::find(kPassing.begin(), kPassing.end(), error_number) != kPassing.end();
}

/// SQLite would let all users read a new file, and whoever may read it can keep everyone from writing. The journal has
/// the file's mode.
void create_private(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd >= 0) ::close(fd);
}

}  // namespace

milliseconds Patience::spend(milliseconds wanted) {
  if (stop_.stop_requested()) return milliseconds(0);
  const milliseconds wait = std::clamp(wanted, milliseconds(0), std::max(left_, milliseconds(0)));
  left_ -= wait;
  return wait;
}

std::optional<FileIdentity> FileIdentity::of(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return FileIdentity{info.st_dev, info.st_ino};
}

std::string_view network_file_system(std::uint64_t magic) {
  struct Known {
    std::uint64_t magic;
    std::string_view name;
  };
  // statfs(2) and linux/magic.h. 9p is how guests see folders of their host, whose other users our locks do not reach.
  static constexpr std::array kKnown{
      Known{0x6969, "NFS"},        Known{0xFF534D42, "CIFS"}, Known{0xFE534D42, "SMB2"},   Known{0x517B, "SMB"},
      Known{0x01021997, "9p"},     Known{0x5346414F, "AFS"},  Known{0x6B414653, "AFS"},    Known{0x73757245, "Coda"},
      Known{0x00C36400, "Ceph"},   Known{0x564C, "NCP"},      Known{0x0BD00BD0, "Lustre"}, Known{0x47504653, "GPFS"},
      Known{0x786F4256, "vboxsf"}, Known{0x01161970, "GFS2"}, Known{0x7461636F, "OCFS2"},
  };
  const auto found =
      std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& known) { return known.magic == magic; });
  return found == kKnown.end() ? std::string_view() : found->name;
}

StoreResult<void> SqliteConnection::check_path(const std::string& path) {
  std::error_code error;
  const fs::path directory = fs::path(path).parent_path();
  const fs::file_status parent = fs::status(directory, error);
  if (!fs::exists(parent)) {
    return misuse(path + " cannot be opened: the directory " + directory.string() + " does not exist; create it");
  }
  if (!fs::is_directory(parent))
    return misuse(path + " cannot be opened: " + directory.string() + " is not a directory");
  const fs::file_status file = fs::status(path, error);
  if (file.type() == fs::file_type::none) return misuse(path + " cannot be opened: " + error.message());
  if (fs::is_directory(file)) return misuse(path + " is a directory; name a file in it");
  if (fs::exists(file) && !fs::is_regular_file(file))
    return misuse(path + " is not a regular file; name one, or a new one");

  struct statfs info{};
  if (::statfs(directory.c_str(), &info) != 0) {
    return misuse(path + " cannot be opened: statfs of " + directory.string() + ": " + base::error_text(errno));
  }
  // f_type is signed and sign-extends on some machines; the magics have 32 bits.
  if (const auto name = network_file_system(static_cast<std::uint32_t>(info.f_type)); !name.empty()) {
    return misuse(
        path + " is on a network file system (" + std::string(name) +
        "), where SQLite's locks are not reliable and leases could be held twice; use a local disk, or DynamoDB for "
        "workers on several hosts");
  }
  return {};
}

StoreResult<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::string& path, Mode mode,
                                                                      Patience patience) {
  if (auto checked = check_path(path); !checked) return Failure{std::move(checked).error()};
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(path));
  connection->process_ = ::getpid();
  connection->patience_ = std::move(patience);
  // Whatever it cannot do, SQLite tells.
  if (mode == Mode::create) create_private(path);
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                    (mode == Mode::create ? SQLITE_OPEN_CREATE : 0);
  if (const int code = sqlite3_open_v2(path.c_str(), &connection->db_, flags, nullptr); code != SQLITE_OK) {
    return Failure{connection->error(code)};
  }
  if (auto ready = connection->set_up(); !ready) return Failure{std::move(ready).error()};
  return connection;
}

StoreResult<void> SqliteConnection::set_up() {
  sqlite3_extended_result_codes(db_, 1);
  sqlite3_busy_handler(db_, on_busy, this);
  // SQLite falls back to read-only by itself where writing is not permitted.
  if (sqlite3_db_readonly(db_, "main") == 1) {
    return misuse(path_ + " cannot be written: grant this user write permission on the file and its directory");
  }
  const auto file = FileIdentity::of(path_);
  int moved = 1;
  sqlite3_file_control(db_, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  if (!file || moved != 0) return unavailable(path_ + " was replaced while it was being opened; try again");
  file_ = *file;

  if (const int code = execute("BEGIN"); code != SQLITE_OK) return Failure{error(code)};
  auto recognised = recognise();
  roll_back();
  if (!recognised) return recognised;

  Statement journal(*this, "PRAGMA journal_mode=TRUNCATE");
  if (const int code = journal.step(); code != SQLITE_ROW) return Failure{error(code)};
  if (journal.text(0) != "truncate") {
    return unavailable(
        path_ + " has been put into journal mode " + journal.text(0) +
        " and is open elsewhere, so it cannot be put back into a rollback journal; close the other programs");
  }
  if (const int code = execute("PRAGMA synchronous=FULL"); code != SQLITE_OK) return Failure{error(code)};
  return {};
}

SqliteConnection::~SqliteConnection() {
  if (is_ours()) sqlite3_close_v2(db_);
}

bool SqliteConnection::is_ours() const { return process_ == ::getpid(); }

int SqliteConnection::on_busy(void* self, int tries) {
  // Short first: a lease write takes about a millisecond. Then a steady beat, since SQLite's locks have no queue.
  const milliseconds wanted(tries < 4 ? 1 << tries : 16);
  const milliseconds wait = static_cast<SqliteConnection*>(self)->patience_.spend(wanted);
  if (wait <= milliseconds(0)) return 0;
  sqlite3_sleep(static_cast<int>(wait.count()));
  return 1;
}

int SqliteConnection::execute(const char* sql) { return sqlite3_exec(db_, sql, nullptr, nullptr, nullptr); }

bool SqliteConnection::roll_back() {
  if (sqlite3_get_autocommit(db_) == 0) execute("ROLLBACK");
  return sqlite3_get_autocommit(db_) != 0;
}

StoreError SqliteConnection::error(int code) const {
  const int system = sqlite3_system_errno(db_);
  const std::string cause = system == 0 ? "" : " (" + base::error_text(system) + ")";
  const auto because = [&](StoreError::Kind kind, const std::string& what) {
    return StoreError{kind, path_ + " " + what};
  };
  constexpr auto kMisuse = StoreError::Kind::misuse;
  constexpr auto kUnavailable = StoreError::Kind::unavailable;

  if (code == SQLITE_READONLY_DBMOVED)
    return because(kMisuse, "was replaced or deleted while in use; restart the worker");
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return because(kUnavailable,
                     "is locked by another process for longer than we may wait; if this lasts, look for a "
                     "stopped process or an open sqlite3 shell with: fuser -v " +
                         path_);
    case SQLITE_FULL:
      return because(kUnavailable, "cannot grow: the disk is full; free some space");
    case SQLITE_IOERR:
      return because(kUnavailable, "had an input/output error" + cause + ", SQLite code " + std::to_string(code) +
                                       "; check the disk, its quota and the kernel's log");
    case SQLITE_NOMEM:
      return because(kUnavailable, "could not be used: out of memory");
    case SQLITE_NOTADB:
      return because(kMisuse, "is not an SQLite database; name another file");
    case SQLITE_CORRUPT:
      return because(kMisuse, "is damaged; stop all workers and restore it, or delete it to start anew");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return because(kMisuse, "cannot be written; grant this user write permission on it and its directory");
    case SQLITE_CANTOPEN:
      return because(is_passing(system) ? kUnavailable : kMisuse,
                     "cannot be opened" + cause + "; check the path, the permissions and the limit of open files");
    default:
      return because(kMisuse, "was refused by SQLite: " + std::string(sqlite3_errmsg(db_)));
  }
}

StoreResult<void> SqliteConnection::recognise() {
  Statement header(
      *this,
      "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version), "
      "(SELECT count(*) FROM sqlite_master)");
  if (const int code = header.step(); code != SQLITE_ROW) return Failure{error(code)};
  const std::int64_t application = header.integer(0);
  const std::int64_t version = header.integer(1);
  const bool is_empty = application == 0 && version == 0 && header.integer(2) == 0;
  if (application != kApplicationId && !is_empty) {
    return misuse(path_ + " is a database of another application; name another file");
  }
  if (version > kFormatVersion) {
    return misuse(path_ + " has format version " + std::to_string(version) +
                  ", written by a newer kclpp (this one knows " + std::to_string(kFormatVersion) +
                  "); upgrade this worker");
  }
  return {};
}

int SqliteConnection::mark_as_ours() {
  const std::string sql = "PRAGMA application_id=" + std::to_string(kApplicationId) +
                          ";PRAGMA user_version=" + std::to_string(kFormatVersion);
  return execute(sql.c_str());
}

Statement::Statement(const SqliteConnection& connection, const std::string& sql) {
  code_ = sqlite3_prepare_v2(connection.handle(), sql.data(), static_cast<int>(sql.size()), &statement_, nullptr);
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(std::string_view text) {
  // A null pointer would bind NULL.
  const char* const data = text.data() == nullptr ? "" : text.data();
  // SQLITE_TRANSIENT without its old-style cast: SQLite takes a copy.
  // NOLINTNEXTLINE(performance-no-int-to-ptr): SQLite's own mark, never followed.
  const auto transient = reinterpret_cast<sqlite3_destructor_type>(-1);
  if (code_ == SQLITE_OK) code_ = sqlite3_bind_text64(statement_, ++bound_, data, text.size(), transient, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(std::int64_t number) {
  if (code_ == SQLITE_OK) code_ = sqlite3_bind_int64(statement_, ++bound_, number);
  return *this;
}

int Statement::step() { return code_ == SQLITE_OK ? sqlite3_step(statement_) : code_; }

std::string Statement::text(int column) const {
  const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (text == nullptr) return "";
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }

}  // namespace kcl::stores
