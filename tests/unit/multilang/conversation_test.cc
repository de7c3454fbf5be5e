#include "multilang/conversation.h"

#include <gtest/gtest.h>

#include <string>

namespace kcl::multilang {
namespace {

using ports::CheckpointResult;
using wire::MultilangAction;
using wire::MultilangCheckpoint;
using wire::MultilangStatus;
using Kind = Verdict::Kind;

TEST(Conversation, AnActionIsAnsweredByItsOwnStatusAlone) {
  Conversation conversation;
  conversation.asked(MultilangAction::initialize);
  EXPECT_TRUE(conversation.waits());
  EXPECT_EQ(conversation.on(MultilangStatus{"initialize"}).kind, Kind::answered);
  EXPECT_FALSE(conversation.waits());
  conversation.asked(MultilangAction::process_records);
  const Verdict wrong = conversation.on(MultilangStatus{"initialize"});
  EXPECT_EQ(wrong.kind, Kind::violation);
  EXPECT_EQ(wrong.text, "it answered 'initialize' when it was asked 'processRecords'");
}

TEST(Conversation, AStatusThatNothingWaitsForAnswersNothingLater) {
  Conversation conversation;
  conversation.asked(MultilangAction::process_records);
  conversation.on(MultilangStatus{"processRecords"});
  EXPECT_EQ(conversation.on(MultilangStatus{"processRecords"}).kind, Kind::surplus);
  conversation.asked(MultilangAction::process_records);
  EXPECT_TRUE(conversation.waits());
}

TEST(Conversation, CheckpointsAreAskedForWhereTheChildSays) {
  Conversation conversation;
  conversation.asked(MultilangAction::process_records);
  EXPECT_EQ(conversation.on(MultilangCheckpoint{}).position, std::nullopt);
  EXPECT_EQ(conversation.on(MultilangCheckpoint{"49", std::nullopt}).position, *Position::parse("49", 0));
  EXPECT_EQ(conversation.on(MultilangCheckpoint{"49", 7}).position, *Position::parse("49", 7));
  EXPECT_EQ(conversation.on(MultilangCheckpoint{"SHARD_END", std::nullopt}).position, Position::shard_end());
  // Late, after the answer.
  conversation.on(MultilangStatus{"processRecords"});
  EXPECT_EQ(conversation.on(MultilangCheckpoint{"49", 7}).kind, Kind::checkpoint);
}

TEST(Conversation, WhatIsNoPositionIsRefusedByTheNameThatJavaHasForIt) {
  Conversation conversation;
  conversation.asked(MultilangAction::process_records);
  for (const MultilangCheckpoint& request :
       {MultilangCheckpoint{"", std::nullopt}, MultilangCheckpoint{"abc", 0}, MultilangCheckpoint{"49", -1},
        MultilangCheckpoint{"-49", 0}, MultilangCheckpoint{"49.5", 0}}) {
    const Verdict verdict = conversation.on(request);
    EXPECT_EQ(verdict.kind, Kind::refuse);
    EXPECT_EQ(verdict.text, "IllegalArgumentException");
  }
}

TEST(Conversation, ThereIsNothingToCheckpointBeforeTheFirstRecordsAndAfterTheLoss) {
  for (const MultilangAction action : {MultilangAction::initialize, MultilangAction::lease_lost}) {
    Conversation conversation;
    conversation.asked(action);
    const Verdict verdict = conversation.on(MultilangCheckpoint{"49", 0});
    EXPECT_EQ(verdict.kind, Kind::refuse);
    EXPECT_EQ(verdict.text, "InvalidStateException");
  }
}

TEST(Conversation, WhatAProgramPrintsAndWhatItEchoesAnswersNothing) {
  Conversation conversation;
  conversation.asked(MultilangAction::shard_ended);
  EXPECT_EQ(conversation.on(wire::MultilangNoise{}).kind, Kind::print);
  EXPECT_EQ(conversation.on(wire::MultilangEcho{}).kind, Kind::nothing);
  EXPECT_TRUE(conversation.waits());
}

TEST(Conversation, IsOverAfterTheLastActions) {
  for (const MultilangAction action :
       {MultilangAction::initialize, MultilangAction::process_records, MultilangAction::shutdown_requested,
        MultilangAction::shard_ended, MultilangAction::lease_lost}) {
    Conversation conversation;
    conversation.asked(action);
    EXPECT_FALSE(conversation.over());
    conversation.on(MultilangStatus{std::string(name_of(action))});
    EXPECT_EQ(conversation.over(), action == MultilangAction::shard_ended || action == MultilangAction::lease_lost);
  }
}

TEST(Conversation, ErrorsHaveTheNamesOfJavasExceptions) {
  EXPECT_EQ(error_of({CheckpointResult::Kind::stored, ""}), std::nullopt);
  EXPECT_EQ(error_of({CheckpointResult::Kind::lease_lost, ""}), "ShutdownException");
  EXPECT_EQ(error_of({CheckpointResult::Kind::unavailable, ""}), "ThrottlingException");
  EXPECT_EQ(error_of({CheckpointResult::Kind::invalid, ""}), "IllegalArgumentException");
}

}  // namespace
}  // namespace kcl::multilang
