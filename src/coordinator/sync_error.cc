#include "coordinator/sync_error.h"

#include <utility>

namespace kcl::coordinator {

SyncError SyncError::transient(std::string message) { return {Kind::transient, std::move(message)}; }
SyncError SyncError::refused(std::string message) { return {Kind::refused, std::move(message)}; }
SyncError SyncError::conflict(std::string message) { return {Kind::conflict, std::move(message)}; }

SyncError SyncError::of(const KinesisError& error, const std::string& stream) {
  if (error.kind == KinesisError::Kind::not_found) {
    return refused("stream " + stream + " was not found: " + error.message + "; check its name, region and endpoint");
  }
  if (error.kind == KinesisError::Kind::denied) {
    return refused("stream " + stream + " may not be read: " + error.message);
  }
  const bool useless = error.kind == KinesisError::Kind::untrusted;
  return {useless ? Kind::refused : Kind::transient, "stream " + stream + ": " + error.message};
}

SyncError SyncError::of(const StoreError& error) {
  const bool misuse = error.kind == StoreError::Kind::misuse;
  return {misuse ? Kind::refused : Kind::transient, "leases: " + error.message};
}

}  // namespace kcl::coordinator
