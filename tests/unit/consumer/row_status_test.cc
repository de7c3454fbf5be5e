#include "consumer/row_status.h"

#include <gtest/gtest.h>

namespace kcl::consumer {
namespace {

using namespace std::chrono_literals;

TEST(RowStatus, IsReadAsItWasWritten) {
  ShardStatus status;
  status.state = ShardState::retrying;
  status.since = Timestamp(1'800'000'000'250ms);
  status.waiting_for = "process_records to return";
  status.behind = 1'500ms;
  status.last_error = "it threw \"no\"\n";
  const auto read = parse_row_status(row_status(status));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->state, "retrying");
  EXPECT_EQ(read->since, status.since);
  EXPECT_EQ(read->waiting_for, "process_records to return");
  EXPECT_EQ(read->behind, 1'500ms);
  EXPECT_EQ(read->last_error, "it threw 'no'?");
}

TEST(RowStatus, WhatALaterVersionAddsIsPassedOver) {
  const auto read = parse_row_status(R"({"mood":{"of":["the",1]},"state":"dancing","behind_ms":-3})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->state, "dancing");
  EXPECT_EQ(read->behind, 0ms);
  EXPECT_FALSE(read->since);
}

TEST(RowStatus, NothingComesOfWhatIsNone) {
  for (const char* text : {"", "idle", "[]", "7", R"({"state":)", R"({"state":7})", R"({"behind_ms":"1"})"}) {
    EXPECT_FALSE(parse_row_status(text)) << text;
  }
  EXPECT_TRUE(parse_row_status("{}"));
}

}  // namespace
}  // namespace kcl::consumer
