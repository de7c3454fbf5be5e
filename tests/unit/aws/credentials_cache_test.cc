#include "aws/credentials_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace kcl::aws {
namespace {

using namespace std::chrono_literals;

const Timestamp kStart = parse_iso8601("2026-11-23T04:00:00Z").value();

Credentials lasting(const std::string& id, std::optional<Timestamp> until) { return {id, "SECRET", "token", until}; }
CredentialsResult failure(const std::string& message) {
  return Failure{CredentialsError{.retryable = true, .message = message}};
}

TEST(CredentialsState, WantsThemAtOnceAndHasNoneAtFirst) {
  const CredentialsState state;
  EXPECT_TRUE(state.wants_refresh(kStart));
  EXPECT_EQ(state.usable(kStart), nullptr);
}

TEST(CredentialsState, KeepsThoseThatDoNotExpire) {
  CredentialsState state;
  state.refreshed(lasting("a", std::nullopt), kStart);
  EXPECT_FALSE(state.wants_refresh(kStart + std::chrono::years(10)));
  EXPECT_EQ(state.usable(kStart + std::chrono::years(10))->access_key_id, "a");
}

TEST(CredentialsState, WantsOthersFiveMinutesBeforeTheyExpireAndUsesTheOldOnesTillThen) {
  CredentialsState state;
  state.refreshed(lasting("a", kStart + 1h), kStart);
  EXPECT_FALSE(state.wants_refresh(kStart + 55min - 1ms));
  EXPECT_TRUE(state.wants_refresh(kStart + 55min));
  EXPECT_NE(state.usable(kStart + 1h - 1ms), nullptr);
  EXPECT_EQ(state.usable(kStart + 1h), nullptr);
  state.refreshed(lasting("b", kStart + 2h), kStart + 56min);
  EXPECT_EQ(state.usable(kStart + 1h)->access_key_id, "b");
  EXPECT_FALSE(state.wants_refresh(kStart + 1h));
}

// So that a fleet that was started together does not ask at one moment.
TEST(CredentialsState, AsksUpToFiveMinutesEarlierByChance) {
  CredentialsState state;
  state.refreshed(lasting("a", kStart + 1h), kStart, 0.5);
  EXPECT_FALSE(state.wants_refresh(kStart + 52min + 30s - 1ms));
  EXPECT_TRUE(state.wants_refresh(kStart + 52min + 30s));
  state.refreshed(lasting("a", kStart + 1h), kStart, 0.999'999);
  EXPECT_FALSE(state.wants_refresh(kStart + 50min));
  // Never before half their life.
  state.refreshed(lasting("a", kStart + 12min), kStart, 0.999'999);
  EXPECT_FALSE(state.wants_refresh(kStart + 6min - 1ms));
}

TEST(CredentialsState, DoesNotAskForShortLivedOnesAllTheTime) {
  CredentialsState state;
  state.refreshed(lasting("a", kStart + 2min), kStart);
  EXPECT_FALSE(state.wants_refresh(kStart + 59s));
  EXPECT_TRUE(state.wants_refresh(kStart + 60s));
  state.refreshed(lasting("a", kStart + 2min), kStart + 2min - 10ms);
  EXPECT_FALSE(state.wants_refresh(kStart + 2min));
}

TEST(CredentialsState, KeepsTheOldOnesWhenARefreshFailsAndTriesAgainLaterAndLater) {
  CredentialsState state;
  state.refreshed(lasting("a", kStart + 1h), kStart);
  Timestamp now = kStart + 55min;
  for (const auto wait : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    ASSERT_TRUE(state.wants_refresh(now));
    state.refreshed(failure("no"), now);
    EXPECT_EQ(state.usable(now)->access_key_id, "a");
    EXPECT_FALSE(state.wants_refresh(now + wait - 1ms));
    now += wait;
  }
  state.refreshed(lasting("b", now + 1h), now);
  state.refreshed(failure("no"), now + 55min);
  EXPECT_TRUE(state.wants_refresh(now + 55min + 1s));
}

TEST(CredentialsState, TakesCredentialsThatHaveExpiredForAFailure) {
  CredentialsState state;
  state.refreshed(lasting("a", kStart), kStart);
  EXPECT_EQ(state.usable(kStart - 1h), nullptr);
  EXPECT_EQ(state.error().message, "the credentials found expired at 2026-11-23T04:00:00.000Z: renew them");
  EXPECT_FALSE(state.wants_refresh(kStart));
  EXPECT_TRUE(state.wants_refresh(kStart + 1s));
}

TEST(CredentialsState, ForgetsWhatAServiceRefused) {
  CredentialsState state;
  state.refreshed(lasting("a", kStart + 1h), kStart);
  EXPECT_FALSE(state.invalidate(lasting("older", std::nullopt), kStart + 1min));
  EXPECT_FALSE(state.invalidate(lasting("a", std::nullopt), kStart + 9s));
  EXPECT_NE(state.usable(kStart + 1min), nullptr);
  EXPECT_TRUE(state.invalidate(lasting("a", std::nullopt), kStart + 10s));
  EXPECT_EQ(state.usable(kStart + 10s), nullptr);
  EXPECT_TRUE(state.wants_refresh(kStart + 10s));
  EXPECT_FALSE(state.invalidate(lasting("a", std::nullopt), kStart + 20s));
}

TEST(CredentialsState, SurvivesAClockThatIsSetBack) {
  CredentialsState state;
  state.refreshed(failure("no"), kStart);
  EXPECT_TRUE(state.wants_refresh(kStart - 1h));
}

/// Answers as told, one answer per question, and not before it is told.
class Scripted : public CredentialsProvider {
 public:
  struct Script {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::deque<CredentialsResult> answers;
    int asked = 0;

    void answer(CredentialsResult result) {
      const std::lock_guard lock(mutex);
      answers.push_back(std::move(result));
      changed.notify_all();
    }
    void wait_until_asked(int times) {
      std::unique_lock lock(mutex);
      EXPECT_TRUE(changed.wait_for(lock, 10s, [&] { return asked >= times; }));
    }
    int times_asked() {
      const std::lock_guard lock(mutex);
      return asked;
    }
  };

  explicit Scripted(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  CredentialsResult credentials(const Call& call) override {
    std::unique_lock lock(script_->mutex);
    ++script_->asked;
    script_->changed.notify_all();
    if (!script_->changed.wait(lock, call.stop, [&] { return !script_->answers.empty(); })) return failure("stopped");
    auto answer = std::move(script_->answers.front());
    script_->answers.pop_front();
    return answer;
  }

 private:
  const std::shared_ptr<Script> script_;
};

class Cached : public ::testing::Test {
 protected:
  std::string id(std::chrono::milliseconds timeout = 10s) {
    const auto found = cache_->credentials({.timeout = timeout, .stop = {}});
    return found ? found->access_key_id : found.error().message;
  }
  /// Asks until the answer is this: a refresh under way is not waited for by those who ask.
  bool becomes(const std::string& expected) {
    for (int tries = 0; tries < 10'000; ++tries) {
      if (id() == expected) return true;
      std::this_thread::yield();
    }
    return false;
  }

  std::shared_ptr<Scripted::Script> script_ = std::make_shared<Scripted::Script>();
  std::atomic<Timestamp> now_{kStart};
  std::shared_ptr<CredentialsProvider> cache_ =
      cached(std::make_unique<Scripted>(script_), [this] { return now_.load(); });
};

TEST_F(Cached, AsksOnceForAllWhoWait) {
  std::atomic<int> right{0};
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 8; ++i) callers.emplace_back([&] { right += id() == "a" ? 1 : 0; });
    script_->wait_until_asked(1);
    script_->answer(lasting("a", kStart + 1h));
  }
  EXPECT_EQ(right, 8);
  EXPECT_EQ(id(), "a");
  EXPECT_EQ(script_->times_asked(), 1);
}

TEST_F(Cached, NobodyWaitsWhileTheOldOnesAreValid) {
  script_->answer(lasting("a", kStart + 1h));
  EXPECT_EQ(id(), "a");
  now_ = kStart + 56min;
  // The one asked does not answer; a call that waited would fail.
  EXPECT_EQ(id(0ms), "a");
  script_->wait_until_asked(2);
  EXPECT_EQ(id(0ms), "a");
  script_->answer(lasting("b", kStart + 2h));
  EXPECT_TRUE(becomes("b"));
  EXPECT_EQ(script_->times_asked(), 2);
}

TEST_F(Cached, WaitsNoLongerThanTheCall) {
  EXPECT_EQ(id(1ms), "AWS credentials did not come in time");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(cache_->credentials({.timeout = 10s, .stop = stop.get_token()}));
  // What comes later is for the next one.
  script_->answer(lasting("a", kStart + 1h));
  EXPECT_EQ(id(), "a");
}

TEST_F(Cached, TellsTheFailureAndDoesNotAskAgainAtOnce) {
  script_->answer(failure("no"));
  EXPECT_EQ(id(), "no");
  EXPECT_EQ(id(), "no");
  EXPECT_EQ(script_->times_asked(), 1);
  now_ = kStart + 1s;
  script_->answer(lasting("a", kStart + 1h));
  EXPECT_EQ(id(), "a");
}

TEST_F(Cached, GetsOthersWhenAServiceRefused) {
  script_->answer(lasting("a", kStart + 1h));
  EXPECT_EQ(id(), "a");
  now_ = kStart + 1min;
  script_->answer(lasting("b", kStart + 1h));
  const Credentials a = lasting("a", std::nullopt);
  cache_->invalidate(a);
  EXPECT_EQ(id(), "b");
  // Those who were refused the old ones, too, do not cost the new ones.
  cache_->invalidate(a);
  EXPECT_EQ(id(), "b");
  EXPECT_EQ(script_->times_asked(), 2);
}

TEST_F(Cached, EndsWhileTheOneAskedDoesNotAnswer) {
  EXPECT_EQ(id(0ms), "AWS credentials did not come in time");
  script_->wait_until_asked(1);
  cache_.reset();
}

TEST(CachedProvider, MakesAnErrorOfAnException) {
  class Throwing : public CredentialsProvider {
   public:
    CredentialsResult credentials(const Call&) override { throw std::runtime_error("broken"); }
  };
  const auto cache = cached(std::make_unique<Throwing>(), [] { return kStart; });
  EXPECT_EQ(cache->credentials({}).error().message, "the credentials provider threw: broken");
}

}  // namespace
}  // namespace kcl::aws
