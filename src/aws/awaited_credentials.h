// The credentials of a blocking provider, for code on a strand: asked for on a pool's thread, by one call at a time
// however many requests wait for it. What is in hand and has not expired goes on being used meanwhile, so that a slow
// provider delays no lease's renewal.
//
// Lives on the strand of `loop`. Destroying it asks a call under way to return; the pool must not outlive the loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include <kcl/credentials.h>

#include "base/blocking_pool.h"
#include "base/event_log.h"
#include "base/loop.h"
#include "base/task.h"
#include "base/wait.h"

namespace kcl::aws {

class AwaitedCredentials {
 public:
  /// On the strand, when others are in use than before; not for each renewal of a role's.
  using OnOthers = std::function<void(const Credentials&)>;

  AwaitedCredentials(base::Loop& loop, base::BlockingPool& pool, std::shared_ptr<CredentialsProvider> provider,
                     OnOthers on_others = {});
  AwaitedCredentials(const AwaitedCredentials&) = delete;
  AwaitedCredentials& operator=(const AwaitedCredentials&) = delete;
  ~AwaitedCredentials();

  /// Answers by about the deadline; a provider that has not answered by then is a retryable error.
  base::Task<CredentialsResult> get(base::BootTime deadline);

  /// A service refused these as expired: the next get() waits for others.
  void invalidate(const Credentials& refused);

 private:
  struct Ask;
  void begin(std::optional<Credentials> refused);
  const Credentials* usable() const;

  base::Loop& loop_;
  base::BlockingPool& pool_;
  std::shared_ptr<CredentialsProvider> provider_;
  std::stop_source closing_;
  /// The last call of the provider, under way or answered.
  std::shared_ptr<Ask> last_;
  /// Shared with the calls, which put there what they bring.
  struct Kept;
  std::shared_ptr<Kept> kept_;
};

/// Logs what is in use and for which services; no secret.
AwaitedCredentials::OnOthers tell_others(base::EventLog log, std::string services);

}  // namespace kcl::aws
