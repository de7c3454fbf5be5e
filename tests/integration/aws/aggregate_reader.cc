// Takes apart what it is given: a line of base64 each in, a line each out: what was found, then its user records, each
// as KEY,HASH_KEY,DATA in base64, with "-" for none.
#include <iostream>
#include <string>

#include "kpl/aggregate_opener.h"
#include "wire/aggregate.h"
#include "wire/base64.h"

int main() {
  using kcl::wire::AggregateReader;
  AggregateReader reader;
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto data = kcl::wire::base64_decode(line);
    if (!data) return 1;
    const auto found = kcl::kpl::open(reader, *data);
    std::cout << (found == kcl::kpl::Found::aggregate ? "aggregate" : "other");
    kcl::wire::UserRecord record;
    while (reader.next(record)) {
      const auto& hash_key = record.explicit_hash_key;
      std::cout << ' ' << kcl::wire::base64_encode(record.partition_key) << ','
                << (hash_key ? kcl::wire::base64_encode(*hash_key) : "-") << ','
                << kcl::wire::base64_encode(record.data);
    }
    std::cout << '\n';
  }
}
