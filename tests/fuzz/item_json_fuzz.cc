#include "base/check.h"
#include "fuzz_target.h"
#include "wire/item_json.h"

namespace kcl::fuzz {

void run_one(std::string_view input) {
  const auto item = wire::decode_item(input);
  if (!item) return base::check(!item.error().empty(), "an error says what is wrong");
  const std::string text = wire::encode_item(*item);
  const auto again = wire::decode_item(text);
  base::check(again && *again == *item, "an item is read as it was written");
  // Numbers compare by value: this compares their texts too.
  base::check(wire::encode_item(*again) == text, "an item is written the same again");
}

}  // namespace kcl::fuzz
