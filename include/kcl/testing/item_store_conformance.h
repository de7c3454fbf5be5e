// The promises of kcl/item_store.h as a suite that any implementation can be held against, with any test framework:
//
//   for (const auto& test : kcl::testing::item_store_conformance()) {
//     const std::string failure = test.run(my_store);
//     EXPECT_EQ(failure, "") << test.name;
//   }
//
// All cases may run against one table, in any order, each once; the table starts empty and is for this alone: rows stay
// behind. Needs what DynamoDB grants: values up to 8 KB, 150 rows in a case, four threads at once, a strongly
// consistent read. Takes a few hundred calls; those that answer `not_applied` or `unavailable` fail all cases but the
// two that count.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <kcl/item_store.h>

namespace kcl::testing {

struct ConformanceCase {
  /// The promise, as an identifier: "an_update_never_creates_a_row".
  std::string name;
  /// Empty when the promise is kept, else what was seen instead. Calls ensure() first.
  std::function<std::string(ItemStore&)> run;
};

/// `key_attribute`: what the store under test was configured with.
std::vector<ConformanceCase> item_store_conformance(const std::string& key_attribute = "leaseKey");

}  // namespace kcl::testing
