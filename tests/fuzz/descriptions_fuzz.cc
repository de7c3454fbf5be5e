#include "base/check.h"
#include "fuzz_target.h"
#include "wire/descriptions.h"

namespace kcl::fuzz {

void run_one(std::string_view input) {
  const auto stream = wire::decode_stream_facts(input);
  const auto table = wire::decode_table_facts(input);
  const auto consumers = wire::decode_consumer_facts(input);
  base::check(consumers || !consumers.error().empty(), "an error says what is wrong");
  base::check(stream || !stream.error().empty(), "an error says what is wrong");
  base::check(table || !table.error().empty(), "an error says what is wrong");
}

}  // namespace kcl::fuzz
