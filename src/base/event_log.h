// The front of the event log: adds the time and the context fields (worker, stream, shard, epoch) and hands the event
// on. Lives on a strand; what it writes to must not block.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <kcl/log_sink.h>

#include "base/loop.h"

namespace kcl::base {

struct Field {
  std::string_view key;
  LogValue value;

  /// An aggregate is what g++ 12 makes garbage of in coroutines.
  Field(std::string_view name, LogValue said) : key(name), value(std::move(said)) {}
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
  LogFields context_;
};

}  // namespace kcl::base
