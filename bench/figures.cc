#include "figures.h"

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <thread>

namespace kcl::bench {

namespace {

bool as_json = false;

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double cpu_seconds_of(int who) {
  rusage use{};
  ::getrusage(who, &use);
  return seconds_of(use.ru_utime) + seconds_of(use.ru_stime);
}

/// "AMD EPYC 9R14, 2 cores"
const std::string& machine() {
  static const std::string name = [] {
    std::ifstream cpus("/proc/cpuinfo");
    std::string model = "unknown processor";
    for (std::string line; std::getline(cpus, line);) {
      if (!line.starts_with("model name")) continue;
      model = line.substr(line.find(':') + 2);
      break;
    }
    std::erase(model, '"');
    return model + ", " + std::to_string(std::thread::hardware_concurrency()) + " cores";
  }();
  return name;
}

}  // namespace

double cpu_seconds() { return cpu_seconds_of(RUSAGE_SELF); }
double cpu_seconds_of_ended_children() { return cpu_seconds_of(RUSAGE_CHILDREN); }

void say_as_json() { as_json = true; }
bool says_json() { return as_json; }

bool wants_quick(const char* bench, int argc, char** argv) {
  bool quick = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--json") {
      say_as_json();
    } else if (argument == "--quick") {
      quick = true;
    } else {
      std::fprintf(stderr, "bench %s: unknown argument %s; scripts/bench --help has them\n", bench, argv[i]);
      std::exit(2);
    }
  }
  return quick;
}

void say(const std::string& name, double value, const char* unit, const char* against, double ratio) {
  if (as_json) {
    std::printf(R"({"name":"%s","value":%.4g,"unit":"%s")", name.c_str(), value, unit);
    if (against != nullptr) std::printf(R"(,"against":"%s","ratio":%.3g)", against, ratio);
    std::printf(",\"machine\":\"%s\"}\n", machine().c_str());
  } else {
    std::printf("%-44s %10.4g %-9s", name.c_str(), value, unit);
    if (against != nullptr) std::printf(" %6.2f x %s", ratio, against);
    std::printf("\n");
  }
  std::fflush(stdout);
}

}  // namespace kcl::bench
