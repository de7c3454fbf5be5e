// How benches say what they measured: a line for people, or of JSON.
#pragma once

#include <chrono>
#include <string>

namespace kcl::bench {

using Clock = std::chrono::steady_clock;

inline double seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

/// Of this process, so far.
double cpu_seconds();
double cpu_seconds_of_ended_children();

/// Every figure is a line of JSON from now on.
void say_as_json();
bool says_json();
/// Reads the arguments of a bench that has only --json and --quick: true with the latter. Any other ends the process
/// with code 2.
bool wants_quick(const char* bench, int argc, char** argv);
/// `against` and `ratio` may be left out.
void say(const std::string& name, double value, const char* unit, const char* against = nullptr, double ratio = 0);

}  // namespace kcl::bench
