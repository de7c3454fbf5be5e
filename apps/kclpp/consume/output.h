// Records as bytes: one JSON object a line, or raw. Pure; the hot path of `kclpp consume`, so written by hand.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <kcl/record.h>

#include "consume/options.h"

namespace kclpp::consume {

/// Whole records, one after the other.
struct Lines {
  std::string bytes;
  /// Where each record ends in `bytes`: raw data may hold newlines, so the bytes alone do not tell.
  std::vector<std::size_t> ends;

  void clear() {
    bytes.clear();
    ends.clear();
  }
};

/// Where a record is from, as its line says.
struct Source {
  /// Empty: it says nothing of it, since there is only one.
  std::string_view stream;
  std::string_view shard_id;
};

/// JSON: {"stream","shard","sequence_number","sub_sequence_number","partition_key","approximate_arrival","data"}, in
/// this order, and a newline. Valid UTF-8 whatever the record holds: a malformed sequence becomes U+FFFD, as many times
/// as Unicode recommends (chapter 3, "U+FFFD Substitution of Maximal Subparts"; so do Python's and the browsers'
/// decoders). Raw: the data and a newline.
void append(Lines& lines, Format format, Source source, const kcl::Record& record);

/// Why a record could not be processed.
struct Failure {
  std::string_view error;
  std::size_t attempts;
  kcl::Timestamp time;
};

/// The JSON object with data in base64, whatever the format of the run: here not a byte may be lost. After the other
/// members come "error", "attempts" and "time"; then a newline.
std::string dead_letter_line(Source source, const kcl::Record& record, const Failure& failure);

}  // namespace kclpp::consume
