#include "stores/sqlite_item_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "unit/stores/scratch.h"

namespace kcl {
namespace {

using scratch::options_for;
using scratch::ready_store;
using scratch::TempDirectory;
using Kind = WriteOutcome::Kind;
namespace fs = std::filesystem;

void execute(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  sqlite3_close(db);
}

std::string query(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  std::string answer;
  EXPECT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  const auto append = [](void* out, int columns, char** texts, char**) {
    for (int i = 0; i < columns; ++i)
      static_cast<std::string*>(out)->append(texts[i]).append(i + 1 < columns ? "|" : "\n");
    return 0;
  };
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), append, &answer, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  sqlite3_close(db);
  return answer;
}

WriteOutcome touch(ItemStore& store, const std::string& key = "k") {
  return store.update({key, {Action::add("n", Number::of(1))}, {}}, Call{});
}

/// Holds that opening fails for good, with a message that names `path` and says `what`.
void expect_refused(const SqliteOptions& options, const std::string& what) {
  const auto store = open_sqlite_item_store(options);
  ASSERT_FALSE(store) << what;
  EXPECT_EQ(store.error().kind, StoreError::Kind::misuse);
  EXPECT_NE(store.error().message.find(what), std::string::npos) << store.error().message;
  EXPECT_NE(store.error().message.find(options.path), std::string::npos) << store.error().message;
}

// --- opening ---

// Whoever may read a file can keep everyone from writing to it, with SQLite's own locks.
TEST(SqliteItemStore, ANewFileIsItsOwnersAlone) {
  const TempDirectory directory;
  const std::string path = directory.file("leases.db");
  const auto store = ready_store(options_for(path));
  using Perms = fs::perms;
  EXPECT_EQ(fs::status(path).permissions(), Perms::owner_read | Perms::owner_write);
}

TEST(SqliteOpen, AMissingDirectoryIsNamed) {
  const TempDirectory directory;
  expect_refused(options_for(directory.file("no/leases.db")),
                 "the directory " + directory.file("no") + " does not exist; create it");
  std::ofstream(directory.file("plain")) << "x";
  expect_refused(options_for(directory.file("plain/leases.db")), "is not a directory");
}

TEST(SqliteOpen, ADirectoryIsNoStore) {
  const TempDirectory directory;
  expect_refused(options_for(directory.path()), "is a directory; name a file in it");
}

TEST(SqliteOpen, OnlyRegularFilesAreStores) {
  const TempDirectory directory;
  ASSERT_EQ(::mkfifo(directory.file("fifo").c_str(), 0600), 0);
  expect_refused(options_for(directory.file("fifo")), "is not a regular file");
}

TEST(SqliteOpen, WhatCannotBeOpenedIsNamedWithItsCause) {
  const TempDirectory directory;
  fs::create_symlink("loop", directory.file("loop"));
  expect_refused(options_for(directory.file("loop")), "cannot be opened: Too many levels of symbolic links");
  expect_refused(options_for(directory.file(std::string(300, 'n'))), "cannot be opened: File name too long");
}

TEST(SqliteOpen, AFileThatIsNoDatabaseIsLeftAlone) {
  const TempDirectory directory;
  const std::string text(4096, 'x');
  std::ofstream(directory.file("text")) << text;
  expect_refused(options_for(directory.file("text")), "is not an SQLite database");
  EXPECT_EQ(fs::file_size(directory.file("text")), text.size());
}

TEST(SqliteOpen, ADatabaseOfAnotherApplicationIsLeftAlone) {
  const TempDirectory directory;
  const std::string path = directory.file("theirs.db");
  execute(path, "CREATE TABLE app (key TEXT PRIMARY KEY, item TEXT)");
  expect_refused(options_for(path), "is a database of another application");
  execute(path, "DROP TABLE app; PRAGMA application_id=7");
  expect_refused(options_for(path), "is a database of another application");
  EXPECT_EQ(query(path, "SELECT count(*) FROM sqlite_master"), "0\n");
}

TEST(SqliteOpen, AFileOfANewerVersionIsLeftAlone) {
  const TempDirectory directory;
  const std::string path = directory.file("leases.db");
  ready_store(options_for(path));
  execute(path, "PRAGMA user_version=2");
  expect_refused(options_for(path),
                 "has format version 2, written by a newer kclpp (this one knows 1); upgrade this worker");
}

TEST(SqliteOpen, ADamagedFileIsSaidToBe) {
  const TempDirectory directory;
  const std::string path = directory.file("leases.db");
  ready_store(options_for(path));
  fs::resize_file(path, fs::file_size(path) - 4096);
  const auto store = open_sqlite_item_store(options_for(path));
  const auto ensured = store ? (*store)->ensure(CreateTable::never, Call{}) : StoreResult<void>(Failure{store.error()});
  ASSERT_FALSE(ensured);
  EXPECT_EQ(ensured.error().kind, StoreError::Kind::misuse);
  EXPECT_NE(ensured.error().message.find("is damaged"), std::string::npos) << ensured.error().message;
}

TEST(SqliteOpen, OptionsThatCannotBeMeantAreMisuse) {
  const TempDirectory directory;
  const std::string path = directory.file("leases.db");
  for (const auto& options : std::vector<SqliteOptions>{{.path = "", .table = "app"},
                                                        {.path = path, .table = ""},
                                                        {.path = path, .table = "SQLite_x"},
                                                        {.path = path, .table = "app", .key_attribute = ""},
                                                        {.path = path, .table = std::string("a\0b", 3)}}) {
    const auto store = open_sqlite_item_store(options);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().kind, StoreError::Kind::misuse);
    EXPECT_NE(store.error().message.find("SqliteOptions::"), std::string::npos) << store.error().message;
  }
}

