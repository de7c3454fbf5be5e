#include "aws/config_file.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "aws/small_file.h"
#include "base/ascii.h"
#include "base/text.h"

namespace kcl::aws {

namespace {

constexpr std::string_view kBlanks = " \t\v\f";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool is_blank(char c) { return kBlanks.find(c) != std::string_view::npos; }
bool starts_comment(char c) { return c == '#' || c == ';'; }

/// A value without the comment that a blank sets apart from it.
std::string_view without_comment(std::string_view value) {
  for (std::size_t i = 1; i < value.size(); ++i) {
    if (starts_comment(value[i]) && is_blank(value[i - 1])) return trimmed(value.substr(0, i));
  }
  return !value.empty() && starts_comment(value.front()) ? std::string_view() : value;
}

std::string_view unquoted(std::string_view name) {
  const bool quoted = name.size() >= 2 && (name.front() == '"' || name.front() == '\'') && name.back() == name.front();
  return quoted ? name.substr(1, name.size() - 2) : name;
}

class Parser {
 public:
  Parser(FileKind kind, const std::string& path) : kind_(kind), path_(path) {}

  Result<ConfigFile, std::string> parse(std::string_view text) {
    if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) text.remove_prefix(kByteOrderMark.size());
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      std::string_view line = text.substr(0, end);
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      text.remove_prefix(std::min(end + 1, text.size()));
      ++line_;
      if (const char* wrong = take(line)) return Failure{where() + ": " + wrong};
    }
    if (default_) file_.profiles["default"] = std::move(*default_);
    return std::move(file_);
  }

 private:
  std::string where() const { return path_ + ":" + std::to_string(line_); }

  /// What is wrong with the line, or nothing.
  const char* take(std::string_view line) {
    const std::string_view content = trimmed(line);
    if (content.empty() || starts_comment(content.front())) return nullptr;
    if (is_blank(line.front())) return go_on(content);
    setting_ = nullptr;
    return line.front() == '[' ? begin_section(content) : take_setting(content);
  }

  const char* begin_section(std::string_view line) {
    const std::size_t end = line.find(']');
    if (end == std::string_view::npos) return "this section's name is not closed: add ']'";
    const std::string_view rest = trimmed(line.substr(end + 1));
    if (!rest.empty() && !starts_comment(rest.front())) return "nothing but a comment may follow a section's name";
    const std::string_view name = trimmed(line.substr(1, end - 1));
    if (name.empty()) return "this section has no name";
    in_section_ = true;
    section_ = section_named(name);
    return nullptr;
  }

  /// Nothing for sections that are none of ours.
  Section* section_named(std::string_view name) {
    const auto blank = std::find_if(name.begin(), name.end(), is_blank);
    const std::string_view type = name.substr(0, static_cast<std::size_t>(blank - name.begin()));
    const std::string_view rest = unquoted(trimmed(name.substr(type.size())));
    if (kind_ == FileKind::credentials) {
      return type == "profile" && !rest.empty() ? nullptr : &file_.profiles[std::string(unquoted(name))];
    }
    if (name == "default") return &file_.profiles["default"];
    if (rest.empty()) return nullptr;
    if (type == "services") return &file_.services[std::string(rest)];
    if (type == "sso-session") return &file_.sso_sessions[std::string(rest)];
    if (type != "profile") return nullptr;
    if (rest != "default") return &file_.profiles[std::string(rest)];
    if (!default_) default_.emplace();
    return &*default_;
  }

  const char* take_setting(std::string_view line) {
    if (!in_section_) return "a setting needs a section before it, such as [default]";
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return "neither a [section] nor `key = value`";
    const std::string key = base::lower_case(trimmed(line.substr(0, equals)));
    if (key.empty()) return "this setting has no name before its '='";
    setting_ = section_ == nullptr ? &passed_over_ : &(*section_)[key];
    *setting_ = {
        .value = std::string(without_comment(trimmed(line.substr(equals + 1)))), .where = where(), .nested = {}};
    return nullptr;
  }

