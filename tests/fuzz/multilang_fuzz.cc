#include <optional>
#include <variant>

#include "base/check.h"
#include "fuzz_target.h"
#include "wire/multilang.h"

namespace kcl::fuzz {

void run_one(std::string_view input) {
  const wire::MultilangMessage message = wire::decode_multilang_line(input);
  const auto* request = std::get_if<wire::MultilangCheckpoint>(&message);
  if (request == nullptr) return;
  const std::string reply = wire::multilang_checkpoint_reply(*request, std::nullopt);
  base::check(reply.find_first_of("\r\n") == std::string::npos, "an answer is one line");
  // Its members are those of a request: what is repeated is what was asked.
  base::check(wire::decode_multilang_line(reply) == message, "an answer repeats the request");
}

}  // namespace kcl::fuzz
