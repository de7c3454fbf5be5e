// kclpp's events to the logger that a program has already. Events have a level, a stable name and fields; the sink is
// called by one thread of kclpp's own, so that a slow logger delays no shard.
#include <kcl/kcl.h>
#include <kcl/testing/embedded_stream.h>

#include <iostream>
#include <memory>
#include <string>

namespace {

/// Stands for the program's own logger.
void company_log(const char* severity, const std::string& message) { std::cout << severity << ' ' << message << '\n'; }

class CompanyLog final : public kcl::LogSink {
 public:
  void write(const kcl::LogEvent& event) override {
    // Of the life of leases; what is not named here is for another day.
    if (event.name != "lease_taken" && event.name != "lease_released" && event.level < kcl::LogLevel::warning) return;
    std::string message = event.name;
    for (const auto& [name, value] : event.fields) {
      if (name == "shard" || name == "stream") message += ' ' + name + '=' + value.text();
    }
    company_log(severity_of(event.level), message);
  }

 private:
  static const char* severity_of(kcl::LogLevel level) {
    switch (level) {
      case kcl::LogLevel::debug:
        return "DEBUG";
      case kcl::LogLevel::info:
        return "NOTICE";
      case kcl::LogLevel::warning:
        return "WARN";
      case kcl::LogLevel::error:
        break;
    }
    return "ALERT";
  }
};

}  // namespace

int main() {
  kcl::testing::EmbeddedStream orders({.name = "orders"});
  orders.put("customer-7", "a pear").value();

  kcl::WorkerConfig config{.stream = "orders", .initial_position = kcl::InitialPosition::trim_horizon()};
  config.kinesis = orders.kinesis();
  config.log = std::make_shared<CompanyLog>();
  config.stop_when_caught_up = true;
  return kcl::consume(config, [](const kcl::Record&) {});
}
