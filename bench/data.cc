// What consuming costs, on this machine: CPU per gigabyte beside a bare libcurl loop that downloads the same bodies and
// drops them, taking KPL aggregates apart beside MD5 alone, memory of idle shards, time to the first record. See
// scripts/bench.
#include <curl/curl.h>
#include <kcl/kcl.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/md5.h"
#include "child.h"
#include "consumer/user_records.h"
#include "kinesis_socket.h"
#include "kpl/aggregate_writer.h"
#include "server_process.h"

namespace {

using namespace std::chrono_literals;
using kcl::base::check;
using kcl::bench::body_of;
using kcl::bench::Client;
using kcl::bench::in_a_child;
using kcl::bench::rss_megabytes;
using kcl::bench::ServerProcess;
using kcl::wire::Protocol;
using Clock = std::chrono::steady_clock;

constexpr double kGiga = 1e9;
constexpr std::size_t kShards = 4;

double seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

/// Of this process.
double cpu_seconds() {
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return of(use.ru_utime) + of(use.ru_stime);
}

bool as_json = false;

/// `against` and `ratio` may be left out.
void say(const std::string& name, double value, const char* unit, const char* against = nullptr, double ratio = 0) {
  if (as_json) {
    std::printf(R"({"name":"%s","value":%.4g,"unit":"%s")", name.c_str(), value, unit);
    if (against != nullptr) std::printf(R"(,"against":"%s","ratio":%.3g)", against, ratio);
    std::printf("}\n");
  } else {
    std::printf("%-44s %10.4g %-9s", name.c_str(), value, unit);
    if (against != nullptr) std::printf(" %6.2f x %s", ratio, against);
    std::printf("\n");
  }
  std::fflush(stdout);
}

std::string shard_id(std::size_t i) {
  std::string id = std::to_string(i);
  return "shardId-" + std::string(12 - id.size(), '0') + id;
}

void fill(std::uint16_t port, std::size_t record_bytes, std::size_t records) {
  Client client(port);
  const std::size_t at_once = std::min<std::size_t>(500, (4 << 20) / record_bytes);
  for (std::size_t put = 0; put < records;) {
    const std::size_t now = std::min(at_once, records - put);
    client.call(Protocol::cbor, "PutRecords", kcl::bench::put_body(Protocol::cbor, now, record_bytes));
    put += now;
  }
}

/// Bodies of the GetRecords calls that read the whole stream, one after the other.
std::vector<std::string> walk(std::uint16_t port) {
  Client client(port);
  std::vector<std::string> requests;
  std::string answer;
  for (std::size_t shard = 0; shard < kShards; ++shard) {
    const std::string id = shard_id(shard);
    client.call(
        Protocol::json, "GetShardIterator",
        body_of(Protocol::json, {{"StreamName", "bench"}, {"ShardId", id}, {"ShardIteratorType", "TRIM_HORIZON"}}),
        &answer);
    std::optional<std::string> iterator = kcl::wire::decode_get_shard_iterator(Protocol::json, answer)->iterator;
    while (iterator) {
      const std::string request = body_of(Protocol::cbor, {{"ShardIterator", *iterator}});
      client.call(Protocol::cbor, "GetRecords", request, &answer);
      const auto page = kcl::wire::decode_get_records(Protocol::cbor, std::make_shared<std::string>(std::move(answer)));
      if (page->records.empty()) break;
      requests.push_back(request);
      iterator = page->next_iterator;
    }
  }
  return requests;
}

/// CPU-seconds of the loop that nothing can be cheaper than which speaks through libcurl.
double bare_libcurl(std::uint16_t port, const std::vector<std::string>& requests) {
  CURL* curl = curl_easy_init();
  curl_slist* headers = curl_slist_append(nullptr, "X-Amz-Target: Kinesis_20131202.GetRecords");
  headers = curl_slist_append(headers, "Content-Type: application/x-amz-cbor-1.1");
  const std::string url = "http://127.0.0.1:" + std::to_string(port) + "/";
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 64L << 10);
  using Drop = std::size_t (*)(char*, std::size_t, std::size_t, void*);
  const Drop drop = [](char*, std::size_t size, std::size_t count, void*) { return size * count; };
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
  const double before = cpu_seconds();
  for (const std::string& request : requests) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.size()));
    check(curl_easy_perform(curl) == CURLE_OK, "the bare loop reads");
  }
  const double used = cpu_seconds() - before;
  curl_slist_free_all(headers);
  curl_easy_cleanup(curl);
  return used;
}

