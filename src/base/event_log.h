// The front of the event log: adds the time and the context fields (worker, stream, shard, epoch) and hands the event
// on. Lives on a strand; what it writes to must not block.
#pragma once

#include <concepts>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kcl/log_sink.h>

#include "base/loop.h"

namespace kcl::base {

struct Field {
  std::string_view key;
  std::string value;

  Field(std::string_view name, std::string text) : key(name), value(std::move(text)) {}
  Field(std::string_view name, std::string_view text) : key(name), value(text) {}
  Field(std::string_view name, const char* text) : key(name), value(text) {}
  Field(std::string_view name, std::integral auto number) : key(name), value(std::to_string(number)) {}
};

class EventLog {
 public:
  using Emit = std::function<void(LogEvent)>;
  EventLog(const Loop& loop, Emit emit) : loop_(&loop), emit_(std::move(emit)) {}

  /// The same log with more context.
  EventLog with(std::initializer_list<Field> context) const;

  void debug(std::string_view name, std::initializer_list<Field> fields = {}) const {
    write(LogLevel::debug, name, fields);
  }
  void info(std::string_view name, std::initializer_list<Field> fields = {}) const {
    write(LogLevel::info, name, fields);
  }
  void warning(std::string_view name, std::initializer_list<Field> fields = {}) const {
    write(LogLevel::warning, name, fields);
  }
  void error(std::string_view name, std::initializer_list<Field> fields = {}) const {
    write(LogLevel::error, name, fields);
  }

 private:
  void write(LogLevel level, std::string_view name, std::initializer_list<Field> fields) const;

  const Loop* loop_;
  Emit emit_;
  std::vector<std::pair<std::string, std::string>> context_;
};

}  // namespace kcl::base
