// How fast `kclpp local` serves on one core: its server in this process, a client on another thread that reads what it
// sends and drops it. Loopback, no limits.
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/poll_loop.h"
#include "base/run_on.h"
#include "kinesis_socket.h"
#include "local/front.h"
#include "server/server.h"
#include "wire/kinesis_answers.h"

namespace {

using kcl::bench::body_of;
using kcl::bench::Client;
using kcl::bench::put_body;
using kcl::wire::Protocol;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kEach{3};
constexpr double kMega = 1e6;

/// Of the thread that serves.
double cpu_seconds(kcl::base::PollLoop& loop) {
  timespec time{};
  kcl::base::run_on(loop, [&] { ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time); });
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// Calls until the time is over; `call` gives the payload's bytes.
void measure(const char* what, kcl::base::PollLoop& loop, const std::function<double()>& call) {
  call();
  const double cpu = cpu_seconds(loop);
  const auto begin = Clock::now();
  double bytes = 0;
  int calls = 0;
  for (; Clock::now() - begin < kEach; ++calls) bytes += call();
  const double wall = std::chrono::duration<double>(Clock::now() - begin).count();
  const double used = cpu_seconds(loop) - cpu;
  std::printf("%-34s %8.0f MB/s %8.0f MB per CPU-second of the server %8.0f calls/s\n", what, bytes / kMega / wall,
              bytes / kMega / used, calls / wall);
}

void run(std::size_t record_bytes) {
  kcl::base::PollLoop loop;
  kcl::local::FrontOptions options;
  options.service.limits = false;
  std::optional<kcl::local::Front> front;
  std::optional<kcl::server::Server> server;
  kcl::base::run_on(loop, [&] {
    front.emplace(loop, std::move(options), kcl::base::Random(1));
    kcl::base::check(!front->create_stream("bench", 1), "the stream is created");
    server.emplace(loop, kcl::server::ServerOptions{}, *front);
  });
  {
    Client client(server->port());
    const std::size_t records = std::min<std::size_t>(500, (4 << 20) / record_bytes);
    const auto put = put_body(Protocol::cbor, records, std::string(record_bytes, 'x'));
    // More than an answer holds.
    for (std::size_t held = 0; held < (12U << 20); held += records * record_bytes) {
      client.call(Protocol::cbor, "PutRecords", put);
    }
    std::string answer;
    client.call(
        Protocol::json, "GetShardIterator",
        body_of(Protocol::json,
                {{"StreamName", "bench"}, {"ShardId", "shardId-000000000000"}, {"ShardIteratorType", "TRIM_HORIZON"}}),
        &answer);
    const auto iterator = kcl::wire::decode_get_shard_iterator(Protocol::json, answer);
    for (const Protocol protocol : {Protocol::cbor, Protocol::json}) {
      const std::string get = body_of(protocol, {{"ShardIterator", iterator->iterator}});
      client.call(protocol, "GetRecords", get, &answer);
      const auto page = kcl::wire::decode_get_records(protocol, std::make_shared<std::string>(std::move(answer)));
      const double payload = static_cast<double>(page->records.size() * record_bytes);
      const std::string name = std::string("GetRecords ") + (protocol == Protocol::cbor ? "CBOR" : "JSON") + ", " +
                               std::to_string(record_bytes) + " B a record";
      measure(name.c_str(), loop, [&] {
        client.call(protocol, "GetRecords", get);
        return payload;
      });
    }
  }
  kcl::base::run_on(loop, [&] {
    server.reset();
    front.reset();
  });
}

}  // namespace

int main() {
  std::printf("MB are 10^6 bytes of records' data; one server thread, one client, loopback\n");
  for (const std::size_t record_bytes : {100, 1'024, 100'000}) run(record_bytes);
}
