#include "base/event_log.h"

namespace kcl {

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      break;
  }
  return "error";
}

namespace base {

EventLog EventLog::with(std::initializer_list<Field> context) const {
  EventLog log = *this;
  for (const Field& field : context) log.context_.emplace_back(field.key, field.value);
  return log;
}

void EventLog::write(LogLevel level, std::string_view name, std::initializer_list<Field> fields) const {
  LogEvent event{.time = loop_->wall(), .level = level, .name = std::string(name), .fields = {}};
  event.fields.reserve(fields.size() + context_.size());
  for (const Field& field : fields) event.fields.emplace_back(field.key, field.value);
  event.fields.insert(event.fields.end(), context_.begin(), context_.end());
  emit_(std::move(event));
}

}  // namespace base

}  // namespace kcl
