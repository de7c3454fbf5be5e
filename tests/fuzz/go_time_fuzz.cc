#include "base/check.h"
#include "fuzz_target.h"
#include "leases/go_time.h"

namespace kcl::fuzz {

void run_one(std::string_view input) {
  const auto time = leases::parse_go_time(input);
  if (!time) return;
  const std::string text = leases::format_go_time(*time);
  base::check(leases::parse_go_time(text) == time, "a time is read as it was written");
  base::check(leases::format_go_time(*time) == text, "a time has one form");
}

}  // namespace kcl::fuzz
