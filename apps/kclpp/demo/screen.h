// Shows the demo's fleet living: in a terminal a picture that is drawn again and again, elsewhere a line now and then.
#pragma once

#include <cstdint>
#include <string>

#include "demo/fleet.h"
#include "demo/ledger.h"

namespace kclpp::demo {

class Screen {
 public:
  enum class Kind : std::uint8_t {
    none,      ///< --json: stdout is for the result, stderr for errors
    lines,     ///< not a terminal
    terminal,  ///< redrawn in place
  };
  explicit Screen(Kind kind) : kind_(kind) {}
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  /// Call often: it draws when it is time to, or at once when told. `title` says what is going on.
  void refresh(const Fleet& fleet, const Ledger& ledger, const std::string& title, double elapsed_seconds,
               bool at_once = false);

 private:
  void draw(const Fleet& fleet, const Ledger::Counts& counts, const std::string& title, double elapsed_seconds);

  Kind kind_;
  double last_drawn_ = -1e9;
  std::uint64_t delivered_before_ = 0;
  double rate_ = 0;
  std::size_t lines_drawn_ = 0;
  std::uint64_t events_seen_ = 0;
};

}  // namespace kclpp::demo
