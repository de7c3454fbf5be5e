#include <string>
#include <vector>

#include "base/check.h"
#include "fuzz_target.h"
#include "wire/cbor.h"

namespace kcl::fuzz {
namespace {

using wire::CborReader;
using wire::CborType;
using wire::CborWriter;

std::string copy_of_next(CborReader& reader);

std::vector<std::string> copies_of_rest(CborReader& reader) {
  std::vector<std::string> items;
  while (reader.more()) items.push_back(copy_of_next(reader));
  return items;
}

/// The next item, written anew. The reader bounds how deep this recurses.
std::string copy_of_next(CborReader& reader) {
  std::string out;
  CborWriter writer(out);
  std::string joined;
  switch (reader.peek()) {
    case CborType::integer:
      writer.integer(reader.integer());
      break;
    case CborType::floating:
      writer.number(reader.number());
      break;
    case CborType::bytes:
      writer.bytes(reader.bytes(joined));
      break;
    case CborType::text:
      writer.text(reader.text(joined));
      break;
    case CborType::boolean:
      writer.boolean(reader.boolean());
      break;
    case CborType::array:
    case CborType::map: {
      const bool map = reader.peek() == CborType::map;
      map ? reader.enter_map() : reader.enter_array();
      const auto items = copies_of_rest(reader);
      map ? writer.map(items.size() / 2) : writer.array(items.size());
      for (const std::string& item : items) out += item;
      break;
    }
    case CborType::null:
    case CborType::other:
      reader.skip();
      writer.null();
      break;
    case CborType::end:
      reader.skip();
      break;
  }
  return out;
}

}  // namespace

void run_one(std::string_view input) {
  CborReader skipper(input);
  skipper.skip();
  base::check(skipper.offset() <= input.size(), "the reader stays inside its input");

  CborReader reader(input);
  const std::string copy = copy_of_next(reader);
  if (!reader.ok()) return;
  base::check(skipper.ok() && skipper.offset() == reader.offset(), "what can be read can be skipped");

  CborReader again(copy);
  const std::string second = copy_of_next(again);
  again.finish();
  base::check(again.ok(), "what the writer writes, the reader reads");
  base::check(second == copy, "what was read back is what was written");
}

}  // namespace kcl::fuzz
