#include "aws/awaited_credentials.h"

#include <chrono>
#include <utility>

#include "aws/credentials.h"
#include "base/text.h"

namespace kcl::aws {

namespace {

// The provider knows when credentials are due for renewal: it is asked often enough to tell.
constexpr base::Duration kAskAgainAfter = std::chrono::seconds(30);

// Of one call. Those who wait have deadlines of their own.
constexpr std::chrono::milliseconds kPatience = std::chrono::minutes(1);

std::string thrown() {
  return "the credentials provider threw, which it must not: " + base::what_of(std::current_exception());
}

CredentialsResult ask(CredentialsProvider& provider, const std::optional<Credentials>& refused,
                      const std::stop_token& stop) {
  CredentialsError error;
  try {
    if (refused) provider.invalidate(*refused);
  } catch (...) {
    error.message = thrown();  // it is asked all the same
  }
  try {
    return provider.credentials(Call{.timeout = kPatience, .stop = stop});
  } catch (...) {
    error.message = thrown();
  }
  return Failure{std::move(error)};
}

bool same(const Credentials& a, const Credentials& b) {
  return a.access_key_id == b.access_key_id && a.session_token == b.session_token;
}

}  // namespace

/// One call of the provider.
struct AwaitedCredentials::Ask {
  std::optional<CredentialsResult> answer;
  base::Event answered;
};

/// What the provider last gave. A failure takes nothing away.
struct AwaitedCredentials::Kept {
  std::optional<Credentials> credentials;
  base::BootTime given{};
  /// What the last that were in use go by. Those of a role have another key id with each renewal.
  std::string told_of;
  /// Empty once nobody is there to be told.
  OnOthers on_others;

  void take(const Credentials& others, base::BootTime now) {
    credentials = others;
    given = now;
    std::string name = others.source;
    if (others.source.empty() || others.session_token.empty()) name += " " + others.access_key_id;
    if (name == told_of || !on_others) return;
    told_of = std::move(name);
    on_others(others);
  }
};

AwaitedCredentials::AwaitedCredentials(base::Loop& loop, base::BlockingPool& pool,
                                       std::shared_ptr<CredentialsProvider> provider, OnOthers on_others)
    : loop_(loop), pool_(pool), provider_(std::move(provider)), kept_(std::make_shared<Kept>()) {
  kept_->on_others = std::move(on_others);
}

AwaitedCredentials::~AwaitedCredentials() {
  kept_->on_others = nullptr;
  // On a thread of the pool: a stop_callback of a plugged-in provider is the program's code.
  pool_.submit([closing = closing_]() mutable { closing.request_stop(); });
}

const Credentials* AwaitedCredentials::usable() const {
  const auto& credentials = kept_->credentials;
  if (!credentials || (credentials->expiration && *credentials->expiration <= loop_.wall())) return nullptr;
  return &*credentials;
}

base::Task<CredentialsResult> AwaitedCredentials::get(base::BootTime deadline) {
  const bool asking = last_ && !last_->answer;
  const bool fresh = loop_.now() < kept_->given + kAskAgainAfter;
  if (!asking && (usable() == nullptr || !fresh)) begin({});
  if (const Credentials* in_hand = usable()) co_return CredentialsResult(*in_hand);

  const auto mine = last_;
  base::Stop never;
  while (!mine->answer && loop_.now() < deadline) co_await mine->answered.wait_until(loop_, deadline, never);
  if (mine->answer) co_return *mine->answer;
  CredentialsError late;
  late.retryable = true;
  late.message = "the credentials provider did not answer in time";
  co_return Failure{std::move(late)};
}

/// `refused`: those that a service found expired. The provider is told on a thread of the pool, too: whatever it does
/// is the program's code.
void AwaitedCredentials::begin(std::optional<Credentials> refused) {
  last_ = std::make_shared<Ask>();
  pool_.submit([&loop = loop_, mine = last_, kept = kept_, provider = provider_, refused = std::move(refused),
                stop = closing_.get_token()] {
    auto answer = std::make_shared<CredentialsResult>(ask(*provider, refused, stop));
    loop.post([&loop, mine, kept, answer] {
      if (*answer) kept->take(**answer, loop.now());
      mine->answer.emplace(std::move(*answer));
      mine->answered.notify_all();
    });
  });
}

void AwaitedCredentials::invalidate(const Credentials& refused) {
  if (!kept_->credentials || !same(*kept_->credentials, refused)) return;
  kept_->credentials.reset();
  begin(refused);
}

AwaitedCredentials::OnOthers tell_others(base::EventLog log, std::string services) {
  return [log = std::move(log), services = std::move(services)](const Credentials& used) {
    log.info("credentials", {{"for", services},
                             {"from", used.source.empty() ? "a provider of the program's" : used.source},
                             {"access_key_id", masked(used.access_key_id)},
                             {"until", used.expiration ? to_iso8601(*used.expiration) : "not told"}});
  };
}

}  // namespace kcl::aws
