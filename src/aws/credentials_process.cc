#include "aws/credentials_process.h"

#include <algorithm>
#include <utility>

#include "base/subprocess.h"
#include "wire/credentials_json.h"

namespace kcl::aws {

namespace {

constexpr std::size_t kMaxOutput = 64U << 10U;

std::string first_word(const std::string& command) {
  const std::size_t begin = std::min(command.find_first_not_of(" \t"), command.size());
  if (begin < command.size() && (command[begin] == '"' || command[begin] == '\'')) {
    const std::size_t end = command.find(command[begin], begin + 1);
    if (end != std::string::npos) return command.substr(begin + 1, end - begin - 1);
  }
  const std::size_t end = std::min(command.find_first_of(" \t\n;|&<>()", begin), command.size());
  const std::string word = command.substr(begin, end - begin);
  // "TOKEN=secret program": an assignment is no program.
  return word.find('=') == std::string::npos ? word : word.substr(0, word.find('=')) + "=...";
}

/// Whether trying again can help: it is slow, or what it asks is not there now. What it is made of does not change.
bool may_pass(base::Outcome::Kind kind) {
  using Kind = base::Outcome::Kind;
  return kind == Kind::exited || kind == Kind::signalled || kind == Kind::timed_out || kind == Kind::stopped;
}

}  // namespace

CredentialsResult run_credential_process(const std::string& command, const std::string& where, const Call& call) {
  base::Command process;
  process.shell = command;
  process.capture_stdout = true;
  process.max_output = kMaxOutput;
  process.discard_stderr = true;
  process.timeout = call.timeout;
  process.stop = call.stop;
  const base::Outcome outcome = base::run(process);

  const std::string name = "credential_process '" + first_word(command) + "' (" + where + ") ";
  if (!outcome.ok()) {
    return Failure{CredentialsError{.retryable = may_pass(outcome.kind),
                                    .message = name + outcome.message + "; run it by hand to see what it says"}};
  }
  auto credentials = wire::decode_process_credentials(outcome.output);
  if (credentials) return *std::move(credentials);
  return Failure{
      CredentialsError{.retryable = false, .message = name + "gave what we cannot use: " + credentials.error()}};
}

}  // namespace kcl::aws
