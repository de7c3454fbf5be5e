// What consuming costs, on this machine: CPU per gigabyte beside a bare libcurl loop that downloads the same bodies and
// drops them, taking KPL aggregates apart beside MD5 alone, memory of idle shards, time to the first record. See
// scripts/bench.
#include <kcl/kcl.h>

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
#include "consuming.h"
#include "figures.h"
#include "kpl/aggregate_writer.h"
#include "server_process.h"

namespace {

using namespace std::chrono_literals;
using kcl::base::check;
using namespace kcl::bench;

constexpr double kGiga = 1e9;
constexpr std::size_t kShards = 4;

void measure_consuming(std::size_t record_bytes, double gigabytes, const std::vector<bool>& with_fan_out) {
  const auto records = static_cast<std::size_t>(gigabytes * kGiga / static_cast<double>(record_bytes));
  const ServerProcess server(kShards);
  fill(server.port(), record_bytes, records);
  const auto requests = walk(server.port(), kShards);
  bare_libcurl(plain(server.port()), requests);
  const double bare = bare_libcurl(plain(server.port()), requests) / gigabytes;
  const std::string size = std::to_string(record_bytes) + " B";
  say("bare libcurl, CBOR, " + size, bare, "cpu_s/GB");
  for (const bool fan_out : with_fan_out) {
    kcl::WorkerConfig config = config_for(plain(server.port()));
    config.fan_out = fan_out;
    if (fan_out) config.consumer_name = "bench";
    const Consumed consumed = consume(config, records);
    const double used = consumed.cpu_seconds / gigabytes;
    const std::string how = fan_out ? "fan-out, HTTP/1.1, " : "polling, CBOR, ";
    say(how + size, used, "cpu_s/GB", "bare libcurl", used / bare);
    say(how + size, static_cast<double>(records) / consumed.wall_seconds, "records/s");
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

class Idle final : public kcl::RecordProcessor {
 public:
  void process_records(const kcl::RecordBatch&, kcl::Checkpointer&) override {}
};

void measure_idle(std::size_t shards, std::chrono::seconds rest) {
  const ServerProcess server(shards);
  const double megabytes = in_a_child([&] {
    kcl::WorkerConfig config = config_for(plain(server.port()));
    config.min_read_interval = 200ms;
    kcl::Worker worker(config, [] { return std::make_unique<Idle>(); });
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
      consume(config_for(plain(server.port())), 1);
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
      say_as_json();
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
  if (!says_json()) {
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
