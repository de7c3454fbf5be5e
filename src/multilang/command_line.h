// The command lines that start the daemon: kclpp's own, and the `java` command line that the language clients build, so
// that their launchers work unchanged with kclpp in java's place. Pure.
//
//   kclpp multilang --properties-file F [--log-configuration L] [--lease-format FORMAT] [--check] [--strict]
//   java -cp JARS:FOLDERS software.amazon.kinesis.multilang.MultiLangDaemon --properties-file F
// Source: MultiLangDaemon and MultiLangDaemonArguments of KCL 3; amazon_kclpy_helper.py, kcl-bootstrap, Ruby's
// Rakefile.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kcl/result.h>

namespace kcl::multilang {

struct CommandLine {
  std::string properties_file;
  /// A logback.xml; empty: none.
  std::string log_configuration;
  /// Say what would be done, and end.
  bool check = false;
  /// Warnings are errors.
  bool strict = false;
  bool help = false;
  /// Of kclpp.leaseFormat; empty: as the file has it.
  std::string lease_format;
  /// Where files are looked for before the working directory: the folders of Java's class path.
  std::vector<std::string> folders;
  /// What is odd, and harmless.
  std::vector<std::string> warnings;
};

/// Whether a program called `program` is meant to be java: by its name, or by the arguments of one.
bool is_java_command_line(std::string_view program, std::span<const std::string> arguments);

/// Fails with one line.
Result<CommandLine, std::string> parse_command_line(std::span<const std::string> arguments);

}  // namespace kcl::multilang
