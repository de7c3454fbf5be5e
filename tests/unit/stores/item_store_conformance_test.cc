#include <gtest/gtest.h>
#include <kcl/item_stores.h>
#include <kcl/testing/item_store_conformance.h>

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "memory_store/memory_table.h"
#include "unit/stores/scratch.h"

namespace kcl {
namespace {

using scratch::options_for;
using scratch::TempDirectory;

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& test : testing::item_store_conformance()) names.push_back(test.name);
  return names;
}

std::string run(const std::string& name, ItemStore& store, const std::string& key_attribute = "leaseKey") {
  for (const auto& test : testing::item_store_conformance(key_attribute)) {
    if (test.name == name) return test.run(store);
  }
  return "no such case";
}

class Conformance : public ::testing::TestWithParam<std::string> {};

TEST_P(Conformance, OfTheMemoryStore) { EXPECT_EQ(run(GetParam(), *make_memory_item_store()), ""); }

TEST_P(Conformance, OfTheSqliteStore) {
  const TempDirectory directory;
  const auto store = open_sqlite_item_store(options_for(directory.file("leases.db")));
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ(run(GetParam(), **store), "");
}

INSTANTIATE_TEST_SUITE_P(Each, Conformance, ::testing::ValuesIn(case_names()),
                         [](const auto& test) { return test.param; });

TEST(ConformanceSuite, RunsInOneTableWithAnyKeyAttribute) {
  const TempDirectory directory;
  auto options = options_for(directory.file("leases.db"));
  options.key_attribute = "ShardID";
  const auto sqlite = open_sqlite_item_store(options);
  ASSERT_TRUE(sqlite) << sqlite.error().message;
  for (const auto& store : {make_memory_item_store("ShardID"), *sqlite}) {
    for (const auto& test : testing::item_store_conformance("ShardID")) EXPECT_EQ(test.run(*store), "") << test.name;
  }
}

/// A memory store with one defect, to see the suite find it. Single-threaded.
class Defective : public ItemStore {
 public:
  StoreResult<void> ensure(CreateTable, const Call&) override { return {}; }
  StoreResult<ReadItem> get(const std::string& key, bool, const Call&) override {
    return ReadItem{table_.get(key), {}};
  }
  WriteOutcome create(const Item& row, const Call&) override { return table_.create(row); }
  WriteOutcome update(const ItemUpdate& update, const Call&) override { return table_.update(update); }
  WriteOutcome remove(const std::string& key, const std::vector<Condition>& conditions, const Call&) override {
    return table_.remove(key, conditions);
  }
  StoreResult<ScanPage> scan(const ScanRequest& request, const Call&) override { return table_.scan(request); }

 protected:
  memory_store::MemoryTable table_{"leaseKey"};
};

struct IgnoresConditions final : Defective {
  WriteOutcome update(const ItemUpdate& update, const Call&) override {
    return table_.update({update.key, update.actions, {}});
  }
};

struct UpdatesCreate final : Defective {
  WriteOutcome update(const ItemUpdate& update, const Call&) override {
    table_.create({{"leaseKey", update.key}});
    return table_.update(update);
  }
};

struct CreatesOverwrite final : Defective {
  WriteOutcome create(const Item& row, const Call&) override {
    if (const auto* key = row.contains("leaseKey") ? row.at("leaseKey").get_if<std::string>() : nullptr)
      table_.remove(*key, {});
    return table_.create(row);
  }
};

struct ReplacesRows final : Defective {
  WriteOutcome update(const ItemUpdate& update, const Call&) override {
    auto outcome = table_.update(update);
    if (outcome.kind != WriteOutcome::Kind::applied) return outcome;
    table_.remove(update.key, {});
    table_.create({{"leaseKey", update.key}});
    return table_.update({update.key, update.actions, {}});
  }
};

struct ReturnsTheRowBefore final : Defective {
  WriteOutcome update(const ItemUpdate& update, const Call&) override {
    auto before = table_.get(update.key);
    auto outcome = table_.update(update);
    if (outcome.kind == WriteOutcome::Kind::applied) outcome.row = std::move(before);
    return outcome;
  }
};

struct ForgetsEmptyStrings final : Defective {
  WriteOutcome create(const Item& row, const Call&) override {
    Item kept = row;
    std::erase_if(kept, [](const auto& attribute) { return attribute.second == AttributeValue(""); });
    return table_.create(kept);
  }
};

struct RepeatsRowsBetweenPages final : Defective {
  StoreResult<ScanPage> scan(const ScanRequest& request, const Call&) override {
    auto page = table_.scan(request);
    if (page && !page->next_page_token.empty()) page->next_page_token.pop_back();
    return page;
  }
};

struct IgnoresSegments final : Defective {
  StoreResult<ScanPage> scan(const ScanRequest& request, const Call&) override {
    return table_.scan({.page_token = request.page_token});
  }
};

struct SendsTwice final : Defective {
  WriteOutcome update(const ItemUpdate& update, const Call&) override {
    auto first = table_.update(update);
    table_.update(update);
    return first;
  }
};

struct AnswersUnappliedWrites final : Defective {
  WriteOutcome update(const ItemUpdate& update, const Call&) override {
    auto copy = table_;
    return ++calls_ % 5 == 0 ? copy.update(update) : table_.update(update);
  }
  int calls_ = 0;
};

struct AppliesWhatItDenies final : Defective {
  WriteOutcome update(const ItemUpdate& update, const Call&) override {
    auto outcome = table_.update(update);
    if (outcome.kind == WriteOutcome::Kind::applied && ++calls_ % 5 == 0)
      return {.kind = WriteOutcome::Kind::not_applied, .message = "no"};
    return outcome;
  }
  int calls_ = 0;
};

template <class Store>
std::string verdict(const std::string& name) {
  Store store;
  return run(name, store);
}

TEST(ConformanceSuite, FindsDefectiveStores) {
  EXPECT_EQ(verdict<Defective>("conditions_are_checked"), "");
  EXPECT_NE(verdict<IgnoresConditions>("conditions_are_checked"), "");
  EXPECT_NE(verdict<IgnoresConditions>("a_late_write_meets_its_condition"), "");
  EXPECT_NE(verdict<IgnoresConditions>("unknown_answers_are_settled_by_tokens"), "");
  EXPECT_NE(verdict<UpdatesCreate>("an_update_never_creates_a_row"), "");
  EXPECT_NE(verdict<CreatesOverwrite>("an_existing_row_is_not_created_again"), "");
  EXPECT_NE(verdict<ReplacesRows>("unnamed_attributes_survive"), "");
  EXPECT_NE(verdict<ReturnsTheRowBefore>("actions_set_remove_and_add"), "");
  EXPECT_NE(verdict<ForgetsEmptyStrings>("every_type_round_trips"), "");
  EXPECT_NE(verdict<RepeatsRowsBetweenPages>("a_scan_shows_each_row_once"), "");
  EXPECT_NE(verdict<IgnoresSegments>("segments_partition_the_rows"), "");
  EXPECT_NE(verdict<SendsTwice>("actions_set_remove_and_add"), "");
  EXPECT_NE(verdict<AnswersUnappliedWrites>("unknown_answers_are_settled_by_tokens"), "");
  EXPECT_NE(verdict<AppliesWhatItDenies>("unknown_answers_are_settled_by_tokens"), "");
}

}  // namespace
}  // namespace kcl
