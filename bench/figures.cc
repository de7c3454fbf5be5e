#include "figures.h"

#include <sys/resource.h>

#include <cstdio>

namespace kcl::bench {

namespace {

bool as_json = false;

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

}  // namespace

double cpu_seconds() {
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  return seconds_of(use.ru_utime) + seconds_of(use.ru_stime);
}

void say_as_json() { as_json = true; }
bool says_json() { return as_json; }

void say(const std::string& name, double value, const char* unit, const char* against, double ratio) {
  if (as_json) {
    std::printf(R"({"name":"%s","value":%.4g,"unit":"%s")", name.c_str(), value, unit);
    if (against != nullptr) std::printf(R"(,"against":"%s","ratio":%.3g)", against, ratio);
    std::printf("}\n");
  } else {
    std::printf("%-44s %10.4g %-9s", name.c_str(), value, unit);
    if (against != nullptr) std::printf(" %6.2f x %s", ratio, against);
    std::printf("\n");
  }
  std::fflush(stdout);
}

}  // namespace kcl::bench
