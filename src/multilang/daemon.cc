#include "multilang/daemon.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <mutex>
#include <utility>

#include <kcl/errors.h>

#include "base/wall_clock.h"
#include "multilang/children.h"
#include "multilang/logback.h"
#include "multilang/properties.h"
#include "multilang/stderr_writer.h"
#include "worker/hosted_processors.h"

namespace kcl::multilang {

namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr std::size_t kLargestFile = 1UL << 20;

void complain(const std::string& what) { std::fprintf(stderr, "kclpp multilang: %s\n", what.c_str()); }

bool is_file(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode);
}

std::string in_folder(const std::string& folder, const std::string& file) { return folder + '/' + file; }

std::string told_of(const std::string& path, const std::string& what) { return path + ": " + what; }

/// Java looks in its class path first, then in the working directory.
std::string located(const std::string& file, const std::vector<std::string>& folders) {
  if (file.starts_with('/')) return file;
  for (const std::string& folder : folders) {
    const std::string path = in_folder(folder, file);
    if (is_file(path)) return path;
  }
  return file;
}

Result<std::string, std::string> contents_of(const std::string& path) {
  if (!is_file(path)) return Failure{path + ": there is no such file"};
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.is_open() || file.bad()) return Failure{path + ": it cannot be read"};
  if (text.size() > kLargestFile) return Failure{path + ": larger than 1 MiB, which no properties file is"};
  return text;
}

/// As exec would find it.
bool is_executable(const std::string& program, const Variables& variables) {
  if (program.find('/') != std::string::npos) return ::access(program.c_str(), X_OK) == 0 && is_file(program);
  std::string path = variables("PATH").value_or("/bin:/usr/bin");
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    const std::string folder = end == begin ? "." : path.substr(begin, end - begin);
    const std::string found = in_folder(folder, program);
    if (::access(found.c_str(), X_OK) == 0 && is_file(found)) return true;
    begin = end + 1;
  }
  return false;
}

/// What the daemon ended with, told from the strand.
class Failed {
 public:
  void tell(std::string why) {
    const std::lock_guard lock(mutex_);
    if (why_.empty()) why_ = std::move(why);
  }
  std::string why() const {
    const std::lock_guard lock(mutex_);
    return why_;
  }

 private:
  mutable std::mutex mutex_;
  std::string why_;
};

void follow_logback(const CommandLine& line, Settings& settings, DaemonOptions& options) {
  if (line.log_configuration.empty()) return;
  const std::string path = located(line.log_configuration, line.folders);
  const auto text = contents_of(path);
  if (!text) {
    settings.warnings.push_back(text.error());
    return;
  }
  const Logback logback = parse_logback(*text);
  for (const std::string& warning : logback.warnings) settings.warnings.push_back(told_of(path, warning));
  if (logback.level && settings.find("kclpp.logLevel")->source == "default") options.log_level = *logback.level;
}

void log(LogSink& sink, LogLevel level, std::string event, LogFields fields) {
  sink.write({.time = base::wall_now(), .level = level, .name = std::move(event), .fields = std::move(fields)});
}

int work(DaemonOptions options, const Surroundings& around) {
  StderrWriter errors(around.errors);
  const auto sink = log_sink(errors, options.log_level);
  WorkerConfig config = std::move(options.worker);
  config.log = sink;
  const auto in = [&](const ServiceAccess& access) { return access.region.empty() ? config.region : access.region; };
  config.credentials = make_credentials(options.credentials, in(config.kinesis_access));
  config.dynamodb_access.credentials = make_own_credentials(options.dynamodb_credentials, in(config.dynamodb_access));
  config.cloudwatch_access.credentials =
      make_own_credentials(options.cloudwatch_credentials, in(config.cloudwatch_access));
  config.kinesis = around.kinesis;
  config.lease_store = around.lease_store;
  log(*sink, LogLevel::info, "multilang_started",
      {{"application", config.application}, {"stream", config.stream}, {"program", options.child.argv.front()}});

  Children children(errors, options.log_level);
  Failed failed;
  const worker::MakeProcessors make = [&](worker::ProcessorHost host, base::EventLog event_log) {
    return std::make_unique<ChildProcessors>(std::move(host), std::move(event_log), options.child, children,
                                             [&failed](std::string why) { failed.tell(std::move(why)); });
  };
  const auto worker = worker::make_worker(std::move(config), make, {});
  const ShutdownReport report = worker->run();
  std::string why = failed.why().empty() ? report.failure : failed.why();
  std::string how = "in order";
  if (!report.unfinished.empty()) how = "with unfinished shards, whose leases expire by themselves";
  if (!why.empty()) how = "by a failure";
  LogFields fields{{"ended", how}};
  if (!why.empty()) fields.emplace_back("error", why);
  const bool good = report.ok() && why.empty();
  log(*sink, good ? LogLevel::info : LogLevel::error, "multilang_ended", std::move(fields));
  return good ? kDone : kFailed;
}

int prepare_and_work(const CommandLine& line, const Surroundings& around) {
  const std::string path = located(line.properties_file, line.folders);
  const auto text = contents_of(path);
  if (!text) return complain(text.error()), kFailed;
  const auto properties = parse_properties(*text);
  if (!properties) return complain(path + ": " + properties.error()), kFailed;

  Settings settings = gather(*properties, path, around.variables);
  if (!line.lease_format.empty()) settings.values["kclpp.leaseFormat"] = {line.lease_format, "--lease-format"};
  DaemonOptions options = daemon_options(settings);
  for (const std::string& warning : line.warnings) settings.warnings.push_back(warning);
  follow_logback(line, settings, options);
  const auto& argv = options.child.argv;
  if (!argv.empty() && !is_executable(argv.front(), around.variables)) {
    settings.problems.push_back("executableName: '" + argv.front() +
                                "' is not there, or may not be executed: give its path, or set PATH");
  }
  if (line.check) around.print(effective_configuration(settings));
  for (const std::string& warning : settings.warnings) complain(warning);
  for (const std::string& problem : settings.problems) complain(problem);
  if (!settings.problems.empty()) return kFailed;
  if (line.strict && !settings.warnings.empty()) return complain("what is not right is an error by --strict"), kFailed;
  if (line.check) return kDone;
  return work(std::move(options), around);
}

}  // namespace

int run_daemon(const CommandLine& line, const Surroundings& around) {
  try {
    return prepare_and_work(line, around);
  } catch (const ConfigError& wrong) {
    for (const std::string& problem : wrong.problems()) complain(problem);
  } catch (const std::exception& problem) {
    complain(problem.what());
  }
  return kFailed;
}

}  // namespace kcl::multilang
