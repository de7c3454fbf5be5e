// The AWS tools' shared files, ~/.aws/config and ~/.aws/credentials.
//
// parse_config() is pure and takes any bytes: it answers with sections or with one line that names the file and the
// line. Messages never repeat what a line holds: that may be a secret.
//
// The dialect is that of the AWS SDKs and of the CLI where these agree:
//  - Sections are [default] and, in the config file, [profile x], [services x], [sso-session x]; in the credentials
//  file
//    [x]. Others are passed over. [profile default] replaces [default]. A section that is there twice is one section.
//  - `key = value`. Keys do not distinguish case, the last of the same name counts. Spaces around either are dropped.
//  - A line that starts with a blank goes on with the value before it; if that is empty, it is a nested `key = value`.
//  - Lines whose first character past blanks is # or ; are comments, and so is what follows a blank and # or ; in a
//  value.
//  - CR LF, a byte order mark and empty lines change nothing.
// Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files", "Format of the config file".
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <kcl/result.h>

#include "aws/environment.h"

namespace kcl::aws {

inline constexpr std::size_t kMaxConfigFileSize = 1U << 20U;

struct Setting {
  std::string value;
  /// "/home/me/.aws/config:12", for messages.
  std::string where;
  /// Of an empty value: its nested lines.
  std::map<std::string, std::string, std::less<>> nested;
};

using Section = std::map<std::string, Setting, std::less<>>;
using Sections = std::map<std::string, Section, std::less<>>;

struct ConfigFile {
  Sections profiles;
  Sections services;
  Sections sso_sessions;
};

enum class FileKind : std::uint8_t { config, credentials };

/// `path` is for messages.
Result<ConfigFile, std::string> parse_config(std::string_view text, FileKind kind, const std::string& path);

/// What both files say of one profile.
struct Profile {
  std::string name;
  /// "AWS_PROFILE"; empty when it is "default" because nobody chose.
  std::string chosen_by;
  /// Empty when there is no HOME to look in.
  std::string config_path;
  std::string credentials_path;
  Section config;
  Section credentials;
  /// The [services x] section that the profile names.
  Section services;
  /// The [sso-session x] section that the profile names, if there is one.
  std::optional<Section> sso_session;

  /// From the credentials file, then the config file; an empty value counts as none.
  const Setting* find(std::string_view key) const;
  /// "profile 'x' (/home/me/.aws/credentials, /home/me/.aws/config)", for messages.
  std::string described() const;
};

/// Reads both files. `profile` empty: AWS_PROFILE, AWS_DEFAULT_PROFILE, "default". Fails when a file is not readable or
/// not valid, when one that a variable names is missing, and when a profile that somebody chose is in neither.
Result<Profile, std::string> load_profile(const std::string& profile, const Environment& environment);

}  // namespace kcl::aws