TEST(SqliteOpen, SqlitesOwnNamesArePlainNames) {
  const TempDirectory directory;
  const fs::path before = fs::current_path();
  fs::current_path(directory.path());
  for (const char* name : {":memory:", "file:leases.db?mode=memory"}) {
    const auto store = ready_store(options_for(name));
    fs::current_path(before);  // and the path is the one it was when opened
    EXPECT_EQ(store->create({{"leaseKey", "k"}}, Call{}).kind, Kind::applied);
    EXPECT_TRUE(fs::exists(directory.file(name))) << name;
    fs::current_path(directory.path());
  }
  fs::current_path(before);
}

TEST(SqliteOpen, NetworkFileSystemsAreKnown) {
  EXPECT_EQ(stores::network_file_system(0x6969), "NFS");
  EXPECT_EQ(stores::network_file_system(0xFF534D42), "CIFS");
  EXPECT_EQ(stores::network_file_system(0xFE534D42), "SMB2");
  EXPECT_EQ(stores::network_file_system(0x01021997), "9p");
  for (const std::uint64_t local : {0xEF53U, 0x58465342U, 0x9123683EU, 0x01021994U, 0x794C7630U, 0x65735546U}) {
    EXPECT_EQ(stores::network_file_system(local), "") << local;
  }
}

// --- tables ---

TEST(SqliteTable, NothingIsCreatedThatWasNotAskedFor) {
  const TempDirectory directory;
  const std::string path = directory.file("leases.db");
  const auto store = open_sqlite_item_store(options_for(path));
  ASSERT_TRUE(store);
  const auto ensured = (*store)->ensure(CreateTable::never, Call{});
  ASSERT_FALSE(ensured);
  EXPECT_EQ(ensured.error().kind, StoreError::Kind::misuse);
  EXPECT_NE(ensured.error().message.find("table app does not exist: there is no file " + path), std::string::npos)
      << ensured.error().message;
  EXPECT_EQ(touch(**store).kind, Kind::misuse);
  EXPECT_FALSE((*store)->get("k", true, Call{}));
  EXPECT_FALSE(fs::exists(path));
}

TEST(SqliteTable, AMissingTableIsMisuseOfEveryCall) {
  const TempDirectory directory;
  const std::string path = directory.file("leases.db");
  ready_store(options_for(path));
  const auto store = open_sqlite_item_store({.path = path, .table = "other"});
  ASSERT_TRUE(store) << store.error().message;
  const std::string message = "table other does not exist in " + path;
  EXPECT_NE((*store)->ensure(CreateTable::never, Call{}).error().message.find(message), std::string::npos);
  EXPECT_NE((*store)->get("k", true, Call{}).error().message.find(message), std::string::npos);
  EXPECT_NE((*store)->scan({}, Call{}).error().message.find(message), std::string::npos);
  for (const auto& outcome :
       {touch(**store), (*store)->create({{"leaseKey", "k"}}, Call{}), (*store)->remove("k", {}, Call{})}) {
    EXPECT_EQ(outcome.kind, Kind::misuse);
    EXPECT_NE(outcome.message.find(message), std::string::npos) << outcome.message;
  }
}

