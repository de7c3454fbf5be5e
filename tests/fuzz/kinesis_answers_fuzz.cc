#include <algorithm>
#include <memory>
#include <string>

#include <kcl/position.h>

#include "base/check.h"
#include "fuzz_target.h"
#include "wire/base64.h"
#include "wire/cbor.h"
#include "wire/kinesis_answers.h"

namespace kcl::fuzz {
namespace {

using wire::CborWriter;
using wire::Protocol;

/// The page as another service would write it.
std::string cbor_of(const RecordsPage& page) {
  std::string out;
  CborWriter cbor(out);
  cbor.map(page.next_iterator ? 3 : 2);
  cbor.text("Records");
  cbor.array(page.records.size());
  for (const Record& record : page.records) {
    cbor.map(4);
    cbor.text("SequenceNumber");
    cbor.text(record.sequence_number());
    cbor.text("PartitionKey");
    cbor.text(record.partition_key());
    cbor.text("Data");
    cbor.text(wire::base64_encode(record.text()));
    cbor.text("ApproximateArrivalTimestamp");
    cbor.tag(1);
    cbor.integer(record.approximate_arrival().time_since_epoch().count());
  }
  cbor.text("MillisBehindLatest");
  cbor.integer(page.behind_latest.count());
  if (page.next_iterator) {
    cbor.text("NextShardIterator");
    cbor.text(*page.next_iterator);
  }
  return out;
}

bool same(const Record& a, const Record& b) {
  return a.sequence_number() == b.sequence_number() && a.partition_key() == b.partition_key() && a.text() == b.text() &&
         a.approximate_arrival() == b.approximate_arrival();
}

void check_page(const RecordsPage& page) {
  for (const Record& record : page.records) {
    // Touches every byte, for ASan to see views that lead astray.
    const OwnedRecord copy = record.copy();
    base::check(same(*copy, record), "a record can be copied");
    base::check(SequenceNumber::parse(record.sequence_number()).has_value(), "each record has a sequence number");
  }
  base::check(page.next_iterator != "", "an iterator is not empty");
  for (const ChildShard& child : page.child_shards) {
    base::check(!child.id.empty() && !child.parents.empty(), "a child shard has a name and parents");
  }
}

void run_get_records(Protocol protocol, std::string_view input) {
  auto body = std::make_shared<const std::string>(input);
  const auto page = decode_get_records(protocol, std::move(body));
  if (!page) return base::check(!page.error().empty(), "an error says what is wrong");
  check_page(*page);

  const auto again = decode_get_records(Protocol::cbor, std::make_shared<const std::string>(cbor_of(*page)));
  base::check(again.has_value(), "a page that was written is read");
  base::check(std::ranges::equal(page->records, again->records, same), "records are read as they were written");
  base::check(page->next_iterator == again->next_iterator && page->behind_latest == again->behind_latest,
              "a page is read as it was written");
}

void check_shards(const ShardPage& page) {
  for (const Shard& shard : page.shards) {
    base::check(!shard.id.empty(), "a shard has a name");
    base::check(SequenceNumber::parse(shard.starting_sequence_number).has_value(), "a shard begins at a number");
  }
}

}  // namespace

void run_one(std::string_view input) {
  const unsigned choice = take_choice(input);
  const Protocol protocol = (choice & 1) != 0 ? Protocol::json : Protocol::cbor;
  switch (choice >> 1 & 3) {
    case 0:
      return run_get_records(protocol, input);
    case 1:
      if (const auto page = wire::decode_list_shards(protocol, input)) check_shards(*page);
      return;
    case 2:
      if (const auto answer = wire::decode_get_shard_iterator(protocol, input)) {
        base::check(!answer->iterator.empty(), "an iterator is not empty");
      }
      return;
    default:
      if (const auto stream = wire::decode_describe_stream_summary(protocol, input)) {
        base::check(!stream->name.empty() && !stream->arn.empty(), "a stream has a name and an ARN");
      }
  }
}

}  // namespace kcl::fuzz
