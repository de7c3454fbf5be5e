#include "multilang/command_line.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace kcl::multilang {

namespace {

constexpr std::array<std::string_view, 2> kDaemonClasses{"software.amazon.kinesis.multilang.MultiLangDaemon",
                                                         "com.amazonaws.services.kinesis.multilang.MultiLangDaemon"};

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_class_path_option(std::string_view word) { return is_one_of(word, {"-cp", "-classpath", "--class-path"}); }

bool is_daemon_class(std::string_view word) {
  return std::find(kDaemonClasses.begin(), kDaemonClasses.end(), word) != kDaemonClasses.end();
}

bool is_java_only(std::string_view word) {
  return word.starts_with("-D") || word.starts_with("-X") || word.starts_with("-javaagent:") ||
         is_one_of(word, {"-server", "-client", "-ea", "-enableassertions"});
}

/// A class name: words of letters between dots, no slash.
bool looks_like_a_class(std::string_view word) {
  return word.find('/') == std::string_view::npos && std::count(word.begin(), word.end(), '.') >= 2 &&
         word.find(".properties") == std::string_view::npos;
}

class Parser {
 public:
  explicit Parser(std::span<const std::string> arguments) : rest_(arguments) {}

  Result<CommandLine, std::string> parse() {
    while (!rest_.empty() && error_.empty()) {
      const std::string& word = rest_.front();
      rest_ = rest_.subspan(1);
      take(word);
    }
    if (error_.empty() && !line_.help) settle_file();
    if (!error_.empty()) return Failure{error_};
    return std::move(line_);
  }

 private:
  void take(const std::string& word) {
    const auto equals = word.starts_with("--") ? word.find('=') : std::string::npos;
    const std::string name = word.substr(0, equals);
    if (equals != std::string::npos) inline_value_ = word.substr(equals + 1);
    if (is_one_of(name, {"-p", "--properties-file"})) {
      set(file_, name);
    } else if (is_one_of(name, {"-l", "--log-configuration"})) {
      set(line_.log_configuration, name);
    } else if (name == "--lease-format") {
      set(line_.lease_format, name);
    } else if (is_class_path_option(name)) {
      std::string path;
      set(path, name);
      take_class_path(path);
    } else if (name == "--check") {
      line_.check = true;
    } else if (name == "--strict") {
      line_.strict = true;
    } else if (is_one_of(name, {"-h", "--help"})) {
      line_.help = true;
    } else if (is_daemon_class(word) || is_java_only(word)) {
      return;
    } else if (word.starts_with('-')) {
      error_ = "there is no option '" + name + "'";
    } else if (looks_like_a_class(word)) {
      error_ = "kclpp can stand for the class " + std::string(kDaemonClasses.front()) + ", not for '" + word + "'";
    } else {
      positional_.push_back(word);
    }
    if (error_.empty() && inline_value_) error_ = "'" + name + "' takes no value";
  }

  void set(std::string& value, const std::string& name) {
    if (inline_value_) {
      value = *std::exchange(inline_value_, std::nullopt);
    } else if (!rest_.empty()) {
      value = rest_.front();
      rest_ = rest_.subspan(1);
    } else {
      error_ = "'" + name + "' needs a value";
    }
  }

  void take_class_path(std::string_view path) {
    while (!path.empty()) {
      const auto colon = path.find(':');
      const std::string_view entry = path.substr(0, colon);
      const bool jars = entry.ends_with(".jar") || entry.ends_with('*');
      if (!entry.empty() && !jars) line_.folders.emplace_back(entry);
      path.remove_prefix(colon == std::string_view::npos ? path.size() : colon + 1);
    }
  }

  void settle_file() {
    if (positional_.size() > 1) {
      error_ = "more than one properties file: " + positional_[0] + " and " + positional_[1];
    } else if (!file_.empty() && !positional_.empty()) {
      line_.warnings.push_back("'" + positional_.front() + "' is passed over: --properties-file goes before it");
    } else if (file_.empty() && !positional_.empty()) {
      file_ = positional_.front();
    }
    if (error_.empty() && file_.empty()) error_ = "name the properties file: --properties-file FILE";
    line_.properties_file = file_;
  }

  std::span<const std::string> rest_;
  CommandLine line_;
  std::string file_;
  std::optional<std::string> inline_value_;
  std::vector<std::string> positional_;
  std::string error_;
};

}  // namespace

bool is_java_command_line(std::string_view program, std::span<const std::string> arguments) {
  const auto slash = program.rfind('/');
  if ((slash == std::string_view::npos ? program : program.substr(slash + 1)) == "java") return true;
  return std::any_of(arguments.begin(), arguments.end(), is_daemon_class) ||
         (!arguments.empty() && is_class_path_option(arguments.front()));
}

Result<CommandLine, std::string> parse_command_line(std::span<const std::string> arguments) {
  return Parser(arguments).parse();
}

}  // namespace kcl::multilang
