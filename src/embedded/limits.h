// What the service allows per shard and per request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include <kcl/timestamp.h>

namespace kcl::embedded {

/// AWS "Quotas and limits" of Kinesis Data Streams; its MB are taken as 2^20 bytes. Bytes of a record are those of its
/// data and its partition key.
struct Limits {
  // Per shard and second.
  std::uint64_t reads = 5;
  std::uint64_t read_bytes = 2 << 20;
  std::uint64_t written_records = 1'000;
  std::uint64_t written_bytes = 1 << 20;
  // Per PutRecords request.
  std::size_t records_per_put = 500;
  std::size_t bytes_per_put = 10 << 20;

  static Limits none() {
    constexpr auto kUnlimited = std::numeric_limits<std::uint64_t>::max();
    return {.reads = kUnlimited,
            .read_bytes = kUnlimited,
            .written_records = kUnlimited,
            .written_bytes = kUnlimited,
            .records_per_put = std::numeric_limits<std::size_t>::max(),
            .bytes_per_put = std::numeric_limits<std::size_t>::max()};
  }
};

/// So much per second, of which the last use may take more than is left: the allowances of later seconds pay for it,
/// and until then it is shut. A GetRecords answer of 10 MB so blocks its shard for five seconds, as AWS documents. A
/// second begins with the first use after the one before.
class Allowance {
 public:
  explicit Allowance(std::uint64_t per_second) : per_second_(per_second) {}

  bool is_open(Timestamp now) const { return used_ < per_second_ || now >= next_second(); }
  /// When it is open, or was.
  Timestamp opens_at() const { return used_ < per_second_ ? second_ : next_second(); }
  void charge(std::uint64_t amount, Timestamp now);

 private:
  Timestamp next_second() const;

  std::uint64_t per_second_;
  Timestamp second_{};
  std::uint64_t used_ = 0;
};

}  // namespace kcl::embedded
