#include "aws/config_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "unit/aws/home.h"

namespace kcl::aws {
namespace {

ConfigFile parsed(const std::string& text, FileKind kind = FileKind::config) {
  auto file = parse_config(text, kind, "config");
  EXPECT_TRUE(file) << (file ? "" : file.error());
  return file ? *std::move(file) : ConfigFile{};
}

std::string value(const ConfigFile& file, const std::string& profile, const std::string& key) {
  const auto section = file.profiles.find(profile);
  if (section == file.profiles.end()) return "(no profile)";
  const auto setting = section->second.find(key);
  return setting == section->second.end() ? "(no setting)" : setting->second.value;
}

struct ValueCase {
  std::string text;
  std::string profile;
  std::string key;
  std::string value;
};

const std::vector<ValueCase> kConfigFileValues = {
    {"[default]\nregion = us-east-1\n", "default", "region", "us-east-1"},
    {"[default]\nregion=us-east-1", "default", "region", "us-east-1"},
    {"[profile x]\nregion = a\n[profile y]\nregion = b", "y", "region", "b"},
    {"[profile x]\nregion = a\n[profile y]\nregion = b", "x", "region", "a"},
    {"[x]\nregion = a", "x", "region", "(no profile)"},
    {"[\tprofile \t x ]  # comment\nregion = a", "x", "region", "a"},
    {"[profile \"two words\"]\nregion = a", "two words", "region", "a"},
    {"[profile a.b/c@d:e+f]\nregion = a", "a.b/c@d:e+f", "region", "a"},
    // Whichever stands first.
    {"[profile default]\nregion = a\n[default]\nregion = b", "default", "region", "a"},
    {"[default]\nregion = b\nother = c\n[profile default]\nregion = a", "default", "region", "a"},
    {"[default]\nregion = b\nother = c\n[profile default]\nregion = a", "default", "other", "(no setting)"},
    {"[default]\nregion = a\nregion = b", "default", "region", "b"},
    {"[default]\nregion = a\n[profile x]\n[default]\noutput = b", "default", "region", "a"},
    {"[default]\nRegion = A", "default", "region", "A"},
    {"[default]\nregion =", "default", "region", ""},
    {"[default]\nkey = a=b==", "default", "key", "a=b=="},
    {"[default]\n# c\n; c\n  # c\nregion = a\n", "default", "region", "a"},
    {"[default]\nregion = a # c", "default", "region", "a"},
    {"[default]\nregion = a\t; c", "default", "region", "a"},
    {"[default]\nregion = a#b;c", "default", "region", "a#b;c"},
    {"[default]\nregion = # c", "default", "region", ""},
    {"[default] ; c\r\nregion = a\r\n\r\nother = b\r\n", "default", "other", "b"},
    {"\xEF\xBB\xBF[default]\nregion = a", "default", "region", "a"},
    {"\n \t \n[default]\n\n  \nregion = a", "default", "region", "a"},
    {"[default]\nkey = one\n  two # kept\n\tthree", "default", "key", "one\ntwo # kept\nthree"},
    {"[default]\ns3 =\n  region = b\nregion = a", "default", "region", "a"},
    {"[plugins]\nregion = b\n  more\n[default]\nregion = a", "default", "region", "a"},
    {"", "default", "region", "(no profile)"}};

TEST(ConfigFileValues, AreReadAsTheAwsToolsReadThem) {
  for (const ValueCase& c : kConfigFileValues) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(value(parsed(c.text), c.profile, c.key), c.value);
  }
}

TEST(ConfigFile, ReadsNestedServices) {
  const ConfigFile file = parsed(
      "[services local]\nkinesis =\n  endpoint_url = http://k:1\n  Other = x\ndynamodb = \n\tendpoint_url=http://d:2 # "
      "c\n");
  const Section& services = file.services.at("local");
  EXPECT_EQ(services.at("kinesis").nested.at("endpoint_url"), "http://k:1");
  EXPECT_EQ(services.at("kinesis").nested.at("other"), "x");
  EXPECT_EQ(services.at("dynamodb").nested.at("endpoint_url"), "http://d:2");
}

TEST(ConfigFile, TakesEveryNameInTheCredentialsFile) {
  const ConfigFile file =
      parsed("[default]\nk = a\n[x]\nk = b\n[profile y]\nk = c\n[two words]\nk = d", FileKind::credentials);
  EXPECT_EQ(value(file, "default", "k"), "a");
  EXPECT_EQ(value(file, "x", "k"), "b");
  EXPECT_EQ(value(file, "y", "k"), "(no profile)");
  EXPECT_EQ(value(file, "two words", "k"), "d");
}

TEST(ConfigFile, KnowsTheLineOfEachSetting) {
  const ConfigFile file = parsed("# comment\n[default]\n\nregion = a\n");
  EXPECT_EQ(file.profiles.at("default").at("region").where, "config:4");
}

struct WrongCase {
  std::string text;
  std::string message;
};

const std::vector<WrongCase> kConfigFileErrors = {
    {"SECRET = 1", "/f:1: a setting needs a section before it, such as [default]"},
    {"[default]\nSECRET", "/f:2: neither a [section] nor `key = value`"},
    {"[default]\n\n= SECRET", "/f:3: this setting has no name before its '='"},
    {"[SECRET\n", "/f:1: this section's name is not closed: add ']'"},
    {"[ ]\n", "/f:1: this section has no name"},
    {"[default] SECRET\n", "/f:1: nothing but a comment may follow a section's name"},
    {"[default]\n  SECRET = a",
     "/f:2: a line that starts with a blank goes on with a setting, and there is none before it"},
    {"[default]\ns3 =\n  SECRET", "/f:3: this nested setting is no `key = value`"},
    {"[default]\ns3 =\n  = SECRET", "/f:3: this nested setting has no name before its '='"}};

TEST(ConfigFileErrors, NameTheLineAndRepeatNothingOfIt) {
  for (const WrongCase& c : kConfigFileErrors) {
    SCOPED_TRACE(c.text);
    const auto file = parse_config(c.text, FileKind::config, "/f");
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error(), c.message);
    EXPECT_EQ(file.error().find("SECRET"), std::string::npos);
  }
}

