// Environment variables as they were when the program looked: read once, so that no later setenv() races with a look,
// and so that tests bring their own.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace kcl::aws {

class Environment {
 public:
  using Variables = std::map<std::string, std::string, std::less<>>;

  explicit Environment(Variables variables) : variables_(std::move(variables)) {}
  /// Of this process: HOME and what starts with AWS_.
  static Environment of_process();

  /// A variable that is set to nothing counts as not set, as with the AWS tools.
  std::optional<std::string> get(std::string_view name) const;

 private:
  Variables variables_;
};

}  // namespace kcl::aws
