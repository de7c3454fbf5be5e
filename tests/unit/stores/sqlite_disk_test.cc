// What a write may answer when the disk fails at any of its steps, and what is left after the power failed at any of
// them.
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "unit/stores/faulty_disk.h"
#include "unit/stores/scratch.h"

namespace kcl {
namespace {

using scratch::Child;
using scratch::FaultyDisk;
using scratch::options_for;
using scratch::Parent;
using scratch::ready_store;
using scratch::TempDirectory;
using Kind = WriteOutcome::Kind;

/// More changes than any write here makes.
constexpr int kEnough = 100;

/// Raises the counter of a row that is large enough to take several pages.
WriteOutcome raise(ItemStore& store) {
  return store.update({"k", {Action::add("n", Number::of(1)), Action::set("payload", std::string(20'000, 'x'))}, {}},
                      Call{});
}

std::int64_t counter_in(ItemStore& store) {
  const auto read = store.get("k", true, Call{});
  if (!read || !read->row) {
    ADD_FAILURE() << (read ? "the row is gone" : read.error().message);
    return -1;
  }
  return *read->row->at("n").get_if<Number>()->as_int64();
}

class SqliteDisk : public ::testing::Test {
 protected:
  SqliteDisk() {
    const auto store = ready_store(options_for(path_));
    store->create({{"leaseKey", "k"}, {"n", Number::of(0)}}, Call{});
    raise(*store);
  }

  /// Fails each change of a write in turn, and holds each answer against the file. Returns how often each was given.
  std::map<Kind, int> sweep(FaultyDisk::Fault fault, bool stays) {
    std::map<Kind, int> answers;
    FaultyDisk disk;
    const auto store = ready_store(options_for(path_));
    for (int change = 1; change < kEnough; ++change) {
      SCOPED_TRACE("change " + std::to_string(change));
      const std::int64_t before = counter_in(*store);
      disk.arm({.fault = fault, .at_change = change, .stays = stays});
      const auto outcome = raise(*store);
      const bool struck = disk.struck();
      disk.arm({});
      const std::int64_t after = counter_in(*ready_store(options_for(path_)));
      if (outcome.kind == Kind::applied) {
        EXPECT_EQ(after, before + 1);
      } else if (outcome.kind == Kind::not_applied) {
        EXPECT_EQ(after, before);
        EXPECT_NE(outcome.message.find(path_), std::string::npos) << outcome.message;
      } else {
        EXPECT_EQ(outcome.kind, Kind::unknown) << outcome.message;
        EXPECT_TRUE(after == before || after == before + 1) << after;
      }
      ++answers[outcome.kind];
      EXPECT_EQ(counter_in(*store), after);  // the store has recovered, too
      if (!struck) return answers;
    }
    ADD_FAILURE() << "the write never ends";
    return answers;
  }

  /// Cuts the power at each change of a write in turn, the last time after its answer, and checks what is found
  /// afterwards.
  void sweep_power_cuts(bool database_forgets, bool journal_forgets) {
    for (int change = 1; change < kEnough; ++change) {
      SCOPED_TRACE("change " + std::to_string(change));
      const std::int64_t before = counter_in(*ready_store(options_for(path_)));
      Child child([&](Parent& parent) {
        FaultyDisk disk;
        const auto store = ready_store(options_for(path_));
        disk.arm({.fault = FaultyDisk::Fault::power_cut,
                  .at_change = change,
                  .database_forgets = database_forgets,
                  .journal_forgets = journal_forgets});
        if (raise(*store).kind != Kind::applied) return 1;
        parent.tell('A');
        disk.cut_power();
      });
      const bool was_applied = child.hear() == 'A';
      ASSERT_EQ(child.wait(), FaultyDisk::kPowerCut);
      const std::int64_t after = counter_in(*ready_store(options_for(path_)));
      if (was_applied) {
        EXPECT_EQ(after, before + 1) << "the power cut undid a commit that was answered";
        return;
      }
      EXPECT_TRUE(after == before || after == before + 1) << after;
    }
    ADD_FAILURE() << "the write never ends";
  }

  const TempDirectory directory_;
  const std::string path_ = directory_.file("leases.db");
};

TEST_F(SqliteDisk, AFullDiskIsNotAppliedAtWhateverStep) {
  for (const bool stays : {false, true}) {
    const auto answers = sweep(FaultyDisk::Fault::full, stays);
    EXPECT_GT(answers.at(Kind::not_applied), 0);
    EXPECT_EQ(answers.count(Kind::unknown), 0U);
  }
}

TEST_F(SqliteDisk, TheMessageOfAFullDiskSaysSo) {
  FaultyDisk disk;
  const auto store = ready_store(options_for(path_));
  disk.arm({.fault = FaultyDisk::Fault::full, .at_change = 1, .stays = true});
  EXPECT_EQ(raise(*store).message, path_ + " cannot grow: the disk is full; free some space");
}

TEST_F(SqliteDisk, AnIoErrorIsNeverAnsweredWrongly) {
  for (const bool stays : {false, true}) {
    const auto answers = sweep(FaultyDisk::Fault::io_error, stays);
    EXPECT_GT(answers.at(Kind::not_applied), 0);
    EXPECT_GT(answers.at(Kind::unknown), 0);
  }
}

TEST_F(SqliteDisk, AKilledProcessLeavesTheRowBeforeOrAfter) { sweep_power_cuts(false, false); }

TEST_F(SqliteDisk, APowerCutNeverUndoesAnAnsweredCommit) {
  sweep_power_cuts(true, false);
  sweep_power_cuts(false, true);
  sweep_power_cuts(true, true);
}

TEST_F(SqliteDisk, TheJournalIsSafeBeforeTheDatabaseChangesAndTheCommitBeforeTheAnswer) {
  FaultyDisk disk;
  const auto store = ready_store(options_for(path_));
  disk.arm({});
  ASSERT_EQ(raise(*store).kind, Kind::applied);
  std::vector<std::string> steps;  // without repetitions
  for (const auto& step : disk.log()) {
    if (steps.empty() || steps.back() != step) steps.push_back(step);
  }
  const std::vector<std::string> commit{"write db", "sync db", "truncate journal", "sync journal"};
  ASSERT_GE(steps.size(), commit.size() + 2);
  EXPECT_EQ(std::vector<std::string>(steps.end() - 4, steps.end()), commit);
  EXPECT_EQ(steps[steps.size() - 5], "sync journal");
}

}  // namespace
}  // namespace kcl
