#include "worker/log_limit.h"

#include <algorithm>
#include <string_view>

namespace kcl::worker {

namespace {

bool is_of_the_worker(std::string_view field) { return field == "worker" || field == "stream"; }

std::string said_by(const LogEvent& event) {
  std::string said;
  for (const auto& [field, value] : event.fields) {
    if (field == "worker" || field == "epoch") continue;
    said += field;
    said += '=';
    said += value.text();
    said += '\n';
  }
  return said;
}

LogFields context_of(const LogEvent& event) {
  LogFields context;
  for (const auto& field : event.fields) {
    if (is_of_the_worker(field.first)) context.push_back(field);
  }
  return context;
}

/// Of a worker of several streams, lines of the same name may be about different ones.
void keep_common(LogFields& context, const LogEvent& event) {
  const auto differs = [&event](const auto& field) {
    return std::ranges::none_of(event.fields, [&field](const auto& other) {
      return other.first == field.first && other.second.text() == field.second.text();
    });
  };
  std::erase_if(context, differs);
}

}  // namespace

bool LogLimit::admit(const LogEvent& event, base::BootTime now) {
  if (event.level < LogLevel::warning) return true;
  const auto [entry, is_new] = names_.try_emplace(event.name);
  OfName& of_name = entry->second;
  if (is_new) {
    of_name.ends = now + kWindow;
    of_name.context = context_of(event);
  }
  keep_common(of_name.context, event);
  const std::size_t most = event.level == LogLevel::error ? kErrors : kWarnings;
  if (of_name.passed >= most) {
    ++of_name.left_out;
    return false;
  }
  std::size_t& alike = of_name.alike[said_by(event)];
  if (alike >= kAlike) {
    ++of_name.left_out;
    return false;
  }
  ++alike;
  ++of_name.passed;
  return true;
}

std::optional<base::BootTime> LogLimit::due() const {
  std::optional<base::BootTime> first;
  for (const auto& [name, of_name] : names_) {
    if (of_name.left_out > 0 && (!first || of_name.ends < *first)) first = of_name.ends;
  }
  return first;
}

std::vector<LogEvent> LogLimit::take_left_out(Timestamp wall, base::BootTime now) {
  std::vector<LogEvent> told;
  std::erase_if(names_, [&](const auto& entry) {
    const auto& [name, of_name] = entry;
    if (now < of_name.ends) return false;
    if (of_name.left_out > 0) {
      LogEvent event{.time = wall, .level = LogLevel::warning, .name = "log_repeats_left_out", .fields = {}};
      event.fields = {{"repeated", name}, {"count", of_name.left_out}};
      event.fields.insert(event.fields.end(), of_name.context.begin(), of_name.context.end());
      told.push_back(std::move(event));
    }
    return true;
  });
  return told;
}

}  // namespace kcl::worker
