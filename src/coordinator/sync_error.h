// Why shards and leases could not be brought in step.
#pragma once

#include <cstdint>
#include <string>

#include <kcl/item_store.h>
#include <kcl/kinesis.h>
#include <kcl/result.h>

namespace kcl::coordinator {

struct SyncError {
  /// Trying again cannot help: a person must change something.
  enum class Kind : std::uint8_t {
    transient,  ///< trying again may help
    refused,    ///< not found, denied, not trusted, no such table: somebody has to see to it, or it passes
    conflict,   ///< the table and the stream do not belong together: going on would do harm
  };
  Kind kind = Kind::transient;
  std::string message;

  static SyncError transient(std::string message);
  static SyncError refused(std::string message);
  static SyncError conflict(std::string message);
  static SyncError of(const KinesisError& error, const std::string& stream);
  static SyncError of(const StoreError& error);
};
template <class T>
using SyncResult = Result<T, SyncError>;

}  // namespace kcl::coordinator