kcl::WorkerConfig config_for(std::uint16_t port) {
  kcl::WorkerConfig config;
  config.stream = "bench";
  config.region = "us-east-1";
  config.kinesis_endpoint = "http://127.0.0.1:" + std::to_string(port);
  config.credentials = kcl::static_credentials({.access_key_id = "bench", .secret_access_key = "bench"});
  config.initial_position = kcl::InitialPosition::trim_horizon();
  // The server has no limit of five reads a second.
  config.min_read_interval = 0ms;
  config.handle_signals = false;
  return config;
}

/// Counts records, and ends the worker with the last.
class Counter final : public kcl::RecordProcessor {
 public:
  Counter(std::atomic<std::size_t>& count, std::size_t all) : count_(count), all_(all) {}
  void initialize(const kcl::ShardContext& context) override { context_ = context; }
  void process_records(const kcl::RecordBatch& batch, kcl::Checkpointer&) override {
    if (count_ += batch.size(); count_ >= all_) context_->stop_worker();
  }
  void shutdown_requested(kcl::Checkpointer&) override {}

 private:
  std::atomic<std::size_t>& count_;
  std::size_t all_;
  std::optional<kcl::ShardContext> context_;
};

/// CPU-seconds of a worker from its start to its end.
double consume(const kcl::WorkerConfig& config, std::size_t records, double* wall) {
  std::atomic<std::size_t> count = 0;
  const double before = cpu_seconds();
  const auto begin = Clock::now();
  kcl::Worker worker(config, [&] { return std::make_unique<Counter>(count, records); });
  const auto report = worker.run();
  check(report.failure.empty(), report.failure);
  check(count == records, "every record comes once");
  *wall = seconds(Clock::now() - begin);
  return cpu_seconds() - before;
}

void measure_consuming(std::size_t record_bytes, double gigabytes, const std::vector<bool>& with_fan_out) {
  const auto records = static_cast<std::size_t>(gigabytes * kGiga / static_cast<double>(record_bytes));
  const ServerProcess server(kShards);
  fill(server.port(), record_bytes, records);
  const auto requests = walk(server.port());
  bare_libcurl(server.port(), requests);
  const double bare = bare_libcurl(server.port(), requests) / gigabytes;
  const std::string size = std::to_string(record_bytes) + " B";
  say("bare libcurl, CBOR, " + size, bare, "cpu_s/GB");
  for (const bool fan_out : with_fan_out) {
    kcl::WorkerConfig config = config_for(server.port());
    config.fan_out = fan_out;
    if (fan_out) config.consumer_name = "bench";
    double wall = 0;
    const double used = consume(config, records, &wall) / gigabytes;
    const std::string how = fan_out ? "fan-out, HTTP/1.1, " : "polling, CBOR, ";
    say(how + size, used, "cpu_s/GB", "bare libcurl", used / bare);
    say(how + size, static_cast<double>(records) / wall, "records/s");
  }
}

// ---- taking apart

