#include "simulation/sim_store.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace kcl::simulation {
namespace {

/// The keys that a scan shows, a page after the other.
std::vector<std::string> scanned(ScanOrder order) {
  World world(1);
  StoreServer server(world, "leaseKey", order, [](const Writer&, const std::string&, const Item*, const Item*) {});
  for (int i = 10; i < 40; ++i) server.create({}, {{"leaseKey", "shardId-0000000000" + std::to_string(i)}});
  std::vector<std::string> keys;
  std::string token;
  do {
    const ScanPage page = server.stale_page(token, 4, base::Duration::zero());
    for (const Item& row : page.rows) keys.push_back(*row.at("leaseKey").get_if<std::string>());
    token = page.next_page_token;
  } while (!token.empty());
  return keys;
}

TEST(SimStore, AScanShowsEachRowOnceInItsOrder) {
  const auto by_key = scanned(ScanOrder::by_key);
  EXPECT_EQ(by_key.size(), 30U);
  EXPECT_TRUE(std::ranges::is_sorted(by_key));
  auto by_hash = scanned(ScanOrder::by_hash);
  EXPECT_FALSE(std::ranges::is_sorted(by_hash));
  std::ranges::sort(by_hash);
  EXPECT_EQ(by_hash, by_key);
}

}  // namespace
}  // namespace kcl::simulation
