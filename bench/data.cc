// What consuming costs, on this machine: CPU per gigabyte beside a bare libcurl loop that downloads the same bodies and
// drops them, taking KPL aggregates apart beside MD5 alone, memory of idle shards, time to the first record. See
// scripts/bench.
#include <kcl/kcl.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
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
#include "kinesis_socket.h"
#include "kpl/aggregate_writer.h"
#include "server_process.h"
#include "tls_front.h"

namespace {

using namespace std::chrono_literals;
using kcl::base::check;
using namespace kcl::bench;

constexpr double kGiga = 1e9;
constexpr std::size_t kShards = 4;

/// How records come.
struct Way {
  bool fan_out = false;
  Protocol protocol = Protocol::cbor;
  bool tls = false;

  std::string name() const {
    std::string name = fan_out ? "fan-out, HTTP/1.1" : protocol == Protocol::cbor ? "polling, CBOR" : "polling, JSON";
    return name + (tls ? ", TLS, " : ", ");
  }
};

/// The bare loop reads by GetRecords: in the way's protocol, and over TLS where it does.
void measure_consuming(std::size_t record_bytes, double gigabytes, const std::vector<Way>& ways) {
  const auto records = static_cast<std::size_t>(gigabytes * kGiga / static_cast<double>(record_bytes));
  const ServerProcess server(kShards);
  const TlsFront front(server.port(), false);
  fill(server.port(), record_bytes, records);
  const std::string size = std::to_string(record_bytes) + " B";
  std::map<std::pair<Protocol, bool>, double> bare;
  for (const Way& way : ways) {
    const Place place = way.tls ? Place{.url = front.url(), .certificate = front.certificate()} : plain(server.port());
    const auto [known, is_new] = bare.try_emplace({way.protocol, way.tls});
    if (is_new) {
      const Walk requests = walk(server.port(), kShards, way.protocol);
      bare_libcurl(place, requests);
      known->second = bare_libcurl(place, requests) / gigabytes;
      const std::string protocol = way.protocol == Protocol::cbor ? "CBOR" : "JSON";
      say("bare libcurl, " + protocol + (way.tls ? ", TLS, " : ", ") + size, known->second, "cpu_s/GB");
    }
    if (way.protocol == Protocol::json) Client(server.port()).faults(R"({"rules": [{"fault": "no_cbor"}]})");
    const Consumed consumed = in_a_child([&] {
      kcl::WorkerConfig config = config_for(place);
      config.fan_out = way.fan_out;
      if (way.fan_out) config.consumer_name = way.tls ? "bench-tls" : "bench";
      return consume(config, records);
    });
    if (way.protocol == Protocol::json) Client(server.port()).faults(R"({"rules": []})");
    const double used = consumed.cpu_seconds / gigabytes;
    say(way.name() + size, used, "cpu_s/GB", "bare libcurl", used / known->second);
    say(way.name() + size, static_cast<double>(records) / consumed.wall_seconds, "records/s");
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
    std::printf(
        "GB are 10^9 bytes of records' data; server, and nghttpx for TLS, in other processes; loopback; %u cores\n",
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
  std::vector<Way> ways;
  for (const bool tls : {false, true}) {
    if (wants("polling")) ways.push_back({.tls = tls});
    if (wants("fan-out")) ways.push_back({.fan_out = true, .tls = tls});
    if (wants("polling")) ways.push_back({.protocol = Protocol::json, .tls = tls});
  }
  for (const std::size_t record_bytes : {100, 1'024, 100'000}) {
    if (!ways.empty() && (one_size == 0 || one_size == record_bytes))
      measure_consuming(record_bytes, record_bytes == 100 ? gigabytes / 4 : gigabytes, ways);
  }
}
