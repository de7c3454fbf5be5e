#include <algorithm>
#include <array>

#include "base/check.h"
#include "fuzz_target.h"
#include "wire/aws_error.h"
#include "wire/item_json.h"

namespace kcl::fuzz {

void run_one(std::string_view input) {
  constexpr std::array<std::string_view, 4> kTypes{"application/x-amz-json-1.1", "application/x-amz-cbor-1.1",
                                                   "text/html", ""};
  const unsigned choice = take_choice(input);
  const std::string_view header = (choice & 4) != 0 ? input.substr(0, input.find('\n')) : std::string_view();
  const wire::AwsError error =
      wire::parse_aws_error({.status = 400, .content_type = kTypes[choice & 3], .error_type = header, .body = input});

  const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
  base::check(!error.message.empty() && error.message.size() <= 500, "there is a message, and it is short");
  base::check(std::all_of(error.message.begin(), error.message.end(), printable), "the message is printable");
  base::check(error.code.find_first_of("#: <") == std::string::npos, "the code is a bare name");
  if (!error.item) return;
  const auto again = wire::decode_item(wire::encode_item(*error.item));
  base::check(again && *again == *error.item, "the row round-trips");
}

}  // namespace kcl::fuzz
