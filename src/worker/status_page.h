// What a worker says of itself: as JSON for programs, as a page for people. Pure.
#pragma once

#include <string>

#include <kcl/timestamp.h>
#include <kcl/worker.h>

namespace kcl::worker {

/// What does not change while a worker lives.
struct Identity {
  std::string application;
  std::string stream;
};

/// One object, on one line.
std::string status_json(const Identity& identity, const WorkerStatus& status, Timestamp now);

/// HTML that loads nothing else, and itself again every five seconds. Shards that stand still come first.
std::string status_page(const Identity& identity, const WorkerStatus& status, Timestamp now);

std::string_view name_of(WorkerState state);

}  // namespace kcl::worker