TEST(SqliteTable, ApplicationsShareAFileByTables) {
  const TempDirectory directory;
  const std::string path = directory.file("leases.db");
  const std::vector<std::string> tables{"a", "b-c.d", "quote\"d; DROP TABLE a; --", "\xC3\xBC", "select"};
  for (const auto& table : tables) {
    const auto store = ready_store({.path = path, .table = table});
    EXPECT_EQ(store->create({{"leaseKey", "k"}, {"of", table}}, Call{}).kind, Kind::applied) << table;
  }
  for (const auto& table : tables) {
    EXPECT_EQ(ready_store({.path = path, .table = table})->get("k", true, Call{}).value().row->at("of"),
              AttributeValue(table));
  }
}

TEST(SqliteTable, NamesThatDifferByCaseAloneAreNotMixedUp) {
  const TempDirectory directory;
  const std::string path = directory.file("leases.db");
  ready_store({.path = path, .table = "App"});
  const auto store = open_sqlite_item_store({.path = path, .table = "app"});
  ASSERT_TRUE(store);
  const auto ensured = (*store)->ensure(CreateTable::if_missing, Call{});
  ASSERT_FALSE(ensured);
  EXPECT_NE(ensured.error().message.find("has a table App"), std::string::npos) << ensured.error().message;
}

TEST(SqliteTable, AnotherKeyAttributeIsNoticed) {
  const TempDirectory directory;
  const std::string path = directory.file("leases.db");
  ready_store(options_for(path))->create({{"leaseKey", "k"}}, Call{});
  const auto store = open_sqlite_item_store({.path = path, .table = "app", .key_attribute = "ShardID"});
  ASSERT_TRUE(store);
  const auto ensured = (*store)->ensure(CreateTable::if_missing, Call{});
  ASSERT_FALSE(ensured);
  EXPECT_NE(ensured.error().message.find("attribute ShardID"), std::string::npos) << ensured.error().message;
}

TEST(SqliteTable, PeopleCanReadIt) {
  const TempDirectory directory;
  const std::string path = directory.file("leases.db");
  ready_store(options_for(path))->create({{"leaseKey", "shardId-0"}, {"leaseCounter", Number::of(7)}}, Call{});
  EXPECT_EQ(query(path, "SELECT key, item FROM app"),
            "shardId-0|{\"leaseCounter\":{\"N\":\"7\"},\"leaseKey\":{\"S\":\"shardId-0\"}}\n");
  EXPECT_EQ(query(path, "PRAGMA application_id"), std::to_string(0x6B636C70) + "\n");
  EXPECT_EQ(query(path, "PRAGMA user_version"), "1\n");
}

TEST(SqliteTable, ARowThatSomebodySpoiltIsNamed) {
  const TempDirectory directory;
  const std::string path = directory.file("leases.db");
  const auto store = ready_store(options_for(path));
  store->create({{"leaseKey", "k"}}, Call{});
  execute(path, "UPDATE app SET item = '{\"n\":7}'");
  const std::string message = "row k of table app in " + path + " cannot be read: attribute \"n\"";
  EXPECT_NE(store->get("k", true, Call{}).error().message.find(message), std::string::npos);
  EXPECT_NE(store->scan({}, Call{}).error().message.find(message), std::string::npos);
  EXPECT_EQ(touch(*store).kind, Kind::misuse);
  EXPECT_EQ(query(path, "SELECT item FROM app"), "{\"n\":7}\n");
}

TEST(SqliteTable, AScanHasPagesAndHoldsNoLockBetweenThem) {
  const TempDirectory directory;
  const std::string path = directory.file("leases.db");
  const auto store = ready_store(options_for(path));
  for (int i = 0; i < 250; ++i) store->create({{"leaseKey", "k" + std::to_string(1000 + i)}}, Call{});
  std::vector<std::size_t> pages;
  ScanRequest request;
  do {
    const auto page = store->scan(request, Call{});
    ASSERT_TRUE(page);
    pages.push_back(page->rows.size());
    request.page_token = page->next_page_token;
    execute(path, "BEGIN EXCLUSIVE; COMMIT");  // needs that nobody holds a lock
  } while (!request.page_token.empty());
  EXPECT_EQ(pages, (std::vector<std::size_t>{100, 100, 50}));
}

