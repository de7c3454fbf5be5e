#include "base/check.h"
#include "fuzz_target.h"
#include "operate/lease_export.h"

namespace kcl::fuzz {

void run_one(std::string_view input) {
  const auto exported = operate::parse_export(input);
  if (!exported) return base::check(!exported.error().empty(), "an error says what is wrong");
  const std::string text = operate::render(*exported);
  const auto again = operate::parse_export(text);
  base::check(again && operate::render(*again) == text, "an export is read as it was written");
}

}  // namespace kcl::fuzz