TEST(LoadProfile, MergesBothFilesWithTheCredentialsFileFirst) {
  const Home home;
  home.config("[profile x]\nregion = from-config\noutput = json\n[default]\nregion = other\n");
  home.credentials("[x]\nregion = from-credentials\n");
  const auto profile = load_profile("x", home.environment());
  ASSERT_TRUE(profile) << profile.error();
  EXPECT_EQ(profile->find("region")->value, "from-credentials");
  EXPECT_EQ(profile->find("region")->where, home.credentials_path() + ":2");
  EXPECT_EQ(profile->find("output")->value, "json");
  EXPECT_EQ(profile->find("absent"), nullptr);
}

TEST(LoadProfile, ChoosesByArgumentThenByVariables) {
  const Home home;
  home.config("[default]\n[profile a]\n[profile b]\n[profile c]\n");
  const Environment::Variables both = {{"AWS_PROFILE", "b"}, {"AWS_DEFAULT_PROFILE", "c"}};
  EXPECT_EQ(load_profile("a", home.environment(both))->name, "a");
  EXPECT_EQ(load_profile("", home.environment(both))->name, "b");
  EXPECT_EQ(load_profile("", home.environment({{"AWS_DEFAULT_PROFILE", "c"}}))->name, "c");
  EXPECT_EQ(load_profile("", home.environment())->name, "default");
}

TEST(LoadProfile, NeedsNeitherFileNorHome) {
  const Home home;
  EXPECT_TRUE(load_profile("", home.environment()));
  const auto homeless = load_profile("", Environment({}));
  ASSERT_TRUE(homeless);
  EXPECT_EQ(homeless->described(), "profile 'default' (no file: HOME is not set)");
}

TEST(LoadProfile, ReadsTheFilesThatVariablesName) {
  const Home home;
  home.write("other-config", "[default]\nregion = a\n");
  home.write("other-credentials", "[default]\naws_access_key_id = b\n");
  const auto profile =
      load_profile("", home.environment({{"AWS_CONFIG_FILE", "~/other-config"},
                                         {"AWS_SHARED_CREDENTIALS_FILE", home.path() + "/other-credentials"}}));
  ASSERT_TRUE(profile) << profile.error();
  EXPECT_EQ(profile->find("region")->value, "a");
  EXPECT_EQ(profile->find("aws_access_key_id")->value, "b");
  EXPECT_TRUE(load_profile("", home.environment({{"AWS_CONFIG_FILE", "/dev/null"}})));
}

TEST(LoadProfile, SaysWhichFileIsMissingUnreadableOrTooLarge) {
  const Home home;
  auto failed = load_profile("", home.environment({{"AWS_CONFIG_FILE", "/nowhere/config"}}));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), "/nowhere/config (AWS_CONFIG_FILE): cannot be read: No such file or directory");
  failed = load_profile("", home.environment({{"AWS_SHARED_CREDENTIALS_FILE", home.path()}}));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), home.path() + " (AWS_SHARED_CREDENTIALS_FILE): cannot be read: Is a directory");
  home.config(std::string(kMaxConfigFileSize, '\n'));
  EXPECT_TRUE(load_profile("", home.environment()));
  home.config(std::string(kMaxConfigFileSize + 1, '\n'));
  failed = load_profile("", home.environment());
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), home.config_path() + ": larger than 1 MiB: this is no AWS configuration file");
  home.config("[default]\nwrong\n");
  failed = load_profile("", home.environment());
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), home.config_path() + ":2: neither a [section] nor `key = value`");
}

TEST(LoadProfile, DoesNotWaitForAPipeThatNobodyWritesTo) {
  const Home home;
  ASSERT_EQ(::mkfifo(home.config_path().c_str(), 0600), 0);
  EXPECT_TRUE(load_profile("", home.environment()));
}

TEST(LoadProfile, SaysThatAChosenProfileIsNowhere) {
  const Home home;
  const auto failed = load_profile("", home.environment({{"AWS_PROFILE", "typo"}}));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), "profile 'typo' (from AWS_PROFILE) is in no file that was read: " +
                                home.credentials_path() + ", " + home.config_path());
}

TEST(LoadProfile, SaysThatItsServicesAreNowhere) {
  const Home home;
  home.config("[default]\nservices = typo\n[services other]\n");
  const auto failed = load_profile("", home.environment());
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), home.config_path() + ":2: there is no section [services typo]");
}

TEST(LoadProfile, FindsTheSessionThatItNames) {
  const Home home;
  home.config(
      "[default]\nsso_session = corp\n[sso-session corp]\nsso_region = us-east-2\n[profile x]\nsso_session = y\n");
  const auto profile = load_profile("", home.environment());
  ASSERT_TRUE(profile) << profile.error();
  ASSERT_TRUE(profile->sso_session);
  EXPECT_EQ(profile->sso_session->at("sso_region").value, "us-east-2");
  // Whoever needs it says that it is not there.
  EXPECT_FALSE(load_profile("x", home.environment())->sso_session);
}

}  // namespace
}  // namespace kcl::aws
