#include "consumer/row_status.h"
#include "fuzz_target.h"

namespace kcl::fuzz {

void run_one(std::string_view input) { static_cast<void>(consumer::parse_row_status(input)); }

}  // namespace kcl::fuzz