TEST(SqliteTable, AnswersCarryTheHostsClock) {
  const TempDirectory directory;
  const auto store = ready_store(options_for(directory.file("leases.db")));
  EXPECT_TRUE(store->create({{"leaseKey", "k"}}, Call{}).server_time);
  EXPECT_TRUE(touch(*store).server_time);
  EXPECT_NE(store->get("k", true, Call{}).value().server_time, Timestamp{});
  EXPECT_NE(store->scan({}, Call{}).value().server_time, Timestamp{});
}

// --- the file under our feet ---

void expect_file_fault(ItemStore& store, const std::string& what) {
  const auto outcome = touch(store);
  EXPECT_EQ(outcome.kind, Kind::misuse);
  EXPECT_NE(outcome.message.find(what), std::string::npos) << outcome.message;
  const auto read = store.get("k", true, Call{});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, StoreError::Kind::misuse);
  EXPECT_NE(read.error().message.find(what), std::string::npos) << read.error().message;
  EXPECT_FALSE(store.scan({}, Call{}));
  EXPECT_FALSE(store.ensure(CreateTable::if_missing, Call{}));
}

TEST(SqliteFile, ReplacedWhileOpenIsMisuse) {
  const TempDirectory directory;
  const std::string path = directory.file("leases.db");
  const auto store = ready_store(options_for(path));
  store->create({{"leaseKey", "k"}}, Call{});
  ready_store(options_for(directory.file("new.db")))->create({{"leaseKey", "k"}}, Call{});
  fs::rename(path, directory.file("old.db"));
  fs::rename(directory.file("new.db"), path);
  expect_file_fault(*store, path + " was replaced by another file while in use");
  EXPECT_EQ(query(path, "SELECT item FROM app"), "{\"leaseKey\":{\"S\":\"k\"}}\n");
  EXPECT_EQ(query(directory.file("old.db"), "SELECT item FROM app"), "{\"leaseKey\":{\"S\":\"k\"}}\n");

  fs::rename(directory.file("old.db"), path);  // put back
  EXPECT_EQ(touch(*store).kind, Kind::applied);
}

TEST(SqliteFile, DeletedWhileOpenIsMisuseAndIsNotMadeAnew) {
  const TempDirectory directory;
  const std::string path = directory.file("leases.db");
  const auto store = ready_store(options_for(path));
  store->create({{"leaseKey", "k"}}, Call{});
  fs::remove(path);
  expect_file_fault(*store, path + " was deleted while in use");
  EXPECT_FALSE(fs::exists(path));
}

TEST(SqliteFile, ALinkThatIsTurnedElsewhereIsNoticed) {
  const TempDirectory directory;
  for (const char* name : {"a.db", "b.db"}) ready_store(options_for(directory.file(name)));
  const std::string link = directory.file("leases.db");
  fs::create_symlink("a.db", link);
  const auto store = ready_store(options_for(link));
  store->create({{"leaseKey", "k"}}, Call{});
  fs::remove(link);
  fs::create_symlink("b.db", link);
  expect_file_fault(*store, link + " was replaced");
}

TEST(SqliteFile, DescriptorsAreNotInheritedByProgramsWeRun) {
  const TempDirectory directory;
  const std::string path = directory.file("leases.db");
  const auto store = ready_store(options_for(path));
  store->create({{"leaseKey", "k"}}, Call{});
  int ours = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    if (!fs::read_symlink(entry.path(), error).string().starts_with(path)) continue;
    ++ours;
    EXPECT_NE(::fcntl(std::stoi(entry.path().filename().string()), F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_GT(ours, 0);
}

TEST(SqliteFile, ASecondStoreInOneProcessSharesTheFile) {
  const TempDirectory directory;
  const std::string path = directory.file("leases.db");
  const auto first = ready_store(options_for(path));
  first->create({{"leaseKey", "k"}}, Call{});
  {
    const auto second = ready_store(options_for(path));
    EXPECT_EQ(touch(*second).kind, Kind::applied);
  }
  EXPECT_EQ(touch(*first).row, (Item{{"leaseKey", "k"}, {"n", Number::of(2)}}));
}

}  // namespace
}  // namespace kcl
