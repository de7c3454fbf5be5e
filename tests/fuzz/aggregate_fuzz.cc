#include <string>

#include "base/check.h"
#include "base/md5.h"
#include "fuzz_target.h"
#include "kpl/aggregate_opener.h"
#include "wire/aggregate.h"

namespace kcl::fuzz {
namespace {

using wire::AggregateReader;
using wire::UserRecord;

bool lies_in(std::string_view view, std::string_view whole) {
  return view.empty() || (view.data() >= whole.data() && view.data() + view.size() <= whole.data() + whole.size());
}

void read(std::string_view data) {
  AggregateReader reader;
  const auto found = kpl::open(reader, data);
  base::check((found == kpl::Found::plain) == !wire::looks_aggregated(data), "the magic decides");
  std::size_t count = 0;
  UserRecord record;
  while (reader.next(record)) {
    ++count;
    base::check(record.key_index < reader.keys(), "a key is one of the table");
    base::check(lies_in(record.data, data) && lies_in(record.partition_key, data) &&
                    lies_in(record.explicit_hash_key.value_or(""), data),
                "views lie in the aggregate");
  }
  base::check(count == reader.size(), "every record that was announced comes");
  base::check((found == kpl::Found::aggregate) == (count > 0), "all or nothing");
}

}  // namespace

/// As it is, and as the message of an aggregate whose checksum is right: no fuzzer finds an MD5.
void run_one(std::string_view input) {
  read(input);
  std::string sealed = "\xF3\x89\x9A\xC2" + std::string(input);
  for (const std::uint8_t byte : base::md5(input)) sealed += static_cast<char>(byte);
  read(sealed);
}

}  // namespace kcl::fuzz
