#include "aws/credentials_cache.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <stop_token>
#include <utility>

#include "base/blocking_pool.h"
#include "base/random.h"
#include "base/text.h"

namespace kcl::aws {

const Credentials* CredentialsState::usable(Timestamp now) const {
  if (!credentials_ || (credentials_->expiration && *credentials_->expiration <= now)) return nullptr;
  return &*credentials_;
}

bool CredentialsState::wants_refresh(Timestamp now) const {
  if (!refresh_at_) return false;
  if (now >= *refresh_at_) return true;
  // Nothing to use and more than the longest retry to wait: the clock was set back.
  return usable(now) == nullptr && *refresh_at_ - now > kLongestRetry;
}

void CredentialsState::refreshed(CredentialsResult result, Timestamp now, double chance) {
  if (!result) return failed(std::move(result).error(), now);
  if (result->expiration && *result->expiration <= now) {
    const std::string when = to_iso8601(*result->expiration);
    return failed({.retryable = true, .message = "the credentials found expired at " + when + ": renew them"}, now);
  }
  credentials_ = *std::move(result);
  taken_ = now;
  retry_ = kFirstRetry;
  refresh_at_.reset();
  if (!credentials_->expiration) return;
  const auto left = *credentials_->expiration - now;
  const auto early = std::chrono::floor<Timestamp::duration>(chance * std::chrono::duration<double>(kRefreshBefore));
  refresh_at_ = now + std::max<Timestamp::duration>({left - kRefreshBefore - early, left / 2, kFirstRetry});
}

void CredentialsState::failed(CredentialsError error, Timestamp now) {
  error_ = std::move(error);
  refresh_at_ = now + retry_;
  retry_ = std::min(retry_ * 2, kLongestRetry);
}

bool CredentialsState::invalidate(const Credentials& refused, Timestamp now) {
  if (!credentials_ || credentials_->access_key_id != refused.access_key_id ||
      credentials_->session_token != refused.session_token) {
    return false;
  }
  if (now >= taken_ && now - taken_ < kTooNewToRefuse) return false;
  credentials_.reset();
  error_ = {.retryable = true, .message = "a service refused the credentials as expired"};
  refresh_at_ = now;
  return true;
}

namespace {

class CachedCredentials : public CredentialsProvider {
 public:
  CachedCredentials(std::unique_ptr<CredentialsProvider> provider, std::function<Timestamp()> clock)
      : provider_(std::move(provider)), clock_(std::move(clock)) {}
  ~CachedCredentials() override { closing_.request_stop(); }

  CredentialsResult credentials(const Call& call) override {
    std::unique_lock lock(mutex_);
    refresh_if_due();
    if (const Credentials* usable = state_.usable(clock_())) return *usable;
    // A refresh takes no longer than that; and the longest timeouts do not fit into the clock.
    const auto timeout = std::min<std::chrono::milliseconds>(call.timeout, 2 * kRefreshTimeout);
    const bool ended = changed_.wait_for(lock, call.stop, timeout, [this] { return !refreshing_; });
    if (const Credentials* usable = state_.usable(clock_())) return *usable;
    if (ended) return Failure{CredentialsError(state_.error())};
    return Failure{CredentialsError{.retryable = true, .message = "AWS credentials did not come in time"}};
  }

  void invalidate(const Credentials& refused) override {
    const std::lock_guard lock(mutex_);
    if (state_.invalidate(refused, clock_())) refresh_if_due();
  }

 private:
  /// With the lock held.
  void refresh_if_due() {
    if (refreshing_ || !state_.wants_refresh(clock_())) return;
    refreshing_ = true;
    thread_.submit([this] { refresh(); });
  }

  void refresh() {
    CredentialsResult result = ask();
    const std::lock_guard lock(mutex_);
    state_.refreshed(std::move(result), clock_(), random_.unit());
    refreshing_ = false;
    changed_.notify_all();
  }

  CredentialsResult ask() {
    try {
      return provider_->credentials({.timeout = kRefreshTimeout, .stop = closing_.get_token()});
    } catch (...) {
      return Failure{CredentialsError{
          .retryable = false, .message = "the credentials provider threw: " + base::what_of(std::current_exception())}};
    }
  }

  const std::unique_ptr<CredentialsProvider> provider_;
  const std::function<Timestamp()> clock_;
  std::stop_source closing_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  CredentialsState state_;
  base::Random random_ = base::Random::from_os();
  bool refreshing_ = false;
  /// Last: its destructor runs a refresh under way to its end.
  base::BlockingPool thread_{1};
};

}  // namespace

std::shared_ptr<CredentialsProvider> cached(std::unique_ptr<CredentialsProvider> provider,
                                            std::function<Timestamp()> clock) {
  return std::make_shared<CachedCredentials>(std::move(provider), std::move(clock));
}

}  // namespace kcl::aws
