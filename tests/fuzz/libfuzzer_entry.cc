// The name by which libFuzzer knows a fuzz target.
#include "fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kcl::fuzz::run_one({reinterpret_cast<const char*>(data), size});
  return 0;
}
