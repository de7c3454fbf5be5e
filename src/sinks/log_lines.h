// Log events as text: pure functions from an event to one line, without its newline.
#pragma once

#include <string>

#include <kcl/log_sink.h>

namespace kcl::sinks {

std::string console_line(const LogEvent& event);
std::string json_line(const LogEvent& event);

}  // namespace kcl::sinks
