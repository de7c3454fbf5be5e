// A stream on a server, and what reads it: a worker of kclpp, and the loop that nothing can be cheaper than.
#pragma once

#include <kcl/kcl.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "wire/document_writer.h"

namespace kcl::bench {

/// Where the server is, and whose certificate it shows over TLS.
struct Place {
  std::string url;
  std::string certificate;
};
Place plain(std::uint16_t port);

/// Records of 'x', over all shards.
void fill(std::uint16_t port, std::size_t record_bytes, std::size_t records);

/// The GetRecords calls that read the whole stream, one after the other.
struct Walk {
  wire::Protocol protocol;
  std::vector<std::string> bodies;
};
Walk walk(std::uint16_t port, std::size_t shards, wire::Protocol protocol = wire::Protocol::cbor);

/// CPU-seconds of the loop that nothing can be cheaper than which speaks through libcurl: it downloads the answers and
/// drops them.
double bare_libcurl(const Place& place, const Walk& walk);

kcl::WorkerConfig config_for(const Place& place);

struct Consumed {
  double cpu_seconds = 0;
  double wall_seconds = 0;
};
/// By a worker that ends with the last record. It may be given the certificate by AWS_CA_BUNDLE alone.
Consumed consume(const kcl::WorkerConfig& config, std::size_t records);

}  // namespace kcl::bench
