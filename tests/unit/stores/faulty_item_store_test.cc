#include <gtest/gtest.h>
#include <kcl/item_stores.h>
#include <kcl/testing/faulty_item_store.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace kcl {
namespace {

using Kind = WriteOutcome::Kind;
using kcl::testing::FaultyItemStore;
using kcl::testing::ItemStoreFaults;
using kcl::testing::WriteFate;

WriteOutcome count(ItemStore& store) { return store.update({"k", {Action::add("n", Number::of(1))}, {}}, Call{}); }

std::int64_t counted(ItemStore& store) {
  const Item row = *store.get("k", true, Call{}).value().row;
  return row.contains("n") ? *row.at("n").get_if<Number>()->as_int64() : 0;
}

std::shared_ptr<ItemStore> store_with_row() {
  auto store = make_memory_item_store();
  store->create({{"leaseKey", "k"}}, Call{});
  return store;
}

TEST(FaultyItemStore, EachFateIsWhatItSays) {
  struct Expected {
    WriteFate fate;
    Kind answer;
    int applied;
  };
  for (const auto& [fate, answer, applied] : std::vector<Expected>{{WriteFate::served, Kind::applied, 1},
                                                                   {WriteFate::request_lost, Kind::unknown, 0},
                                                                   {WriteFate::answer_lost, Kind::unknown, 1},
                                                                   {WriteFate::late, Kind::unknown, 0},
                                                                   {WriteFate::unreachable, Kind::not_applied, 0},
                                                                   {WriteFate::throttled, Kind::not_applied, 0}}) {
    const auto inner = store_with_row();
    FaultyItemStore faulty(inner, {}, 1);
    faulty.set_next_fate(fate);
    const auto outcome = count(faulty);
    EXPECT_EQ(outcome.kind, answer);
    EXPECT_EQ(outcome.message.empty(), answer == Kind::applied);
    EXPECT_EQ(counted(*inner), applied);
    EXPECT_EQ(count(faulty).kind, Kind::applied);  // only the next write was concerned
  }
}

TEST(FaultyItemStore, LateWritesArriveOnceWhenTold) {
  const auto inner = store_with_row();
  FaultyItemStore faulty(inner, {.late = 1}, 1);
  for (int i = 0; i < 3; ++i) count(faulty);
  faulty.create({{"leaseKey", "k"}}, Call{});
  faulty.remove("absent", {}, Call{});
  EXPECT_EQ(counted(*inner), 0);
  const auto outcomes = faulty.deliver_late_writes();
  EXPECT_EQ(outcomes.size(), 5U);
  EXPECT_EQ(std::count_if(outcomes.begin(), outcomes.end(), [](const auto& o) { return o.kind == Kind::applied; }), 3);
  EXPECT_EQ(counted(*inner), 3);
  EXPECT_TRUE(faulty.deliver_late_writes().empty());
}

std::vector<Kind> answers(std::uint64_t seed) {
  FaultyItemStore faulty(store_with_row(),
                         {.request_lost = 0.2, .answer_lost = 0.2, .late = 0.2, .unreachable = 0.1, .throttled = 0.1},
                         seed);
  std::vector<Kind> kinds;
  for (int i = 0; i < 100; ++i) kinds.push_back(count(faulty).kind);
  return kinds;
}

TEST(FaultyItemStore, TheSeedDecides) {
  EXPECT_EQ(answers(1), answers(1));
  EXPECT_NE(answers(1), answers(2));
}

TEST(FaultyItemStore, ReadsFailAsUnavailable) {
  FaultyItemStore faulty(store_with_row(), {.read_fails = 1}, 1);
  EXPECT_EQ(faulty.get("k", true, Call{}).error().kind, StoreError::Kind::unavailable);
  EXPECT_EQ(faulty.scan({}, Call{}).error().kind, StoreError::Kind::unavailable);
  EXPECT_TRUE(faulty.ensure(CreateTable::never, Call{}));
}

}  // namespace
}  // namespace kcl
