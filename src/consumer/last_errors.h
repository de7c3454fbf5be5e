// What went wrong with a shard, by kind: each error is over with the next success of its kind. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace kcl::consumer {

class LastErrors {
 public:
  enum class Kind : std::uint8_t { parents, renewal, checkpoint, callback, dead_letter, ending, restart };

  void note(Kind kind, std::string text) {
    over(kind);
    errors_.emplace_back(kind, std::move(text));
  }
  void over(Kind kind) {
    std::erase_if(errors_, [kind](const auto& error) { return error.first == kind; });
  }
  /// Of those that are not over; empty without one.
  std::string newest() const { return errors_.empty() ? std::string() : errors_.back().second; }

 private:
  /// In the order in which they were noted.
  std::vector<std::pair<Kind, std::string>> errors_;
};

}  // namespace kcl::consumer
