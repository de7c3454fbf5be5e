// What consuming costs over TLS, and with few shards or many, on this machine: CPU per gigabyte and speed by polling,
// beside a bare libcurl loop over the same bodies. See scripts/bench.
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "child.h"
#include "consuming.h"
#include "figures.h"
#include "server_process.h"
#include "tls_front.h"

namespace {

using namespace kcl::bench;

constexpr std::size_t kRecordBytes = 1'024;

struct Measured {
  double bare = 0;
  Consumed ours;
};

/// CPU-seconds.
Measured measure(std::size_t shards, std::size_t records, bool tls) {
  const ServerProcess server(shards);
  std::optional<TlsFront> front;
  if (tls) front.emplace(server.port(), false);
  const Place place = tls ? Place{.url = front->url(), .certificate = front->certificate()} : plain(server.port());
  fill(server.port(), kRecordBytes, records);
  return in_a_child([&] {
    const Walk requests = walk(server.port(), shards);
    bare_libcurl(place, requests);
    Measured measured;
    measured.bare = bare_libcurl(place, requests);
    measured.ours = consume(config_for(place), records);
    return measured;
  });
}

void tell(std::size_t shards, std::size_t records, bool tls) {
  const Measured measured = measure(shards, records, tls);
  const double gigabytes = static_cast<double>(records * kRecordBytes) / 1e9;
  const std::string what =
      std::to_string(shards) + (shards == 1 ? " shard" : " shards") + (tls ? ", TLS, 1 KiB" : ", 1 KiB");
  say("bare libcurl, " + what, measured.bare / gigabytes, "cpu_s/GB");
  say("polling, " + what, measured.ours.cpu_seconds / gigabytes, "cpu_s/GB", "bare libcurl",
      measured.ours.cpu_seconds / measured.bare);
  say("polling, " + what, gigabytes * 1e3 / measured.ours.wall_seconds, "MB/s");
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t records = wants_quick("scale", argc, argv) ? 100'000 : 600'000;
  if (!says_json()) {
    std::printf("GB are 10^9 bytes of records' data; server, and nghttpx for TLS, in other processes; %u cores\n",
                std::thread::hardware_concurrency());
  }
  for (const std::size_t shards : {1, 10, 100, 1'000}) tell(shards, records, false);
  for (const std::size_t shards : {4, 400}) tell(shards, records, true);
}
