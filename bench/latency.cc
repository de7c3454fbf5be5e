// From a put to process_records, on this machine: by polling once a second and four times, and by fan-out; and by
// fan-out while much more comes. Each record carries the time of its put. See scripts/bench.
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

namespace {

using namespace std::chrono_literals;
using namespace kcl::bench;

constexpr std::size_t kShards = 4;
constexpr std::size_t kStampDigits = 20;

std::int64_t now() { return Clock::now().time_since_epoch().count(); }

std::string stamped(std::size_t bytes) {
  std::string stamp = std::to_string(now());
  stamp.insert(0, kStampDigits - stamp.size(), '0');
  return stamp + std::string(bytes - kStampDigits, 'x');
}

/// Of every record, in milliseconds.
class Latencies {
 public:
  void add(std::string_view data) {
    std::int64_t put = 0;
    std::from_chars(data.data(), data.data() + kStampDigits, put);
    const double milliseconds = static_cast<double>(now() - put) * 1e-6;
    const std::lock_guard lock(mutex_);
    all_.push_back(milliseconds);
  }
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return all_.size();
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    all_.clear();
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
};

class Stopwatch final : public kcl::RecordProcessor {
 public:
  explicit Stopwatch(Latencies& latencies) : latencies_(latencies) {}
  void process_records(const kcl::RecordBatch& batch, kcl::Checkpointer&) override {
    for (const kcl::Record& record : batch) latencies_.add(record.text());
  }

 private:
  Latencies& latencies_;
};

struct Load {
  std::size_t records = 10;
  std::size_t record_bytes = 100;
  std::chrono::milliseconds every{10};
  std::chrono::seconds time{15};
};

struct Percentiles {
  double p50 = 0;
  double p99 = 0;
  double most = 0;
};

Percentiles measure(bool fan_out, std::chrono::milliseconds interval, const Load& load) {
  const ServerProcess server(kShards);
  return in_a_child([&] {
    Latencies latencies;
    kcl::WorkerConfig config = config_for(plain(server.port()));
    config.fan_out = fan_out;
    if (fan_out) config.consumer_name = "bench";
    config.min_read_interval = std::min<std::chrono::milliseconds>(200ms, interval);
    config.idle_read_interval = interval;
    kcl::Worker worker(config, [&] { return std::make_unique<Stopwatch>(latencies); });
    worker.start();
    while (worker.status().shards.size() < kShards) std::this_thread::sleep_for(20ms);
    Client client(server.port());
    // Until every shard is read: the first subscription takes its time.
    constexpr std::size_t kFirst = 100;
    client.call(Protocol::cbor, "PutRecords", put_body(Protocol::cbor, kFirst, stamped(load.record_bytes)));
    while (latencies.count() < kFirst) std::this_thread::sleep_for(20ms);
    latencies.clear();
    std::this_thread::sleep_for(1s);
    std::size_t put = 0;
    const auto begin = Clock::now();
    for (auto next = begin; next < begin + load.time; next += load.every) {
      std::this_thread::sleep_until(next);
      client.call(Protocol::cbor, "PutRecords", put_body(Protocol::cbor, load.records, stamped(load.record_bytes)));
      put += load.records;
    }
    while (latencies.count() < put) std::this_thread::sleep_for(20ms);
    worker.shutdown(20s);
    const auto values = latencies.sorted();
    return Percentiles{
        .p50 = values[values.size() / 2], .p99 = values[values.size() * 99 / 100], .most = values.back()};
  });
}

void tell(const std::string& how, bool fan_out, std::chrono::milliseconds interval, const Load& load) {
  const Percentiles found = measure(fan_out, interval, load);
  say(how + ", p50", found.p50, "ms");
  say(how + ", p99", found.p99, "ms");
  say(how + ", most", found.most, "ms");
}

}  // namespace

int main(int argc, char** argv) {
  Load load;
  if (wants_quick("latency", argc, argv)) load.time = 4s;
  if (!says_json()) {
    std::printf("from before the put to process_records; server in another process, loopback, no TLS; %u cores\n",
                std::thread::hardware_concurrency());
  }
  tell("put to callback, polling every 1 s", false, 1s, load);
  tell("put to callback, polling every 250 ms", false, 250ms, load);
  tell("put to callback, fan-out", true, 1s, load);
  Load heavy = load;
  heavy.records = 200;
  heavy.record_bytes = 1'024;
  tell("put to callback, fan-out, 20 MB/s", true, 1s, heavy);
}
