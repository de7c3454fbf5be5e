#include "worker/runtime.h"

#include <kcl/errors.h>

#include "worker/config_check.h"

namespace kcl {

Runtime::Runtime(Options options) {
  auto problems = worker::problems_of(options);
  if (!problems.empty()) throw ConfigError(std::move(problems));
  impl_ = std::make_shared<Impl>(options);
}

Runtime::~Runtime() = default;

}  // namespace kcl
