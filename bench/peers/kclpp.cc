// kclpp as a program uses it: drops what it reads; a checkpoint every ten seconds and shard, which is its default.
#include <kcl/kcl.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <string>

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: bench_peer STREAM APPLICATION RECORDS\n", stderr);
    return 2;
  }
  const std::size_t records = std::stoull(argv[3]);
  std::atomic<std::size_t> seen = 0;
  const kcl::WorkerConfig config{
      .application = argv[2],
      .stream = argv[1],
      .initial_position = kcl::InitialPosition::trim_horizon(),
      .idle_read_interval = std::chrono::milliseconds(200),
  };
  return kcl::consume_batches(config, [&](const kcl::RecordBatch& batch) {
    const std::size_t before = seen.fetch_add(batch.size());
    if (before == 0) std::puts("first");
    if (before < records && before + batch.size() >= records) {
      std::puts("done");
      std::raise(SIGTERM);
    }
    std::fflush(stdout);
  });
}
