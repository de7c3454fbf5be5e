// How fast `kclpp local` serves on one core: its server in this process, a client on another thread that reads what it
// sends and drops it. Loopback, no limits.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/poll_loop.h"
#include "base/run_on.h"
#include "local/front.h"
#include "server/server.h"
#include "wire/document_writer.h"
#include "wire/kinesis_answers.h"

namespace {

using kcl::wire::DocumentWriter;
using kcl::wire::Protocol;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kEach{3};
constexpr double kMega = 1e6;

class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int connected = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    kcl::base::check(connected == 0, "the server can be reached");
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { ::close(socket_); }

  /// The answer's body; only its size is looked at unless `keep`.
  std::size_t call(Protocol protocol, std::string_view operation, std::string_view body, std::string* keep = nullptr) {
    std::string request = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Kinesis_20131202.";
    request.append(operation).append("\r\nContent-Type: ").append(kcl::wire::content_type(protocol));
    request += "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    request += body;
    for (std::string_view rest = request; !rest.empty();) {
      const ssize_t sent = ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
      kcl::base::check(sent > 0, "the server takes what is sent");
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    std::string head;
    std::size_t end = 0;
    while ((end = head.find("\r\n\r\n")) == std::string::npos) head += receive();
    kcl::base::check(head.starts_with("HTTP/1.1 200"), head);
    const auto size = static_cast<std::size_t>(std::atoll(head.c_str() + head.find("Content-Length: ") + 16));
    std::size_t received = head.size() - end - 4;
    if (keep != nullptr) *keep = head.substr(end + 4);
    while (received < size) {
      const std::string_view more = receive();
      received += more.size();
      if (keep != nullptr) *keep += more;
    }
    return size;
  }

 private:
  std::string_view receive() {
    const ssize_t size = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
    kcl::base::check(size > 0, "the server answers");
    return {buffer_.data(), static_cast<std::size_t>(size)};
  }

  int socket_;
  std::array<char, 256 << 10> buffer_{};
};

std::string put_body(Protocol protocol, std::size_t records, std::size_t bytes) {
  std::string body;
  DocumentWriter out(protocol, body);
  out.begin_map();
  out.name("StreamName");
  out.text("bench");
  out.name("Records");
  out.begin_array();
  for (std::size_t i = 0; i < records; ++i) {
    out.begin_map();
    out.name("PartitionKey");
    out.text("key " + std::to_string(i));
    out.name("Data");
    out.bytes(std::string(bytes, 'x'));
    out.end_map();
  }
  out.end_array();
  out.end_map();
  return body;
}

std::string body_of(Protocol protocol, std::initializer_list<std::pair<std::string_view, std::string_view>> members) {
  std::string body;
  DocumentWriter out(protocol, body);
  out.begin_map();
  for (const auto& [name, value] : members) {
    out.name(name);
    out.text(value);
  }
  out.end_map();
  return body;
}

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
    const auto put = put_body(Protocol::cbor, records, record_bytes);
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
