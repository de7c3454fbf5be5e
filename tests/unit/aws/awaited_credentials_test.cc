#include "aws/awaited_credentials.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/task_scope.h"
#include "unit/worker/eventually.h"

namespace kcl::aws {
namespace {

using namespace std::chrono_literals;

Credentials keys(const std::string& id) { return {id, "secret", "", {}}; }

CredentialsResult failure(const std::string& message, bool retryable = false) {
  return Failure{CredentialsError{.retryable = retryable, .message = message}};
}

/// Does what the test tells for each call, and counts them.
class Told : public CredentialsProvider {
 public:
  using Answer = std::function<CredentialsResult()>;

  CredentialsResult credentials(const Call& call) override {
    Answer answer;
    {
      std::unique_lock lock(mutex_);
      ++asked_;
      timeout_ = call.timeout;
      changed_.wait(lock, [this] { return !held_; });
      answer = answer_;
    }
    return answer();
  }
  void invalidate(const Credentials& refused) override {
    {
      const std::lock_guard lock(mutex_);
      refused_ = refused.access_key_id;
    }
    if (throws_in_invalidate) throw std::runtime_error("not allowed");
  }

  void answers(Answer answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  /// Calls wait from now on, or go on.
  void hold(bool held) {
    {
      const std::lock_guard lock(mutex_);
      held_ = held;
    }
    changed_.notify_all();
  }
  int asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  std::string refused() const {
    const std::lock_guard lock(mutex_);
    return refused_;
  }
  std::chrono::milliseconds timeout() const {
    const std::lock_guard lock(mutex_);
    return timeout_;
  }

  bool throws_in_invalidate = false;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Answer answer_ = [] { return CredentialsResult(keys("A")); };
  bool held_ = false;
  int asked_ = 0;
  std::chrono::milliseconds timeout_{0};
  std::string refused_;
};

class Awaited : public ::testing::Test {
 protected:
  static constexpr auto kPatience = 10s;

  struct Asking {
    std::optional<CredentialsResult> answer;
    std::latch done{1};
  };

  Awaited() {
    loop_.run_and_wait([this] {
      scope_ = std::make_unique<base::TaskScope>(
          loop_, [](const std::string& task, const std::exception_ptr&) { ADD_FAILURE() << task << " threw"; });
      credentials_ = std::make_unique<AwaitedCredentials>(
          loop_, pool_, provider_, [this](const Credentials& used) { told_ += used.access_key_id + " "; });
    });
  }
  ~Awaited() override {
    provider_->hold(false);
    forget();
  }
  void forget() {
    loop_.run_and_wait([this] {
      scope_.reset();
      credentials_.reset();
    });
  }

  std::shared_ptr<Asking> start(base::Duration timeout = kPatience) {
    auto asking = std::make_shared<Asking>();
    loop_.run_and_wait([&] { scope_->spawn("asking", ask(*credentials_, loop_.now() + timeout, asking)); });
    return asking;
  }
  CredentialsResult get(base::Duration timeout = kPatience) {
    const auto asking = start(timeout);
    asking->done.wait();
    return *asking->answer;
  }
  std::string id(base::Duration timeout = kPatience) {
    const auto answer = get(timeout);
    return answer ? answer->access_key_id : "error: " + answer.error().message;
  }
  void invalidate(const std::string& refused) {
    loop_.run_and_wait([&] {
      Credentials old = keys(refused);
      if (refused == "C") old.session_token = "token";
      credentials_->invalidate(old);
    });
  }

  base::EventLoop loop_;
  base::BlockingPool pool_{4};
  std::shared_ptr<Told> provider_ = std::make_shared<Told>();
  std::unique_ptr<AwaitedCredentials> credentials_;
  std::unique_ptr<base::TaskScope> scope_;
  /// The credentials that were told to be in use.
  std::string told_;

