// The lease stores that come with kclpp. Each passes kcl/testing/item_store_conformance.h.
//
// Which one: memory for tests and for programs that keep no checkpoints; SQLite for many workers on one host, in one
// process or several; a DynamoDB table for fleets.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <kcl/credentials.h>
#include <kcl/item_store.h>

namespace kcl {

/// An empty table in this process's memory. Nothing is stored: leases and checkpoints end with the last reference to
/// it. Workers that are given the same pointer share the table. Never answers `unknown` or `not_applied`.
///
/// `key_attribute` is the attribute that holds each row's key: "leaseKey" for the `kcl` row format, "ShardID" for
/// `vmware-go`.
std::shared_ptr<ItemStore> make_memory_item_store(std::string key_attribute = "leaseKey");

struct SqliteOptions {
  /// The database file. Its directory must exist; the file is created by `ensure(CreateTable::if_missing)` and only
  /// there, for its owner alone (mode 0600): workers of several users need a chmod. It must lie on a local file system:
  /// SQLite's locks cannot be relied on over NFS, SMB and their like.
  std::string path;
  /// One table per application; several applications may share a file. ASCII case does not tell tables apart.
  std::string table;
  /// The attribute that holds each row's key. All who open the table must name the same.
  std::string key_attribute = "leaseKey";
  /// How long one call waits while another process has the file locked; never longer than `Call::timeout`. After that a
  /// write is `not_applied` and a read `unavailable`. Keep it at or below a tenth of the failover time, so that
  /// renewals get several tries before a lease expires.
  std::chrono::milliseconds busy_timeout{1'000};
};

/// A table in an SQLite file, shared by any number of workers, threads and processes of one host. Rows are text that
/// people can read: `sqlite3 FILE 'select key, item from "TABLE"'` shows DynamoDB-JSON.
///
/// Durability: an `applied` write is on the disk (synchronous=FULL) and survives a crash of the process or the machine.
/// Beside the file lies its journal (FILE-journal), which belongs to it: never move or delete one without the other.
///
/// Outcomes. A lock that outlasts `busy_timeout` and a full disk: `not_applied`, and the same write may succeed later.
/// An I/O error while committing: `unknown`. A file that was replaced, deleted or damaged, a missing table, an invalid
/// request: `misuse`. A process that is stopped (SIGSTOP, a debugger) inside a write holds the file's lock until it
/// goes on or dies.
///
/// Threads: calls from several threads take turns; waiting for a turn counts against `Call::timeout`. A request of
/// `Call::stop` ends waiting. Processes: open the store after fork(); in a child, a store of the parent's answers
/// `misuse`.
///
/// Errors: `unavailable` when the file is locked just now or descriptors ran out (try again); `misuse` when `path`
/// cannot be a store of ours: no such directory, a directory, no permission, not a database, the file of another
/// application, written by a newer kclpp, on a network file system. A file or table that does not exist yet is no error
/// here; `ensure` decides.
StoreResult<std::shared_ptr<ItemStore>> open_sqlite_item_store(const SqliteOptions& options);

/// What is left empty is found as the AWS tools find it: environment variables and the shared AWS files, read by
/// make_dynamodb_item_store().
struct DynamoDbOptions {
  /// 3 to 255 of a-z, A-Z, 0-9, '_', '-' and '.'. One table per application.
  std::string table;
  /// The table's partition key, a string; there is no sort key. All who use the table must name the same.
  std::string key_attribute = "leaseKey";
  std::string region;
  std::string profile;
  /// An URL instead of the region's own: "http://127.0.0.1:4567".
  std::string endpoint;
  /// Null: default_credentials() of the profile.
  std::shared_ptr<CredentialsProvider> credentials;
};

/// A table in Amazon DynamoDB, shared by a fleet. `ensure(CreateTable::if_missing)` creates it on demand
/// (PAY_PER_REQUEST) and waits until it is ACTIVE; nothing else ever changes the table itself. Permissions:
/// dynamodb:DescribeTable, GetItem, PutItem, UpdateItem, DeleteItem, Scan, and CreateTable if that is to create it.
///
/// Outcomes. Sent, and then no answer, an answer that was cut short or damaged, a 5xx, or an answer that is not
/// DynamoDB's: `unknown`; such a write is never sent again. Throttled, or never sent (no connection, no credentials
/// just now): tried again until shortly before `Call::timeout`, at most four times in all, then `not_applied`. No such
/// table, denied, not a valid request: `misuse`. A refusal carries the row as it is wherever the service tells. Reads
/// are tried again likewise, and then `unavailable`. `server_time` is the service's Date, in whole seconds.
///
/// Threads: calls from several threads run at the same time; the store has threads of its own for connections and for
/// asking `credentials`. A request of `Call::stop` ends waiting at once: a write is then `unknown`, for it may be under
/// way. Destroying the store drops what is under way; it waits for a credentials provider that is being asked, and must
/// not happen on that provider's call. Processes: make the store after fork(); in a child, a store of the parent's
/// answers `misuse`.
///
/// Makes no call. Errors: `misuse` for a name, region, profile or endpoint that cannot be, or for none where one is
/// needed, and for shared AWS files that cannot be read; `unavailable` when no thread can be started.
StoreResult<std::shared_ptr<ItemStore>> make_dynamodb_item_store(const DynamoDbOptions& options);

}  // namespace kcl
