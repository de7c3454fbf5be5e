// From what the user configured, once it has been checked, to what the worker runs with.
#pragma once

#include <string>

#include <kcl/worker_config.h>

#include "engine/engine.h"
#include "metrics/registry.h"

namespace kcl::worker {

/// Fills in what was left out: the worker id, the log sink, a lease store for who has no application, CloudWatch's
/// namespace.
WorkerConfig completed(WorkerConfig config);

/// What the worker reads, in a few words: the stream, or the streams.
std::string streams_text(const WorkerConfig& config);

/// What all instruments of a worker are told by. Where it has several streams, those of a shard name theirs.
metrics::Labels instrument_labels(const WorkerConfig& config);

engine::EngineOptions engine_options(const WorkerConfig& config);

}  // namespace kcl::worker
