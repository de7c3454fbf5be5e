// Much at once, on this machine: 400 shards of KPL aggregates over TLS through four processes that share them by leases
// in SQLite. One is killed on the way, and the others catch up. See scripts/bench.
#include <kcl/item_stores.h>
#include <kcl/kcl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "consuming.h"
#include "figures.h"
#include "kinesis_socket.h"
#include "kpl/aggregate_writer.h"
#include "server_process.h"
#include "tls_front.h"

namespace {

using namespace std::chrono_literals;
using namespace kcl::bench;
using kcl::base::check;

constexpr std::size_t kShards = 400;
constexpr std::size_t kWorkers = 4;
constexpr std::size_t kRecordBytes = 1'000;
constexpr std::size_t kInAggregate = 40;
constexpr std::size_t kAggregatesAtOnce = 100;
constexpr std::size_t kDigits = 10;
/// Nothing new for so long: nothing will come.
constexpr auto kPatience = 60s;

/// What all processes count in.
struct Tally {
  std::atomic<std::size_t> delivered = 0;
  std::atomic<std::size_t> distinct = 0;

  /// Behind it: one for each user record.
  std::atomic<std::uint8_t>* seen() { return reinterpret_cast<std::atomic<std::uint8_t>*>(this + 1); }
};

Tally& shared_tally(std::size_t records) {
  void* memory = ::mmap(nullptr, sizeof(Tally) + records, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  check(memory != MAP_FAILED, "memory can be shared");
  return *new (memory) Tally();
}

/// Each user record begins with its number.
void fill_with_aggregates(std::uint16_t port, std::size_t records) {
  Client client(port);
  std::size_t number = 0;
  while (number < records) {
    std::vector<Put> puts;
    while (puts.size() < kAggregatesAtOnce && number < records) {
      std::vector<kcl::kpl::Entry> entries;
      for (; entries.size() < kInAggregate && number < records; ++number) {
        std::string data = std::to_string(number);
        data.insert(0, kDigits - data.size(), '0');
        data.resize(kRecordBytes, 'x');
        entries.push_back({.partition_key = "user-" + std::to_string(number % 16), .data = std::move(data)});
      }
      puts.push_back({.partition_key = "aggregate " + std::to_string(number),
                      .data = kcl::kpl::aggregate_of(entries),
                      .hash_key = {}});
    }
    client.call(Protocol::cbor, "PutRecords", put_body(Protocol::cbor, puts));
  }
}

[[noreturn]] void work(const Place& place, const std::string& file, std::size_t records, Tally& tally) {
  kcl::WorkerConfig config = config_for(place);
  config.application = "firehose";
  config.lease_store = *kcl::open_sqlite_item_store({.path = file, .table = "firehose"});
  config.handle_signals = true;
  const int code = kcl::consume_batches(config, [&](const kcl::RecordBatch& batch) {
    std::size_t fresh = 0;
    for (const kcl::Record& record : batch) {
      std::size_t number = records;
      std::from_chars(record.text().data(), record.text().data() + kDigits, number);
      check(number < records, "only what was put comes");
      fresh += tally.seen()[number].exchange(1) == 0 ? 1 : 0;
    }
    tally.delivered += batch.size();
    tally.distinct += fresh;
  });
  std::_Exit(code);
}

/// True once so many user records have come; false when nothing comes any more.
bool wait_for(const Tally& tally, std::size_t records) {
  std::size_t last = 0;
  auto since = Clock::now();
  while (tally.distinct < records) {
    if (tally.distinct != last) {
      last = tally.distinct;
      since = Clock::now();
    }
    if (Clock::now() - since > kPatience) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t records = wants_quick("firehose", argc, argv) ? 100'000 : 800'000;
  if (!says_json()) {
    std::printf("%zu shards, aggregates of %zu records of %zu B, TLS, %zu processes, one killed; %u cores\n", kShards,
                kInAggregate, kRecordBytes, kWorkers, std::thread::hardware_concurrency());
  }
  const ServerProcess server(kShards);
  const TlsFront front(server.port(), false);
  fill_with_aggregates(server.port(), records);
  const Place place{.url = front.url(), .certificate = front.certificate()};
  const std::string file = std::filesystem::path(front.certificate()).parent_path() / "leases.db";
  Tally& tally = shared_tally(records);

  const auto begin = Clock::now();
  std::array<pid_t, kWorkers> workers{};
  for (pid_t& pid : workers) {
    pid = ::fork();
    check(pid >= 0, "a process can be made");
    if (pid == 0) work(place, file, records, tally);
  }
  check(wait_for(tally, records / 3), "a third of the records comes");
  ::kill(workers[0], SIGKILL);
  const auto killed = Clock::now();
  const bool all = wait_for(tally, records);
  const auto end = Clock::now();
  for (const pid_t pid : workers) ::kill(pid, SIGTERM);
  for (const pid_t pid : workers) ::waitpid(pid, nullptr, 0);

  const double gigabytes = static_cast<double>(tally.delivered * kRecordBytes) / 1e9;
  say("lost", static_cast<double>(records - tally.distinct), "records");
  say("delivered again after the kill", static_cast<double>(tally.delivered - tally.distinct), "records");
  say("all workers together", cpu_seconds_of_ended_children() / gigabytes, "cpu_s/GB");
  say("cores for 600 MB/s", cpu_seconds_of_ended_children() / gigabytes * 0.6, "cores");
  say("speed, the kill's silence included", gigabytes * 1e3 / seconds(end - begin), "MB/s");
  say("from the kill to the last record", seconds(end - killed), "s");
  return all ? 0 : 1;
}