 private:
  static base::Task<void> ask(AwaitedCredentials& credentials, base::BootTime deadline, std::shared_ptr<Asking> into) {
    auto answer = co_await credentials.get(deadline);
    into->answer.emplace(std::move(answer));
    into->done.count_down();
  }
};

TEST_F(Awaited, OneCallServesAllWhoWait) {
  provider_->hold(true);
  std::vector<std::shared_ptr<Asking>> waiting;
  for (int i = 0; i < 20; ++i) waiting.push_back(start());
  ASSERT_TRUE(test::eventually([&] { return provider_->asked() == 1; }));
  provider_->hold(false);
  for (const auto& asking : waiting) {
    asking->done.wait();
    ASSERT_TRUE(*asking->answer);
    EXPECT_EQ((*asking->answer)->access_key_id, "A");
  }
  EXPECT_EQ(provider_->asked(), 1);
}

TEST_F(Awaited, AreKept) {
  EXPECT_EQ(id(), "A");
  provider_->answers([] { return CredentialsResult(keys("B")); });
  EXPECT_EQ(id(), "A");
  EXPECT_EQ(provider_->asked(), 1);
}

TEST_F(Awaited, AFailureIsToldAndTheProviderAskedAgain) {
  provider_->answers([] { return failure("look there"); });
  EXPECT_EQ(id(), "error: look there");
  EXPECT_FALSE(get().error().retryable);
  provider_->answers([] { return CredentialsResult(keys("B")); });
  EXPECT_EQ(id(), "B");
  EXPECT_EQ(provider_->asked(), 3);
}

TEST_F(Awaited, RefusedOnesAreAskedForAgain) {
  EXPECT_EQ(id(), "A");
  provider_->answers([] { return CredentialsResult(keys("B")); });
  invalidate("A");
  EXPECT_EQ(id(), "B");
  EXPECT_EQ(provider_->refused(), "A") << "told before it is asked";
  EXPECT_EQ(id(), "B");
  EXPECT_EQ(provider_->asked(), 2);
}

TEST_F(Awaited, ItIsToldOnceWhoseAreUsed) {
  EXPECT_EQ(id(), "A");
  invalidate("A");
  EXPECT_EQ(id(), "A");
  provider_->answers([] { return CredentialsResult(keys("B")); });
  invalidate("A");
  EXPECT_EQ(id(), "B");
  for (const char* renewed : {"C", "D"}) {
    provider_->answers([renewed] { return CredentialsResult(Credentials{renewed, "secret", "token", {}, "a role"}); });
    invalidate(id());
    EXPECT_EQ(id(), renewed);
  }
  forget();
  EXPECT_EQ(told_, "A B C ");
}

TEST_F(Awaited, AProviderThatThrowsIsAnError) {
  provider_->answers([]() -> CredentialsResult { throw std::runtime_error("boom"); });
  EXPECT_EQ(id(), "error: the credentials provider threw, which it must not: boom");
  provider_->answers([]() -> CredentialsResult { throw 7; });
  EXPECT_NE(id().find("the credentials provider threw"), std::string::npos);
  EXPECT_FALSE(get().error().retryable);
}

TEST_F(Awaited, AProviderThatThrowsWhenItsCredentialsAreRefusedIsAskedAgain) {
  provider_->throws_in_invalidate = true;
  EXPECT_EQ(id(), "A");
  provider_->answers([] { return CredentialsResult(keys("B")); });
  invalidate("A");
  EXPECT_EQ(id(), "B");
}

TEST_F(Awaited, AProviderThatIsLateIsARetryableErrorForThoseWhoseTimeIsUp) {
  provider_->hold(true);
  const auto patient = start();
  const auto late = get(20ms);
  ASSERT_FALSE(late);
  EXPECT_TRUE(late.error().retryable);
  EXPECT_NE(late.error().message.find("in time"), std::string::npos);
  EXPECT_FALSE(get(-1s));
  provider_->hold(false);
  patient->done.wait();
  EXPECT_TRUE(*patient->answer);
  EXPECT_EQ(provider_->asked(), 1);
}

// Who asks first may be in a hurry that others are not in.
TEST_F(Awaited, TheProviderHasMoreTimeThanThoseWhoWait) {
  EXPECT_TRUE(get(5s));
  EXPECT_EQ(provider_->timeout(), 1min);
}

/// Waits until it is asked to return.
class Slow final : public CredentialsProvider {
 public:
  CredentialsResult credentials(const Call& call) override {
    asked.count_down();
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait(lock, call.stop, [] { return false; });
    return Failure{CredentialsError{.retryable = true, .message = "stopped"}};
  }
  std::latch asked{1};
};

TEST(AwaitedCredentialsEnd, ASlowProviderIsAskedToReturn) {
  base::EventLoop loop;
  base::BlockingPool pool(4);  // joins at its end: that it does is the test
  const auto slow = std::make_shared<Slow>();
  std::unique_ptr<base::TaskScope> scope;
  std::unique_ptr<AwaitedCredentials> credentials;
  loop.run_and_wait([&] {
    scope = std::make_unique<base::TaskScope>(loop, [](const std::string&, const std::exception_ptr&) {});
    credentials = std::make_unique<AwaitedCredentials>(loop, pool, slow);
    const auto ask = [](AwaitedCredentials& from, base::BootTime deadline) -> base::Task<void> {
      auto answer = co_await from.get(deadline);
      EXPECT_FALSE(answer);
    };
    scope->spawn("asking", ask(*credentials, loop.now() + 1h));
  });
  slow->asked.wait();
  loop.run_and_wait([&] {
    scope.reset();
    credentials.reset();
  });
}

TEST_F(Awaited, MayBeDestroyedWhileTheProviderIsAsked) {
  provider_->hold(true);
  const auto abandoned = start();
  ASSERT_TRUE(test::eventually([&] { return provider_->asked() == 1; }));
  forget();
  provider_->hold(false);
  ASSERT_TRUE(test::eventually([&] { return provider_.use_count() == 1; }));
  loop_.run_and_wait([] {});
  EXPECT_FALSE(abandoned->answer);
}

}  // namespace
}  // namespace kcl::aws
