// A disk that fails, fills up, or loses power at the n-th change that SQLite makes: a VFS between SQLite and the real
// files. Changes are writes, truncations and syncs.
//
// Power cuts are modelled at their worst: of a file that forgets, everything since its last sync is gone; of the
// others, all is kept, and the change at which the power fails is half done.
#pragma once

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <new>
#include <string>
#include <vector>

namespace kcl::scratch {

/// While it lives, every file that SQLite opens in this process is on it. One at a time; single-threaded.
class FaultyDisk {
 public:
  enum class Fault { none, io_error, full, power_cut };
  struct Plan {
    Fault fault = Fault::none;
    /// Counts from 1.
    int at_change = 0;
    /// Whether the fault stays from then on; a disk that is full does.
    bool stays = false;
    /// What a power cut takes from the database and from the journal.
    bool database_forgets = false;
    bool journal_forgets = false;
  };

  FaultyDisk() : real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
    vfs_.zName = "faulty";
    vfs_.pAppData = this;
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    vfs_.xOpen = open;
    sqlite3_vfs_register(&vfs_, 1);
    current_ = this;
  }
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;
  ~FaultyDisk() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
    current_ = nullptr;
  }

  /// Starts counting changes anew.
  void arm(const Plan& plan) {
    plan_ = plan;
    changes_ = 0;
    log_.clear();
  }
  /// Whether the armed fault has happened.
  bool struck() const { return plan_.fault != Fault::none && changes_ >= plan_.at_change; }
  /// What was done since arm(): "write db", "truncate journal", "sync journal".
  const std::vector<std::string>& log() const { return log_; }

  /// Ends this process as a power cut would, and leaves the files as it would.
  [[noreturn]] void cut_power() {
    for (const auto& [path, synced] : synced_) {
      const bool forgets = is_journal(path) ? plan_.journal_forgets : plan_.database_forgets;
      if (forgets) std::ofstream(path, std::ios::binary | std::ios::trunc) << synced;
    }
    ::_exit(kPowerCut);
  }
  static constexpr int kPowerCut = 77;

 private:
  struct File {
    sqlite3_file base;
    /// The real file, in the memory behind this one.
    sqlite3_file* real;
    std::string* path;
  };

  static File* of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
  static sqlite3_file* real_of(sqlite3_file* file) { return of(file)->real; }
  static bool is_journal(const std::string& path) { return path.ends_with("-journal"); }
  static std::string read_all(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    File* const opened = of(file);
    opened->base.pMethods = nullptr;
    opened->real = reinterpret_cast<sqlite3_file*>(opened + 1);
    opened->path = nullptr;
    const int code = current_->real_->xOpen(current_->real_, name, opened->real, flags, out_flags);
    if (code != SQLITE_OK) return code;
    opened->path = new std::string(name == nullptr ? "" : name);
    opened->base.pMethods = &kMethods;
    current_->synced_.try_emplace(*opened->path, read_all(*opened->path));
    return SQLITE_OK;
  }

  /// Counts a change, and says what becomes of it: SQLITE_OK is to go on. `half` does half of it.
  template <class Half>
  int change(const File& file, const char* what, int io_error, bool takes_space, Half half) {
    log_.push_back(std::string(what) + (is_journal(*file.path) ? " journal" : " db"));
    ++changes_;
    const bool strikes = plan_.stays ? changes_ >= plan_.at_change : changes_ == plan_.at_change;
    if (!strikes || plan_.fault == Fault::none) return SQLITE_OK;
    if (plan_.fault == Fault::power_cut) {
      half();
      cut_power();
    }
    if (plan_.fault == Fault::io_error) return io_error;
    return takes_space ? SQLITE_FULL : SQLITE_OK;
  }

  static int close(sqlite3_file* file) {
    const int code = real_of(file)->pMethods->xClose(real_of(file));
    delete of(file)->path;
    return code;
  }
  static int read(sqlite3_file* file, void* out, int size, sqlite3_int64 at) {
    return real_of(file)->pMethods->xRead(real_of(file), out, size, at);
  }
  static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
    const auto do_write = [&](int bytes) { return real_of(file)->pMethods->xWrite(real_of(file), data, bytes, at); };
    const int code = current_->change(*of(file), "write", SQLITE_IOERR_WRITE, true, [&] { do_write(size / 2); });
    return code == SQLITE_OK ? do_write(size) : code;
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    const int code = current_->change(*of(file), "truncate", SQLITE_IOERR_TRUNCATE, false, [] {});
    return code == SQLITE_OK ? real_of(file)->pMethods->xTruncate(real_of(file), size) : code;
  }
  static int sync(sqlite3_file* file, int flags) {
    const int failed = current_->change(*of(file), "sync", SQLITE_IOERR_FSYNC, false, [] {});
    if (failed != SQLITE_OK) return failed;
    current_->synced_[*of(file)->path] = read_all(*of(file)->path);
    return real_of(file)->pMethods->xSync(real_of(file), flags);
  }
  static int file_size(sqlite3_file* file, sqlite3_int64* size) {
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
  }
  static int lock(sqlite3_file* file, int level) { return real_of(file)->pMethods->xLock(real_of(file), level); }
  static int unlock(sqlite3_file* file, int level) { return real_of(file)->pMethods->xUnlock(real_of(file), level); }
  static int is_reserved(sqlite3_file* file, int* out) {
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
  }
  static int control(sqlite3_file* file, int what, void* argument) {
    return real_of(file)->pMethods->xFileControl(real_of(file), what, argument);
  }
  static int sector_size(sqlite3_file* file) { return real_of(file)->pMethods->xSectorSize(real_of(file)); }
  /// None: nothing is atomic, and appended bytes may be garbage.
  static int characteristics(sqlite3_file*) { return 0; }

  static constexpr sqlite3_io_methods kMethods{
      1,       close,       read,    write,       truncate,        sync,    file_size, lock,
      unlock,  is_reserved, control, sector_size, characteristics, nullptr, nullptr,   nullptr,
      nullptr, nullptr,     nullptr};

  /// SQLite hands its callbacks a file, and xClose not even that file's VFS.
  static inline FaultyDisk* current_ = nullptr;

  sqlite3_vfs* real_;
  sqlite3_vfs vfs_;
  Plan plan_;
  int changes_ = 0;
  std::vector<std::string> log_;
  /// What each file is sure to hold.
  std::map<std::string, std::string> synced_;
};

}  // namespace kcl::scratch
