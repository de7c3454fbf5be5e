// Keeps credentials and gets new ones in time.
//
// CredentialsState is the policy, pure: which credentials may be used, and when to ask for new ones. cached() makes a
// provider of it, which asks on a thread of its own: nobody waits while the credentials in hand are valid, however slow
// the one asked is, and it is asked once at a time whoever wants to know.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include <kcl/credentials.h>

namespace kcl::aws {

/// New credentials are asked for this long before the old ones expire, or up to as much earlier, so that the workers of
/// a fleet that were started together do not all ask at once; of shorter lived ones, at half their life.
inline constexpr std::chrono::minutes kRefreshBefore{5};
/// After a failure, doubling with each.
inline constexpr std::chrono::seconds kFirstRetry{1};
inline constexpr std::chrono::seconds kLongestRetry{60};
/// Credentials as new as this are not dropped because a service refuses them: others would not do better, and each
/// refused request would start a program.
inline constexpr std::chrono::seconds kTooNewToRefuse{10};
/// How long the one asked may take, independent of the calls that wait.
inline constexpr std::chrono::seconds kRefreshTimeout{60};

class CredentialsState {
 public:
  /// Null when there are none or they have expired.
  const Credentials* usable(Timestamp now) const;
  bool wants_refresh(Timestamp now) const;
  /// Why there are none. Precondition: a refresh ended, and nothing is usable.
  const CredentialsError& error() const { return error_; }

  /// A refresh ended so. A failure leaves the old credentials. `chance`, in [0, 1), says how much earlier than need be
  /// the next one comes.
  void refreshed(CredentialsResult result, Timestamp now, double chance = 0);
  /// Forgets these. False when others are in hand, or these are too new.
  bool invalidate(const Credentials& refused, Timestamp now);

 private:
  void failed(CredentialsError error, Timestamp now);

  std::optional<Credentials> credentials_;
  CredentialsError error_;
  Timestamp taken_{};
  /// Absent: never, because they do not expire. Of nothing in hand: at once.
  std::optional<Timestamp> refresh_at_ = Timestamp::min();
  std::chrono::seconds retry_ = kFirstRetry;
};

/// Throws std::system_error when its thread cannot be started. An exception of `provider` becomes an error. Its
/// destructor waits for a refresh under way, which is asked to stop.
std::shared_ptr<CredentialsProvider> cached(std::unique_ptr<CredentialsProvider> provider,
                                            std::function<Timestamp()> clock);

}  // namespace kcl::aws
