// Level 1 of the API: a stream in, a function per record.
#pragma once

#include <cstddef>
#include <functional>

#include <kcl/record.h>
#include <kcl/record_processor.h>
#include <kcl/worker_config.h>

namespace kcl {

struct ConsumeOptions {
  /// Handlers that run at once for one shard: 1 to 1,000. With more than 1 the order holds per partition key: the
  /// records of one key are handled one after the other, those of others beside them. After a failure only those
  /// records come again that were not handled. Unless config.max_outstanding_batches says more, four batches are under
  /// way at a time.
  std::size_t parallelism_per_shard = 1;
};

/// Calls `handler` for each record, in order per shard. It is called from several threads at once, one per shard: make
/// it thread-safe, or give a factory. Returning normally means that the record is done with; checkpoints are made by
/// themselves, of whole batches. When it throws, its batch comes again from its first record.
///
/// Blocks until SIGTERM or SIGINT (if config.handle_signals), or a failure, and then until no handler runs any more:
/// one that is stuck past config.shutdown_time keeps it, and a further signal does what it would do without kclpp.
/// Returns a process exit code: 0 after an orderly shutdown, 1 after a failure, which is also written to the log.
/// Throws ConfigError.
int consume(WorkerConfig config, std::function<void(const Record&)> handler, ConsumeOptions options = {});

/// The same, batch by batch.
int consume_batches(WorkerConfig config, std::function<void(const RecordBatch&)> handler);

/// One handler per shard and epoch: its calls are never concurrent, so it may keep state without locks.
using RecordHandlerFactory = std::function<std::function<void(const Record&)>(const ShardContext&)>;
int consume_each_shard(WorkerConfig config, RecordHandlerFactory factory);

}  // namespace kcl
