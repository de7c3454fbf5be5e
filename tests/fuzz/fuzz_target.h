// A fuzz target defines run_one(): one input, any bytes. It ends by returning or, where a property is broken, by
// base::check(), which libFuzzer and the replay both report with the input's name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kcl::fuzz {

void run_one(std::string_view input);

/// Takes one byte that chooses among ways to go on; 0 when there is none.
inline unsigned take_choice(std::string_view& input) {
  if (input.empty()) return 0;
  const auto choice = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  return choice;
}

}  // namespace kcl::fuzz