  const char* go_on(std::string_view line) {
    if (setting_ == nullptr)
      return "a line that starts with a blank goes on with a setting, and there is none before it";
    if (!setting_->value.empty()) {
      setting_->value += '\n';
      setting_->value += line;
      return nullptr;
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return "this nested setting is no `key = value`";
    const std::string key = base::lower_case(trimmed(line.substr(0, equals)));
    if (key.empty()) return "this nested setting has no name before its '='";
    setting_->nested[key] = without_comment(trimmed(line.substr(equals + 1)));
    return nullptr;
  }

  const FileKind kind_;
  const std::string& path_;
  ConfigFile file_;
  /// [profile default], which goes before [default] wherever it stands.
  std::optional<Section> default_;
  bool in_section_ = false;
  /// Null in a section that is passed over.
  Section* section_ = nullptr;
  /// The one that a line starting with a blank goes on with.
  Setting* setting_ = nullptr;
  Setting passed_over_;
  std::size_t line_ = 0;
};

struct Location {
  std::string path;
  /// The variable that says so; empty for the usual place.
  std::string named_by;
};

/// With a leading ~ replaced, as the AWS CLI does.
std::string expanded(const std::string& path, const Environment& environment) {
  const auto home = environment.get("HOME");
  return home && (path == "~" || path.substr(0, 2) == "~/") ? *home + path.substr(1) : path;
}

Location locate(const std::string& variable, const std::string& usual, const Environment& environment) {
  if (const auto path = environment.get(variable)) return {expanded(*path, environment), variable};
  return {environment.get("HOME") ? expanded(usual, environment) : "", ""};
}

std::string unreadable(const Location& location, const std::string& why) {
  return location.path + (location.named_by.empty() ? "" : " (" + location.named_by + ")") + ": " + why;
}

Result<ConfigFile, std::string> load(const Location& location, FileKind kind) {
  if (location.path.empty()) return ConfigFile{};
  const auto text = read_small_file(location.path, kMaxConfigFileSize);
  if (text) return parse_config(*text, kind, location.path);
  const int error = text.error();
  // ENOTDIR, too: /nonexistent as HOME may be a file.
  if ((error == ENOENT || error == ENOTDIR) && location.named_by.empty()) return ConfigFile{};
  if (error == EFBIG) return Failure{unreadable(location, "larger than 1 MiB: this is no AWS configuration file")};
  return Failure{unreadable(location, "cannot be read: " + base::error_text(error))};
}

Section section_of(const Sections& sections, std::string_view name) {
  const auto found = sections.find(name);
  return found == sections.end() ? Section{} : found->second;
}

/// What the profile's `services` names. A name that leads nowhere would send requests to the wrong place.
Result<Section, std::string> services_of(const Profile& profile, const ConfigFile& config) {
  const Setting* name = profile.find("services");
  if (name == nullptr) return Section{};
  const auto found = config.services.find(name->value);
  if (found != config.services.end()) return found->second;
  return Failure{name->where + ": there is no section [services " + name->value + "]"};
}

void choose(Profile& profile, const std::string& explicitly, const Environment& environment) {
  profile.name = explicitly;
  if (!explicitly.empty()) {
    profile.chosen_by = "the configuration";
    return;
  }
  for (const char* variable : {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}) {
    if (const auto name = environment.get(variable)) {
      profile.name = *name;
      profile.chosen_by = variable;
      return;
    }
  }
  profile.name = "default";
}

std::string files_of(const Profile& profile) {
  if (profile.credentials_path.empty() && profile.config_path.empty()) return "no file: HOME is not set";
  if (profile.credentials_path.empty()) return profile.config_path;
  if (profile.config_path.empty()) return profile.credentials_path;
  return profile.credentials_path + ", " + profile.config_path;
}

}  // namespace

Result<ConfigFile, std::string> parse_config(std::string_view text, FileKind kind, const std::string& path) {
  return Parser(kind, path).parse(text);
}

const Setting* Profile::find(std::string_view key) const {
  for (const Section* section : {&credentials, &config}) {
    const auto found = section->find(key);
    if (found != section->end() && !found->second.value.empty()) return &found->second;
  }
  return nullptr;
}

std::string Profile::described() const { return "profile '" + name + "' (" + files_of(*this) + ")"; }

Result<Profile, std::string> load_profile(const std::string& profile, const Environment& environment) {
  const Location config_location = locate("AWS_CONFIG_FILE", "~/.aws/config", environment);
  const Location credentials_location = locate("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", environment);
  auto config = load(config_location, FileKind::config);
  if (!config) return Failure{std::move(config).error()};
  auto credentials = load(credentials_location, FileKind::credentials);
  if (!credentials) return Failure{std::move(credentials).error()};

  Profile loaded;
  choose(loaded, profile, environment);
  loaded.config_path = config_location.path;
  loaded.credentials_path = credentials_location.path;
  const bool known = config->profiles.count(loaded.name) + credentials->profiles.count(loaded.name) > 0;
  if (!known && loaded.name != "default") {
    return Failure{"profile '" + loaded.name + "' (from " + loaded.chosen_by +
                   ") is in no file that was read: " + files_of(loaded)};
  }
  loaded.config = section_of(config->profiles, loaded.name);
  loaded.credentials = section_of(credentials->profiles, loaded.name);
  auto services = services_of(loaded, *config);
  if (!services) return Failure{std::move(services).error()};
  loaded.services = *std::move(services);
  if (const Setting* session = loaded.find("sso_session")) {
    if (const auto found = config->sso_sessions.find(session->value); found != config->sso_sessions.end()) {
      loaded.sso_session = found->second;
    }
  }
  return loaded;
}

}  // namespace kcl::aws
