// A worker on many shards that bring 1.5 MB a second each, in KPL aggregates over TLS, on this machine: the CPU it
// takes once it runs, with one thread that speaks to Kinesis and with several; and how much it takes in at most. See
// scripts/bench.
#include <kcl/kcl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "child.h"
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

constexpr double kShardRate = 1.5e6;
constexpr std::size_t kRecordBytes = 1'000;
constexpr std::size_t kInAggregate = 40;
constexpr auto kTick = 50ms;

struct Load {
  std::size_t shards = 80;
  std::chrono::seconds warm_up{4};
  std::chrono::seconds time{15};
};

/// Puts at the rate of all shards together until it is ended.
class Producer {
 public:
  Producer(std::uint16_t port, std::size_t shards) : pid_(::fork()) {
    check(pid_ >= 0, "a process can be made");
    if (pid_ == 0) put_for_ever(port, shards);
  }
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;
  ~Producer() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  [[noreturn]] static void put_for_ever(std::uint16_t port, std::size_t shards) {
    Client client(port);
    const double each_tick = kShardRate * static_cast<double>(shards) * std::chrono::duration<double>(kTick).count();
    constexpr std::size_t kAtOnce = 100;
    std::vector<std::string> bodies;
    // Keys enough to reach every shard.
    for (std::size_t i = 0; i < 16; ++i) bodies.push_back(put_of(i, kAtOnce));
    double owed = 0;
    std::size_t next = 0;
    for (auto tick = Clock::now();; tick += kTick) {
      std::this_thread::sleep_until(tick);
      for (owed += each_tick; owed > 0; owed -= static_cast<double>(kAtOnce * kInAggregate * kRecordBytes)) {
        client.call(Protocol::cbor, "PutRecords", bodies[next++ % bodies.size()]);
      }
    }
  }

  static std::string put_of(std::size_t round, std::size_t aggregates) {
    std::vector<Put> puts;
    for (std::size_t i = 0; i < aggregates; ++i) {
      std::vector<kcl::kpl::Entry> entries;
      for (std::size_t j = 0; j < kInAggregate; ++j) {
        entries.push_back({.partition_key = "user-" + std::to_string(j % 16), .data = std::string(kRecordBytes, 'x')});
      }
      const std::string key = "aggregate " + std::to_string(round * aggregates + i);
      puts.push_back({.partition_key = key, .data = kcl::kpl::aggregate_of(entries), .hash_key = {}});
    }
    return put_body(Protocol::cbor, puts);
  }

  pid_t pid_;
};

class Counter final : public kcl::RecordProcessor {
 public:
  explicit Counter(std::atomic<std::size_t>& count) : count_(count) {}
  void process_records(const kcl::RecordBatch& batch, kcl::Checkpointer&) override { count_ += batch.size(); }

 private:
  std::atomic<std::size_t>& count_;
};

struct Measured {
  double cpu_seconds = 0;
  double gigabytes = 0;
  double seconds = 0;
};

Measured measure(const Place& place, const Load& load, std::chrono::milliseconds interval, std::size_t threads) {
  std::atomic<std::size_t> count = 0;
  kcl::WorkerConfig config = config_for(place);
  config.initial_position = kcl::InitialPosition::latest();
  config.min_read_interval = interval;
  kcl::Runtime runtime({.network_threads = threads});
  kcl::Worker worker(config, [&] { return std::make_unique<Counter>(count); }, runtime);
  worker.start();
  while (worker.status().shards.size() < load.shards) std::this_thread::sleep_for(20ms);
  std::this_thread::sleep_for(load.warm_up);
  const double cpu = cpu_seconds();
  const std::size_t before = count;
  const auto begin = Clock::now();
  std::this_thread::sleep_for(load.time);
  Measured measured;
  measured.cpu_seconds = cpu_seconds() - cpu;
  measured.gigabytes = static_cast<double>((count - before) * kRecordBytes) / 1e9;
  measured.seconds = seconds(Clock::now() - begin);
  worker.shutdown(10s);
  return measured;
}

void tell_steady(const Load& load, std::chrono::milliseconds interval, std::size_t threads) {
  const ServerProcess server(load.shards);
  const TlsFront front(server.port(), false);
  const Producer producer(server.port(), load.shards);
  const Place place{.url = front.url(), .certificate = front.certificate()};
  const Measured measured = in_a_child([&] { return measure(place, load, interval, threads); });
  const double cost = measured.cpu_seconds / measured.gigabytes;
  const std::string how = std::to_string(load.shards) + " shards, read every " + std::to_string(interval.count()) +
                          " ms, " + std::to_string(threads) + (threads == 1 ? " thread" : " threads");
  say(how, measured.gigabytes * 1e3 / measured.seconds, "MB/s");
  say(how, cost, "cpu_s/GB");
  say(how + ", cores for 600 MB/s", cost * 0.6, "cores");
}

}  // namespace

int main(int argc, char** argv) {
  Load load;
  if (wants_quick("steady", argc, argv)) load.time = 5s;
  if (!says_json()) {
    std::printf(
        "1.5 MB/s a shard, aggregates of %zu records of %zu B, TLS; server, nghttpx and producer in other "
        "processes; %u cores\n",
        kInAggregate, kRecordBytes, std::thread::hardware_concurrency());
  }
  for (const auto interval : {200ms, 1'000ms}) tell_steady(load, interval, 1);
  for (const std::size_t threads : {2, 4}) tell_steady(load, 200ms, threads);
}
