// When a lease may be taken by age (C7): tables over what was seen, and when. F is ten seconds.
#include "coordinator/lease_ages.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace kcl::coordinator {
namespace {

using namespace std::chrono_literals;
using base::BootTime;
using leases::Lease;
using leases::Token;

constexpr auto kFailover = 10s;

BootTime at(base::Duration time) { return BootTime(time); }

/// Held by a kclpp worker, whose last write was `counter`.
Lease kclpp_lease(std::int64_t counter, const std::string& incarnation = "i") {
  Lease lease;
  lease.key = "shard";
  lease.owner = "A";
  lease.counter = counter;
  lease.token = Token{.incarnation = incarnation, .counter = counter, .attempt = 1};
  lease.failover = 10'000ms;
  return lease;
}

Lease java_lease(std::int64_t counter, const std::string& owner = "J") {
  Lease lease;
  lease.key = "shard";
  lease.owner = owner;
  lease.counter = counter;
  return lease;
}

class LeaseAgesTest : public ::testing::Test {
 protected:
  /// A scan that is sent and received at `time`.
  void see(base::Duration time, std::vector<Lease> leases) {
    leases::LeaseScan scan;
    scan.leases = std::move(leases);
    scan.timing = {.sent = at(time), .received = at(time), .server_time = {}};
    ages.observe(scan);
  }
  /// The same row in a scan every second, first and last included.
  void watch(base::Duration from, base::Duration to, const Lease& lease) {
    for (auto time = from; time <= to; time += 1s) see(time, {lease});
  }

