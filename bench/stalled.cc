// What 64 stalled fan-out shards cost beside one that is read, over TLS: memory, and the pace of that one, with
// HTTP/1.1 and with HTTP/2. nghttpx speaks TLS before the server. See scripts/bench.
#include <kcl/kcl.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "child.h"
#include "kinesis_socket.h"
#include "server_process.h"
#include "tls_front.h"

namespace {

using namespace std::chrono_literals;
using kcl::base::check;
using kcl::bench::Client;
using kcl::bench::rss_megabytes;
using kcl::bench::ServerProcess;
using kcl::bench::TlsFront;
using kcl::wire::Protocol;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kStalled = 64;
constexpr std::size_t kBudget = 256UL << 20;
constexpr std::size_t kRecordBytes = 10'000;
constexpr std::size_t kStalledBytes = 8'000'000;
constexpr std::size_t kFastBytes = 200'000'000;
/// Streams are let go of, and opened again, while nothing is read.
constexpr auto kSettle = 12s;
constexpr const char* kFastShard = "shardId-000000000000";

// ---- the stream

/// In the order of the shards' ids.
std::vector<std::string> first_hash_keys(Client& client) {
  std::string answer;
  client.call(Protocol::json, "ListShards", kcl::bench::body_of(Protocol::json, {{"StreamName", "bench"}}), &answer);
  const auto page = kcl::wire::decode_list_shards(Protocol::json, answer);
  std::vector<std::string> keys;
  for (const auto& shard : page->shards) keys.push_back(shard.hash_keys.start.text());
  return keys;
}

void fill(Client& client, const std::string& hash_key, std::size_t bytes) {
  constexpr std::size_t kAtOnce = 400;
  for (std::size_t put = 0; put < bytes; put += kAtOnce * kRecordBytes)
    client.call(Protocol::cbor, "PutRecords",
                kcl::bench::put_body(Protocol::cbor, kAtOnce, std::string(kRecordBytes, 'x'), hash_key));
}

// ---- the program

/// What the processors of one worker share.
struct Shared {
  std::mutex mutex;
  bool fast_may_go = false;
  bool ending = false;
  /// Of the stalled shards, and the fast one's until it may go.
  std::vector<kcl::Ack> kept;
  std::optional<kcl::Ack> fast;
  std::size_t fast_bytes = 0;
  /// Since the first batch that came after it might go.
  std::optional<Clock::time_point> first;
  std::size_t timed_bytes = 0;
  Clock::time_point last;
};

class Keeper final : public kcl::AckProcessor {
 public:
  explicit Keeper(Shared& shared) : shared_(shared) {}
  void process_records(kcl::RecordBatch batch, kcl::Ack ack) override {
    const std::lock_guard lock(shared_.mutex);
    if (shared_.ending) return ack.done();
    if (batch.shard_id() != kFastShard) return shared_.kept.push_back(std::move(ack));
    shared_.fast_bytes += batch.size() * kRecordBytes;
    if (!shared_.fast_may_go) {
      shared_.fast = std::move(ack);
      return;
    }
    shared_.last = Clock::now();
    if (shared_.first) shared_.timed_bytes += batch.size() * kRecordBytes;
    if (!shared_.first) shared_.first = shared_.last;
    ack.done();
  }

 private:
  Shared& shared_;
};

struct Measured {
  double megabytes_a_second = 0;
  double rss = 0;
  double rss_before = 0;
};

/// Of a worker with `stalled` shards that stand still and one that is read.
Measured run(std::size_t stalled, bool http2) {
  const ServerProcess server(stalled + 1);
  const TlsFront front(server.port(), http2);
  ::setenv("AWS_CA_BUNDLE", front.certificate().c_str(), 1);
  {
    Client client(server.port());
    const auto hash_keys = first_hash_keys(client);
    for (const std::string& key : hash_keys) fill(client, key, key == hash_keys.front() ? kFastBytes : kStalledBytes);
  }
  Measured measured;
  measured.rss_before = rss_megabytes();

  kcl::WorkerConfig config;
  config.stream = "bench";
  config.region = "us-east-1";
  config.kinesis_endpoint = front.url();
  config.credentials = kcl::static_credentials({.access_key_id = "bench", .secret_access_key = "bench"});
  config.initial_position = kcl::InitialPosition::trim_horizon();
  config.fan_out = true;
  config.consumer_name = "bench";
  config.handle_signals = false;
  Shared shared;
  kcl::Runtime runtime({.buffer_bytes = kBudget});
  kcl::Worker worker(config, [&] { return std::make_unique<Keeper>(shared); }, runtime);
  std::atomic<bool> over = false;
  std::thread sampler([&] {
    for (; !over; std::this_thread::sleep_for(20ms)) measured.rss = std::max(measured.rss, rss_megabytes());
  });
  worker.start();
  const auto stand = [&] {
    const std::lock_guard lock(shared.mutex);
    return shared.kept.size() == stalled && shared.fast;
  };
  while (!stand()) std::this_thread::sleep_for(50ms);
  std::this_thread::sleep_for(kSettle);
  {
    const std::lock_guard lock(shared.mutex);
    shared.fast_may_go = true;
  }
  shared.fast->done();
  const auto all_came = [&] {
    const std::lock_guard lock(shared.mutex);
    return shared.fast_bytes == kFastBytes;
  };
  while (!all_came()) std::this_thread::sleep_for(20ms);
  over = true;
  sampler.join();
  {
    const std::lock_guard lock(shared.mutex);
    shared.ending = true;
  }
  for (const kcl::Ack& ack : shared.kept) ack.done();
  worker.shutdown(20s);
  const double seconds = std::chrono::duration<double>(shared.last - *shared.first).count();
  measured.megabytes_a_second = static_cast<double>(shared.timed_bytes) / 1e6 / seconds;
  return measured;
}

}  // namespace

int main() {
  std::printf("fan-out over TLS, budget %zu MB; a fast shard of %zu MB beside %zu that stand still\n", kBudget >> 20,
              kFastBytes / 1'000'000, kStalled);
  for (const bool http2 : {false, true}) {
    const Measured alone = kcl::bench::in_a_child([&] { return run(0, http2); });
    const Measured beside = kcl::bench::in_a_child([&] { return run(kStalled, http2); });
    const char* how = http2 ? "HTTP/2" : "HTTP/1.1";
    std::printf("%-9s rss at most %6.0f MB, %6.0f MB with none stalled (%.0f MB before); bound %zu MB\n", how,
                beside.rss, alone.rss, beside.rss_before, (kBudget >> 20) + 64);
    std::printf("%-9s fast shard %7.1f MB/s, alone %7.1f MB/s: %.2f\n", how, beside.megabytes_a_second,
                alone.megabytes_a_second, beside.megabytes_a_second / alone.megabytes_a_second);
    std::fflush(stdout);
  }
}
