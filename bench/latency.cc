// From a put to process_records, on this machine: by polling once a second and four times, and by fan-out; and by
// fan-out while much more comes. And what of it is the worker's own: from when the server's answer is on the worker's
// socket. Each record carries the time of its put and its number. See scripts/bench.
#include <kcl/kcl.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/check.h"
#include "child.h"
#include "consuming.h"
#include "figures.h"
#include "kinesis_socket.h"
#include "server_process.h"
#include "socket_tap.h"

namespace {

using namespace std::chrono_literals;
using namespace kcl::bench;
using kcl::base::check;

constexpr std::size_t kShards = 4;
constexpr std::size_t kStampDigits = 20;

std::int64_t now() { return Clock::now().time_since_epoch().count(); }

/// Records numbered from `first`, with the time of their put.
std::vector<Put> stamped(std::size_t first, std::size_t records, std::size_t bytes) {
  std::string stamp = std::to_string(now());
  stamp.insert(0, kStampDigits - stamp.size(), '0');
  stamp.resize(bytes - SocketTap::kMarkBytes, 'x');
  std::vector<Put> puts;
  for (std::size_t number = first; number < first + records; ++number) {
    std::string key = "key " + std::to_string(number);
    puts.push_back({.partition_key = std::move(key), .data = stamp + SocketTap::mark(number), .hash_key = {}});
  }
  return puts;
}

std::int64_t put_time(std::string_view data) {
  std::int64_t put = 0;
  std::from_chars(data.data(), data.data() + kStampDigits, put);
  return put;
}

/// In milliseconds.
class Latencies {
 public:
  /// Of all records of a batch, or of its last alone: what an answer brings cannot be looked at before its end.
  void add(const kcl::RecordBatch& batch, const SocketTap* tap, bool last_alone) {
    const std::int64_t called = now();
    const std::lock_guard lock(mutex_);
    count_ += batch.size();
    for (std::size_t i = last_alone ? batch.size() - 1 : 0; i < batch.size(); ++i) {
      const std::string_view data = batch[i].text();
      const std::int64_t since = tap == nullptr ? put_time(data) : tap->written(SocketTap::number_of(data));
      check(since != 0, "what comes was seen on the socket");
      all_.push_back(static_cast<double>(called - since) * 1e-6);
    }
  }
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    all_.clear();
    count_ = 0;
  }
  std::vector<double> sorted() const {
    const std::lock_guard lock(mutex_);
    std::vector<double> values = all_;
    std::ranges::sort(values);
    return values;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<double> all_;
  /// Records that came.
  std::size_t count_ = 0;
};

class Stopwatch final : public kcl::RecordProcessor {
 public:
  Stopwatch(Latencies& latencies, const SocketTap* tap, bool last_alone)
      : latencies_(latencies), tap_(tap), last_alone_(last_alone) {}
  void process_records(const kcl::RecordBatch& batch, kcl::Checkpointer&) override {
    if (batch.size() != 0) latencies_.add(batch, tap_, last_alone_);
  }

 private:
  Latencies& latencies_;
  const SocketTap* tap_;
  bool last_alone_;
};

struct Load {
  std::size_t records = 10;
  std::size_t record_bytes = 100;
  std::chrono::milliseconds every{10};
  std::chrono::seconds time{15};
};

enum class From : std::uint8_t { put, socket };

struct Percentiles {
  double p50 = 0;
  double p99 = 0;
  double most = 0;
  /// MB of records a second.
  double rate = 0;
};

Percentiles measure(From from, bool fan_out, std::chrono::milliseconds interval, const Load& load) {
  // Until every shard is read: the first subscription takes its time.
  constexpr std::size_t kFirst = 100;
  const ServerProcess server(kShards);
  std::optional<SocketTap> tap;
  if (from == From::socket) tap.emplace(server.port(), kFirst + load.records * (load.time / load.every + 1));
  return in_a_child([&] {
    Latencies latencies;
    kcl::WorkerConfig config = config_for(plain(tap ? tap->port() : server.port()));
    config.fan_out = fan_out;
    if (fan_out) config.consumer_name = "bench";
    config.min_read_interval = std::min<std::chrono::milliseconds>(200ms, interval);
    config.idle_read_interval = interval;
    const SocketTap* seen = tap ? &*tap : nullptr;
    kcl::Worker worker(config, [&] { return std::make_unique<Stopwatch>(latencies, seen, tap && !fan_out); });
    worker.start();
    while (worker.status().shards.size() < kShards) std::this_thread::sleep_for(20ms);
    Client client(server.port());
    std::size_t put = 0;
    const auto put_some = [&](std::size_t records) {
      client.call(Protocol::cbor, "PutRecords", put_body(Protocol::cbor, stamped(put, records, load.record_bytes)));
      put += records;
    };
    put_some(kFirst);
    while (latencies.count() < kFirst) std::this_thread::sleep_for(20ms);
    latencies.clear();
    std::this_thread::sleep_for(1s);
    const auto begin = Clock::now();
    for (auto next = begin; next < begin + load.time; next += load.every) {
      std::this_thread::sleep_until(next);
      put_some(load.records);
    }
    const double took = seconds(Clock::now() - begin);
    while (latencies.count() < put - kFirst) std::this_thread::sleep_for(20ms);
    worker.shutdown(20s);
    const auto values = latencies.sorted();
    return Percentiles{.p50 = values[values.size() / 2],
                       .p99 = values[values.size() * 99 / 100],
                       .most = values.back(),
                       .rate = static_cast<double>((put - kFirst) * load.record_bytes) / 1e6 / took};
  });
}

void tell(From from, const std::string& how, bool fan_out, std::chrono::milliseconds interval, const Load& load) {
  const Percentiles found = measure(from, fan_out, interval, load);
  const std::string what = (from == From::put ? "put to callback, " : "socket to callback, ") + how;
  say(what + ", p50", found.p50, "ms");
  say(what + ", p99", found.p99, "ms");
  say(what + ", most", found.most, "ms");
  if (from == From::socket) say(what, found.rate, "MB/s");
}

}  // namespace

int main(int argc, char** argv) {
  Load load;
  if (wants_quick("latency", argc, argv)) load.time = 4s;
  if (!says_json()) {
    std::printf(
        "from before the put, or from when the answer is on the worker's socket, to process_records; server in another "
        "process, loopback, no TLS; %u cores\n",
        std::thread::hardware_concurrency());
  }
  tell(From::put, "polling every 1 s", false, 1s, load);
  tell(From::put, "polling every 250 ms", false, 250ms, load);
  tell(From::put, "fan-out", true, 1s, load);
  Load heavy = load;
  heavy.records = 200;
  heavy.record_bytes = 1'024;
  tell(From::put, "fan-out, 20 MB/s", true, 1s, heavy);
  tell(From::socket, "polling every 200 ms", false, 200ms, load);
  tell(From::socket, "fan-out", true, 1s, load);
  tell(From::socket, "polling, 20 MB/s", false, 200ms, heavy);
  tell(From::socket, "fan-out, 20 MB/s", true, 1s, heavy);
  Load half = heavy;
  half.records = 500;
  half.every = 5ms;
  tell(From::socket, "polling, much", false, 200ms, half);
  tell(From::socket, "fan-out, much", true, 1s, half);
}