  LeaseAges ages{kFailover};
};

TEST_F(LeaseAgesTest, ARowNeverSeenNeverExpires) {
  EXPECT_EQ(ages.expires_at(kclpp_lease(7)), base::kForever);
  see(0s, {});
  EXPECT_EQ(ages.expires_at(kclpp_lease(7)), base::kForever);
}

TEST_F(LeaseAgesTest, AHolderOfOursExpiresAfterTheFailoverTime) {
  watch(5s, 20s, kclpp_lease(7));
  EXPECT_EQ(ages.expires_at(kclpp_lease(7)), at(15s));
  EXPECT_EQ(ages.unchanged_since(kclpp_lease(7)), at(5s));
}

// Of two different failover times the longer counts, whoever has it.
TEST_F(LeaseAgesTest, Trace9TheHoldersOwnFailoverTimeCountsIfLonger) {
  auto patient = kclpp_lease(7);
  patient.failover = 60s;
  see(0s, {patient});
  EXPECT_EQ(ages.expires_at(patient), at(60s));
  auto hasty = kclpp_lease(7);
  hasty.failover = 2s;
  see(0s, {hasty});
  EXPECT_EQ(ages.expires_at(hasty), at(10s));
  hasty.failover.reset();
  EXPECT_EQ(ages.expires_at(hasty), at(10s));
}

// The age starts at the receipt of the first answer that shows the row: a request on its way may have left before.
TEST_F(LeaseAgesTest, Trace9TheAgeCountsFromTheReceipt) {
  leases::LeaseScan scan;
  scan.leases = {kclpp_lease(7)};
  scan.timing = {.sent = at(0s), .received = at(2s), .server_time = {}};
  ages.observe(scan);
  EXPECT_EQ(ages.expires_at(kclpp_lease(7)), at(12s));
}

TEST_F(LeaseAgesTest, AnyChangeInEitherDirectionIsASignOfLife) {
  struct Case {
    const char* name;
    std::function<void(Lease&)> change;
  };
  const std::vector<Case> cases{
      {"counter up", [](Lease& lease) { lease.counter = lease.token->counter = 8; }},
      // Replicas go back, and rows created again restart lower.
      {"counter down", [](Lease& lease) { lease.counter = lease.token->counter = 6; }},
      {"token alone", [](Lease& lease) { lease.token->attempt = 2; }},
      {"incarnation", [](Lease& lease) { lease.token->incarnation = "another"; }},
      {"owner", [](Lease& lease) { lease.owner = "B"; }},
      {"owner gone", [](Lease& lease) { lease.owner.reset(); }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    ages = LeaseAges(kFailover);
    watch(0s, 9s, kclpp_lease(7));
    auto changed = kclpp_lease(7);
    c.change(changed);
    EXPECT_EQ(ages.expires_at(changed), base::kForever) << "not seen as it is now";
    see(9s, {changed});
    EXPECT_EQ(ages.expires_at(changed), at(19s));
    EXPECT_EQ(ages.expires_at(kclpp_lease(7)), base::kForever) << "a stale row does not match what was seen last";
  }
}

TEST_F(LeaseAgesTest, ARowSeenForTheFirstTimeHasNotChanged) {
  watch(5s, 8s, kclpp_lease(7));
  EXPECT_FALSE(ages.last_change(kclpp_lease(7)));
  watch(9s, 12s, kclpp_lease(8));
  EXPECT_EQ(ages.last_change(kclpp_lease(8)), at(9s));
  EXPECT_FALSE(ages.last_change(kclpp_lease(9))) << "not seen so far";
}

TEST_F(LeaseAgesTest, ACheckpointAndAClaimAreNoSignsOfLifeOfTheirOwn) {
  see(0s, {kclpp_lease(7)});
  auto claimed = kclpp_lease(7);
  claimed.claim = leases::Claim{"c", "C"};
  claimed.status = "{}";
  see(1s, {claimed});
  EXPECT_EQ(ages.expires_at(claimed), at(10s));
}

TEST_F(LeaseAgesTest, ARowThatAScanDoesNotShowIsForgotten) {
  see(0s, {kclpp_lease(7)});
  see(1s, {});
  see(2s, {kclpp_lease(7)});
  EXPECT_EQ(ages.expires_at(kclpp_lease(7)), at(12s));
}

TEST_F(LeaseAgesTest, ARowReadByItselfCountsAsARead) {
  see(0s, {kclpp_lease(7)});
  ages.observe(kclpp_lease(8), {.sent = at(1s), .received = at(2s), .server_time = {}});
  EXPECT_EQ(ages.expires_at(kclpp_lease(8)), at(12s));
}

// ---- the gap rule (C13, lease-traces 10)

TEST_F(LeaseAgesTest, Trace10AfterAGapInOurOwnReadsNothingExpiresForOneRenewalInterval) {
  watch(0s, 3s, kclpp_lease(7));
  see(13s, {kclpp_lease(7)});
  EXPECT_EQ(ages.expires_at(kclpp_lease(7)), at(13s) + base::Duration(10s) / 3)
      << "the holder could not renew either, and gets the chance to";
}

TEST_F(LeaseAgesTest, Trace10AThirdOfTheFailoverTimeIsNoGap) {
  see(0s, {kclpp_lease(7)});
  see(3333ms, {kclpp_lease(7)});
  see(6666ms, {kclpp_lease(7)});
  see(9999ms, {kclpp_lease(7)});
  EXPECT_EQ(ages.expires_at(kclpp_lease(7)), at(10s));
}

TEST_F(LeaseAgesTest, Trace10AGapDelaysAndNeverHastens) {
  see(0s, {kclpp_lease(7)});
  see(4s, {kclpp_lease(7)});
  EXPECT_EQ(ages.expires_at(kclpp_lease(7)), at(10s)) << "a short gap early on costs nothing";
}

// ---- holders of other implementations (lease-traces 9, R3)

TEST_F(LeaseAgesTest, Trace9AJavaHolderGetsTwiceTheFailoverTime) {
  watch(0s, 5s, java_lease(7));
  EXPECT_EQ(ages.expires_at(java_lease(7)), at(20s));
}

TEST_F(LeaseAgesTest, Trace9AJavaHolderGetsThriceItsLongestGap) {
  watch(0s, 8s, java_lease(7));
  watch(9s, 10s, java_lease(8));
  see(11s, {java_lease(9)});
  EXPECT_EQ(ages.expires_at(java_lease(9)), at(11s + 27s)) << "it was silent for nine seconds once";
}

TEST_F(LeaseAgesTest, AnUnownedRowOfUnknownOriginAgesLikeAJavaOne) {
  auto released = kclpp_lease(7);
  released.owner.reset();
  released.counter = 8;  // by an operator: the token stays (R4)
  see(0s, {released});
  EXPECT_EQ(ages.expires_at(released), at(20s));
}

// A holds, J steals by counter: A may be within its deadline for as long as its token has not been seen unchanged for
// F.
TEST_F(LeaseAgesTest, TraceR3FromJavaOnlyOnceTheTokenStoodStillForTheOldHoldersTime) {
  auto ours = kclpp_lease(7);
  ours.failover = 60s;
  watch(0s, 5s, ours);
  auto stolen = ours;
  stolen.owner = "J";
  stolen.counter = 8;
  watch(6s, 30s, stolen);
  EXPECT_EQ(ages.expires_at(stolen), at(60s)) << "twice F would be at 26 s";
}

TEST_F(LeaseAgesTest, TraceR3JavasRenewalsDoNotRestartTheTokensAge) {
  auto stolen = kclpp_lease(7);
  stolen.failover = 60s;
  stolen.owner = "J";
  for (int second = 0; second <= 57; second += 3) {
    ++stolen.counter;
    see(std::chrono::seconds(second), {stolen});
  }
  EXPECT_EQ(ages.expires_at(stolen), at(57s + 20s)) << "the token has been the same for 57 s already";
}

// Once failed: the longest gap includes the time in which this worker itself could not read. After a brown-out, or a
// night in which the host slept, a dead Java holder's leases are left alone for three times as long.
TEST_F(LeaseAgesTest, Trace9OurOwnBlindnessIsNoSilenceOfTheHolder) {
  watch(0s, 3s, java_lease(7));
  see(8h, {java_lease(5000)});
  watch(8h + 1s, 8h + 4s, java_lease(5001));
  EXPECT_LT(ages.expires_at(java_lease(5001)), at(8h + 1min));
}

// Once failed: a row that nobody held for two hours says nothing about how often its next holder renews.
TEST_F(LeaseAgesTest, Trace9TheLongestGapIsTheHoldersOwn) {
  Lease unowned = java_lease(7);
  unowned.owner.reset();
  watch(0s, 2h, unowned);
  for (int i = 0; i < 20; ++i) see(2h + 1s + i * 3s, {java_lease(8 + i)});
  EXPECT_LT(ages.expires_at(java_lease(27)), at(2h + 2min));
}

// Once failed: the first read after a brown-out still shows the old counter, since the holder could not renew either;
// the second shows the new one, and the whole brown-out passes for the holder's own silence: a dead Java worker's
// leases then wait for three times as long.
TEST_F(LeaseAgesTest, Trace9ABrownOutThatBothSatThroughIsNoSilenceOfTheHolder) {
  watch(0s, 3s, java_lease(7));
  watch(10min, 10min + 2s, java_lease(7));
  watch(10min + 3s, 10min + 5s, java_lease(8));
  EXPECT_LE(ages.expires_at(java_lease(8)), at(11min));
}

}  // namespace
}  // namespace kcl::coordinator