void measure_unpacking(std::size_t record_bytes) {
  const std::size_t in_each = std::max<std::size_t>(1, 40'000 / record_bytes);
  std::vector<std::string> aggregates;
  for (std::size_t i = 0; i < 500; ++i) {
    std::vector<kcl::kpl::Entry> entries;
    for (std::size_t j = 0; j < in_each; ++j)
      entries.push_back({.partition_key = "key-" + std::to_string(j % 16), .data = std::string(record_bytes, 'x')});
    aggregates.push_back(kcl::kpl::sealed(kcl::kpl::message_of(entries)));
  }
  double bytes = 0;
  std::vector<kcl::Record> records;
  for (const std::string& aggregate : aggregates) {
    kcl::Record::Fields fields;
    fields.sequence_number = "49590338271490256608559692538361571095921575989136588898";
    fields.partition_key = "a";
    fields.data = aggregate;
    records.emplace_back(fields);
    bytes += static_cast<double>(aggregate.size());
  }
  const auto speed = [&](const std::function<void()>& once) {
    once();
    const double before = cpu_seconds();
    int times = 0;
    for (; cpu_seconds() - before < 1; ++times) once();
    return times * bytes / kGiga / (cpu_seconds() - before);
  };
  const double md5 = speed([&] {
    for (const std::string& aggregate : aggregates) kcl::base::md5(aggregate);
  });
  std::size_t got = 0;
  const double ours = speed([&] { got = kcl::consumer::unpack(records, {}).records.size(); });
  check(got == in_each * aggregates.size(), "every user record comes");
  const std::string size = std::to_string(record_bytes) + " B";
  say("MD5 alone, aggregates of " + size, md5, "GB/cpu_s");
  say("de-aggregation, " + size, ours, "GB/cpu_s", "MD5 alone", ours / md5);
}

// ---- in processes of their own

void measure_idle(std::size_t shards, std::chrono::seconds rest) {
  const ServerProcess server(shards);
  const double megabytes = in_a_child([&] {
    kcl::WorkerConfig config = config_for(server.port());
    config.min_read_interval = 200ms;
    std::atomic<std::size_t> count = 0;
    kcl::Worker worker(config, [&] { return std::make_unique<Counter>(count, SIZE_MAX); });
    worker.start();
    while (worker.status().shards.size() < shards) std::this_thread::sleep_for(50ms);
    std::this_thread::sleep_for(rest);
    return rss_megabytes();
  });
  say(std::to_string(shards) + " idle shards, polling", megabytes, "MB_rss");
}

void measure_first_record() {
  const ServerProcess server(1);
  fill(server.port(), 100, 1);
  std::vector<double> times;
  for (int i = 0; i < 7; ++i) {
    times.push_back(in_a_child([&] {
      const auto begin = Clock::now();
      double wall = 0;
      consume(config_for(server.port()), 1, &wall);
      return seconds(Clock::now() - begin) * 1e3;
    }));
  }
  std::ranges::sort(times);
  say("start to first record and end, median of 7", times[times.size() / 2], "ms");
}

}  // namespace

int main(int argc, char** argv) {
  bool quick = false;
  std::string only;
  std::size_t one_size = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const bool has_value = i + 1 < argc;
    if (argument == "--json") {
      as_json = true;
    } else if (argument == "--quick") {
      quick = true;
    } else if (argument == "--only" && has_value) {
      only = argv[++i];
    } else if (argument == "--record-bytes" && has_value) {
      one_size = std::strtoul(argv[++i], nullptr, 10);
    } else {
      std::fprintf(stderr, "bench data: unknown argument %s; scripts/bench --help has them\n", argv[i]);
      return 2;
    }
  }
  const auto wants = [&](std::string_view what) { return only.empty() || only == what; };
  if (!as_json) {
    std::printf("GB are 10^9 bytes of records' data; server in another process, loopback, no TLS; %u cores\n",
                std::thread::hardware_concurrency());
  }
  if (wants("start")) measure_first_record();
  for (const std::size_t shards : {1, 100, 1'000}) {
    if (wants("idle")) measure_idle(shards, quick ? 3s : 15s);
  }
  for (const std::size_t record_bytes : {100, 1'024}) {
    if (wants("unpacking")) measure_unpacking(record_bytes);
  }
  const double gigabytes = quick ? 0.1 : 0.8;
  std::vector<bool> with_fan_out;
  if (wants("polling")) with_fan_out.push_back(false);
  if (wants("fan-out")) with_fan_out.push_back(true);
  for (const std::size_t record_bytes : {100, 1'024, 100'000}) {
    if (!with_fan_out.empty() && (one_size == 0 || one_size == record_bytes))
      measure_consuming(record_bytes, record_bytes == 100 ? gigabytes / 4 : gigabytes, with_fan_out);
  }
}
