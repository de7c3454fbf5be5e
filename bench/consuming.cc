#include "consuming.h"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "base/check.h"
#include "figures.h"
#include "kinesis_socket.h"

namespace kcl::bench {

using base::check;
using namespace std::chrono_literals;

namespace {

std::string shard_id(std::size_t i) {
  std::string id = std::to_string(i);
  return "shardId-" + std::string(12 - id.size(), '0') + id;
}

/// Counts records, and ends the worker with the last.
class Counter final : public RecordProcessor {
 public:
  Counter(std::atomic<std::size_t>& count, std::size_t all) : count_(count), all_(all) {}
  void initialize(const ShardContext& context) override { context_ = context; }
  void process_records(const RecordBatch& batch, Checkpointer&) override {
    if (count_ += batch.size(); count_ >= all_) context_->stop_worker();
  }
  void shutdown_requested(Checkpointer&) override {}

 private:
  std::atomic<std::size_t>& count_;
  std::size_t all_;
  std::optional<ShardContext> context_;
};

}  // namespace

Place plain(std::uint16_t port) { return {.url = "http://127.0.0.1:" + std::to_string(port), .certificate = {}}; }

void fill(std::uint16_t port, std::size_t record_bytes, std::size_t records) {
  Client client(port);
  const std::size_t at_once = std::min<std::size_t>(500, (4 << 20) / record_bytes);
  for (std::size_t put = 0; put < records;) {
    const std::size_t now = std::min(at_once, records - put);
    client.call(wire::Protocol::cbor, "PutRecords",
                put_body(wire::Protocol::cbor, now, std::string(record_bytes, 'x')));
    put += now;
  }
}

Walk walk(std::uint16_t port, std::size_t shards, wire::Protocol protocol) {
  Client client(port);
  Walk walk{.protocol = protocol, .bodies = {}};
  std::string answer;
  for (std::size_t shard = 0; shard < shards; ++shard) {
    const std::string id = shard_id(shard);
    client.call(wire::Protocol::json, "GetShardIterator",
                body_of(wire::Protocol::json,
                        {{"StreamName", "bench"}, {"ShardId", id}, {"ShardIteratorType", "TRIM_HORIZON"}}),
                &answer);
    std::optional<std::string> iterator = wire::decode_get_shard_iterator(wire::Protocol::json, answer)->iterator;
    while (iterator) {
      const std::string request = body_of(protocol, {{"ShardIterator", *iterator}});
      client.call(protocol, "GetRecords", request, &answer);
      const auto page = wire::decode_get_records(protocol, std::make_shared<std::string>(std::move(answer)));
      if (page->records.empty()) break;
      walk.bodies.push_back(request);
      iterator = page->next_iterator;
    }
  }
  return walk;
}

double bare_libcurl(const Place& place, const Walk& walk) {
  CURL* curl = curl_easy_init();
  curl_slist* headers = curl_slist_append(nullptr, "X-Amz-Target: Kinesis_20131202.GetRecords");
  const std::string content_type = "Content-Type: " + std::string(wire::content_type(walk.protocol));
  headers = curl_slist_append(headers, content_type.c_str());
  const std::string url = place.url + "/";
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  if (!place.certificate.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, place.certificate.c_str());
  curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 64L << 10);
  using Drop = std::size_t (*)(char*, std::size_t, std::size_t, void*);
  const Drop drop = [](char*, std::size_t size, std::size_t count, void*) { return size * count; };
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
  const double before = cpu_seconds();
  for (const std::string& request : walk.bodies) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.size()));
    check(curl_easy_perform(curl) == CURLE_OK, "the bare loop reads");
  }
  const double used = cpu_seconds() - before;
  curl_slist_free_all(headers);
  curl_easy_cleanup(curl);
  return used;
}

WorkerConfig config_for(const Place& place) {
  if (!place.certificate.empty()) ::setenv("AWS_CA_BUNDLE", place.certificate.c_str(), 1);
  WorkerConfig config;
  config.stream = "bench";
  config.region = "us-east-1";
  config.kinesis_endpoint = place.url;
  config.credentials = static_credentials({.access_key_id = "bench", .secret_access_key = "bench"});
  config.initial_position = InitialPosition::trim_horizon();
  // The server has no limit of five reads a second.
  config.min_read_interval = 0ms;
  config.handle_signals = false;
  return config;
}

Consumed consume(const WorkerConfig& config, std::size_t records) {
  std::atomic<std::size_t> count = 0;
  const double before = cpu_seconds();
  const auto begin = Clock::now();
  Worker worker(config, [&] { return std::make_unique<Counter>(count, records); });
  const auto report = worker.run();
  check(report.failure.empty(), report.failure);
  check(count == records, "every record comes once");
  return {.cpu_seconds = cpu_seconds() - before, .wall_seconds = seconds(Clock::now() - begin)};
}

}  // namespace kcl::bench
