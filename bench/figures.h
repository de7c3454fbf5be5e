// How benches say what they measured: a line for people, or of JSON.
#pragma once

#include <chrono>
#include <string>

namespace kcl::bench {

using Clock = std::chrono::steady_clock;

inline double seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

/// Of this process, so far.
double cpu_seconds();

/// Every figure is a line of JSON from now on.
void say_as_json();
bool says_json();
/// `against` and `ratio` may be left out.
void say(const std::string& name, double value, const char* unit, const char* against = nullptr, double ratio = 0);

}  // namespace kcl::bench
