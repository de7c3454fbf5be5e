#include "aws/credentials_process.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace kcl::aws {
namespace {

using std::chrono::milliseconds;

constexpr const char* kGood = R"(echo '{"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":"SECRET"}')";

CredentialsResult ask(const std::string& command, milliseconds timeout = milliseconds(10'000)) {
  return run_credential_process(command, "/config:7", {.timeout = timeout, .stop = {}});
}

TEST(CredentialProcess, IsRunByTheShell) {
  const auto keys = ask(std::string("true 'a b' && ") + kGood);
  ASSERT_TRUE(keys) << keys.error().message;
  EXPECT_EQ(keys->access_key_id, "AKIA");
  EXPECT_EQ(keys->secret_access_key, "SECRET");
}

TEST(CredentialProcess, SaysHowItFailedAndNothingThatMayBeSecret) {
  const struct {
    std::string command;
    std::string message;
    bool retryable;
  } cases[] = {
      {"sh -c 'echo SECRET >&2; echo SECRET; exit 3' --token SECRET",
       "credential_process 'sh' (/config:7) exited with code 3; run it by hand to see what it says", true},
      {"/nowhere/tool SECRET",
       "credential_process '/nowhere/tool' (/config:7) exited with code 127; run it by hand to see what it says", true},
      {"kill -9 $$", "credential_process 'kill' (/config:7) was killed by signal 9; run it by hand to see what it says",
       true},
      {"echo SECRET", "credential_process 'echo' (/config:7) gave what we cannot use: not a JSON object", false},
      {"true", "credential_process 'true' (/config:7) gave what we cannot use: not a JSON object", false},
      {"yes SECRET",
       "credential_process 'yes' (/config:7) was ended: it wrote more than 65536 bytes; run it by hand to see what it "
       "says",
       false},
      {"  TOKEN=SECRET false",
       "credential_process 'TOKEN=...' (/config:7) exited with code 1; run it by hand to see what it says", true},
      {"'/nowhere/two words' SECRET",
       "credential_process '/nowhere/two words' (/config:7) exited with code 127; run it by hand to see what it says",
       true},
  };
  for (const auto& c : cases) {
    ::testing::internal::CaptureStderr();
    const auto keys = ask(c.command);
    // What it says there would end up in our log.
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "") << c.command;
    ASSERT_FALSE(keys) << c.command;
    EXPECT_EQ(keys.error().message, c.message);
    EXPECT_EQ(keys.error().retryable, c.retryable) << c.command;
    EXPECT_EQ(keys.error().message.find("SECRET"), std::string::npos);
  }
}

TEST(CredentialProcess, HasTheTimeOfTheCall) {
  const auto keys = ask("sleep 100", milliseconds(50));
  ASSERT_FALSE(keys);
  EXPECT_TRUE(keys.error().retryable);
  EXPECT_NE(keys.error().message.find("longer than 50 ms"), std::string::npos) << keys.error().message;
}

TEST(CredentialProcess, EndsWhenNobodyWaits) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(run_credential_process(kGood, "/config:7", {.timeout = milliseconds(10'000), .stop = stop.get_token()}));
}

}  // namespace
}  // namespace kcl::aws
