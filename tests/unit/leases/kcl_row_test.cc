// The row format: what Java KCL writes we read, what we write Java reads, and rows of every version of kclpp read
// alike.
#include "leases/kcl_row.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "simulation/item_bytes.h"
#include "wire/item_json.h"

namespace kcl::leases::kcl_row {
namespace {

using namespace std::chrono_literals;

constexpr const char* kNumber = "49668899999999999999999999999999999999999999999999999998";

/// As long as things get in practice: a worker id of host, process and UUID, two parents, two children, both hash keys
/// of 39 digits.
Lease full_lease() {
  base::Random random(1);
  Lease lease;
  lease.key = "shardId-000000000042";
  lease.owner = "ip-10-123-123-123.eu-west-1.compute.internal:1234567:" + random.uuid();
  lease.counter = 1'800'000'000'123;
  lease.checkpoint = Position::at(*SequenceNumber::parse(kNumber), 12);
  lease.parents = {"shardId-000000000017", "shardId-000000000018"};
  lease.children = {"shardId-000000000052", "shardId-000000000053"};
  lease.hash_keys =
      HashKeyRange{.start = *HashKey::parse("170141183460469231731687303715884105728"), .end = HashKey::max()};
  lease.owner_switches_since_checkpoint = 3;
  lease.checkpoint_owner = "another worker";
  lease.token = Token{.incarnation = random.uuid(), .counter = 1'800'000'000'123, .attempt = 1'234'567};
  lease.claim = Claim{.incarnation = random.uuid(), .worker_id = *lease.owner};
  lease.from = Timestamp(1'799'000'000'000ms);
  lease.at = Timestamp(1'799'500'000'000ms);
  lease.stream_created = std::chrono::sys_seconds(1'790'000'000s);
  lease.failover = 10'000ms;
  lease.throughput_kbps = 12345.678901;
  lease.status = R"({"state":"idle"})";
  return lease;
}

Lease parsed(const Item& row) {
  const auto lease = parse(row);
  EXPECT_TRUE(lease) << lease.error();
  return lease ? *lease : Lease{};
}

void expect_same(const Lease& a, const Lease& b) {
  EXPECT_EQ(render(a), render(b));
  EXPECT_EQ(a.owner, b.owner);
  EXPECT_EQ(a.counter, b.counter);
  EXPECT_EQ(a.checkpoint, b.checkpoint);
  EXPECT_EQ(a.parents, b.parents);
  EXPECT_EQ(a.children, b.children);
  EXPECT_EQ(a.hash_keys, b.hash_keys);
  EXPECT_EQ(a.token, b.token);
  EXPECT_EQ(a.claim, b.claim);
  EXPECT_EQ(a.from, b.from);
  EXPECT_EQ(a.at, b.at);
  EXPECT_EQ(a.stream_created, b.stream_created);
  EXPECT_EQ(a.failover, b.failover);
  EXPECT_EQ(a.status, b.status);
}

TEST(KclRow, OneOfSeveralStreamsIsWrittenAsJavaWritesIt) {
  const std::string stream = "123456789012:orders:1790000000";
  Lease lease = full_lease();
  lease.key = stream + ":shardId-000000000042";
  lease.parents = {stream + ":shardId-000000000017"};
  lease.children = {stream + ":shardId-000000000052", stream + ":shardId-000000000053"};
  const Item row = render(lease);
  EXPECT_EQ(row.at("leaseKey"), AttributeValue(lease.key));
  EXPECT_EQ(row.at("streamName"), AttributeValue(stream));
  EXPECT_EQ(row.at("shardId"), AttributeValue("shardId-000000000042"));
  const AttributeValue::StringSet parents{"shardId-000000000017"};
  EXPECT_EQ(row.at("parentShardId"), AttributeValue(AttributeValue::Variant(parents))) << "shard ids, not lease keys";
  const Lease read = parsed(row);
  EXPECT_EQ(read.parents, lease.parents) << "keys again";
  EXPECT_EQ(read.children, lease.children);
  EXPECT_EQ(render(read), row);
  EXPECT_FALSE(render(full_lease()).contains("streamName"));
}

TEST(KclRow, AFullLeaseReadsBackAsItWasWritten) { expect_same(parsed(render(full_lease())), full_lease()); }

TEST(KclRow, WhatALeaseLacksItsRowLacksToo) {
  Lease lease;
  lease.key = "shardId-000000000000";
  const Item row = render(lease);
  // Java KCL 2.x dies of a row without these (kcl-java.md 0).
  const Item mandatory{{"leaseKey", "shardId-000000000000"},
                       {"leaseCounter", Number::of(0)},
                       {"checkpoint", "TRIM_HORIZON"},
                       {"checkpointSubSequenceNumber", Number::of(0)},
                       {"ownerSwitchesSinceCheckpoint", Number::of(0)}};
  EXPECT_EQ(row, mandatory) << "an empty set or an empty string is not an absent attribute";
  expect_same(parsed(row), lease);
}

TEST(KclRow, TypesAreJavas) {
  const Item row = render(full_lease());
  for (const char* name :
       {"leaseKey", "leaseOwner", "checkpoint", "startingHashKey", "endingHashKey", "checkpointOwner"}) {
    EXPECT_NE(row.at(name).get_if<std::string>(), nullptr) << name;
  }
  for (const char* name : {"leaseCounter", "checkpointSubSequenceNumber", "ownerSwitchesSinceCheckpoint"}) {
    EXPECT_NE(row.at(name).get_if<Number>(), nullptr) << name;
  }
  for (const char* name : {"parentShardId", "childShardIds"}) {
    EXPECT_NE(row.at(name).get_if<AttributeValue::StringSet>(), nullptr) << name;
  }
}

TEST(KclRow, TheFormatIsFinal) {
  const Item row = render(full_lease());
  EXPECT_EQ(*row.at("kclppFrom").get_if<Number>(), Number::of(1'799'000'000'000)) << "milliseconds";
  EXPECT_EQ(*row.at("kclppAt").get_if<Number>(), Number::of(1'799'500'000'000)) << "milliseconds";
  EXPECT_EQ(*row.at("kclppStream").get_if<Number>(), Number::of(1'790'000'000)) << "whole seconds";
  EXPECT_EQ(*row.at("kclppFailover").get_if<Number>(), Number::of(10'000)) << "milliseconds";
  EXPECT_EQ(*row.at("kclppToken").get_if<std::string>(), full_lease().token->incarnation + ":1800000000123:1234567");
  EXPECT_EQ(*row.at("kclppClaim").get_if<std::string>(),
            full_lease().claim->incarnation + ':' + full_lease().claim->worker_id);
}

// One write unit of DynamoDB, with room to spare.
TEST(KclRow, ARealisticFullRowStaysUnderAThousandBytes) {
  Lease lease = full_lease();
  lease.checkpoint_owner.reset();  // Java's hand-off and our claim do not meet
  lease.at.reset();                // gone by the first checkpoint
  lease.status =
      R"({"state":"processing","since":"2026-11-22T23:26:13.250Z","waiting_for":"process_records to return",)"
      R"("behind_ms":123456789})";
  EXPECT_LT(simulation::item_bytes(render(lease)), 1000U);
}

// Once failed with 1,022 bytes: a batch is tried again, its error is as long as a row may hold, and someone claims the
// lease.
TEST(KclRow, AFullRowWithTheLongestErrorStaysUnderAThousandBytes) {
  Lease lease = full_lease();
  lease.checkpoint_owner.reset();
  lease.at.reset();
  lease.status = R"({"state":"retrying","since":"2026-11-22T23:26:13.250Z",)"
                 R"("waiting_for":"the next delivery of the batch that failed",)"
                 R"("behind_ms":123456789,"last_error":")" +
                 std::string(64, 'e') + "\"}";
  EXPECT_LT(simulation::item_bytes(render(lease)), 1000U);
}

// ---- Java's rows: kcl-java.md 1.1

Item java_row() {
  return {{"leaseKey", "shardId-000000000003"},
          {"leaseOwner", "worker-1"},
          {"leaseCounter", Number::of(4711)},
          {"checkpoint", kNumber},
          {"checkpointSubSequenceNumber", Number::of(7)},
          {"ownerSwitchesSinceCheckpoint", Number::of(2)},
          {"parentShardId", AttributeValue::StringSet{"shardId-000000000001", "shardId-000000000002"}},
          {"childShardIds", AttributeValue::StringSet{"shardId-000000000004"}},
          {"startingHashKey", "0"},
          {"endingHashKey", "340282366920938463463374607431768211455"}};
}

TEST(KclRow, ARowOfJava2Parses) {
  const Lease lease = parsed(java_row());
  EXPECT_EQ(lease.key, "shardId-000000000003");
  EXPECT_EQ(lease.owner, "worker-1");
  EXPECT_EQ(lease.counter, 4711);
  EXPECT_EQ(lease.checkpoint, Position::at(*SequenceNumber::parse(kNumber), 7));
  EXPECT_EQ(lease.parents, (std::set<std::string>{"shardId-000000000001", "shardId-000000000002"}));
  EXPECT_EQ(lease.children, (std::set<std::string>{"shardId-000000000004"}));
  EXPECT_EQ(lease.hash_keys, HashKeyRange{});
  EXPECT_EQ(lease.owner_switches_since_checkpoint, 2);
  EXPECT_FALSE(lease.token);
  EXPECT_FALSE(lease.last_written_by_kclpp());
}

TEST(KclRow, AttributesOfJava3AndOfAPreparedCheckpointAreNoTrouble) {
  Item row = java_row();
  row["throughputKBps"] = Number{"12.345678"};
  row["checkpointOwner"] = "worker-0";
  row["entityType"] = "LEASE";
  row["pendingCheckpoint"] = kNumber;
  row["pendingCheckpointSubSequenceNumber"] = Number::of(1);
  // Java's create path writes a number where its reader expects bytes.
  for (const AttributeValue& state : {AttributeValue(Number::of(0)), AttributeValue(Binary{"state"})}) {
    row["pendingCheckpointState"] = state;
    EXPECT_EQ(parsed(row).checkpoint_owner, "worker-0");
  }
}

TEST(KclRow, JavasSentinelsAndUnownedRowsParse) {
  Item row = java_row();
  for (const char* sentinel : {"TRIM_HORIZON", "LATEST", "AT_TIMESTAMP", "SHARD_END"}) {
    row["checkpoint"] = sentinel;
    row["checkpointSubSequenceNumber"] = Number::of(0);
    EXPECT_EQ(parsed(row).checkpoint.text(), sentinel);
  }
  EXPECT_TRUE(parsed(row).ended());
  row.erase("leaseOwner");
  EXPECT_FALSE(parsed(row).owner);
  row["leaseOwner"] = "";
  EXPECT_FALSE(parsed(row).owner) << "nobody, however it is written";
}

TEST(KclRow, AJavaRenewalLeavesOurTokenBehind) {
  Lease ours = full_lease();
  EXPECT_TRUE(ours.last_written_by_kclpp());
  ++ours.counter;
  EXPECT_FALSE(parsed(render(ours)).last_written_by_kclpp());
}

TEST(KclRow, OnlyRowsWithoutAnotherEntityTypeAreLeases) {
  Item row = java_row();
  EXPECT_TRUE(is_lease(row));
  row["entityType"] = "LEASE";
  EXPECT_TRUE(is_lease(row));
  for (const AttributeValue& other :
       {AttributeValue("LEADER"), AttributeValue("lease"), AttributeValue(Number::of(1)), AttributeValue("")}) {
    row["entityType"] = other;
    EXPECT_FALSE(is_lease(row));
  }
}

// ---- malformed rows

TEST(KclRow, AMalformedRowGivesAnErrorThatNamesTheAttribute) {
  struct Case {
    const char* attribute;
    std::optional<AttributeValue> value;  // none: the attribute is missing
  };
  const std::vector<Case> cases{
      {"leaseKey", std::nullopt},
      {"leaseKey", ""},
      {"leaseKey", Number::of(1)},
      {"leaseOwner", Number::of(1)},
      {"leaseCounter", std::nullopt},
      {"leaseCounter", "4711"},
      {"leaseCounter", Number{"1.5"}},
      {"leaseCounter", Number{"92233720368547758080"}},
      {"checkpoint", std::nullopt},
      {"checkpoint", ""},
      {"checkpoint", "latest"},
      {"checkpoint", "12a"},
      {"checkpoint", "-5"},
      {"checkpoint", Number::of(5)},
      {"checkpointSubSequenceNumber", "0"},
      {"checkpointSubSequenceNumber", Number::of(-1)},
      {"parentShardId", "shardId-000000000001"},
      {"childShardIds", AttributeValue::List{AttributeValue("shardId-000000000001")}},
      {"startingHashKey", Number::of(0)},
      {"startingHashKey", "x"},
      {"endingHashKey", Null{}},
      {"ownerSwitchesSinceCheckpoint", "2"},
      {"checkpointOwner", AttributeValue::StringSet{"w"}},
  };
  for (const Case& c : cases) {
    Item row = java_row();
    row.erase(c.attribute);
    if (c.value) row.emplace(c.attribute, *c.value);
    const auto lease = parse(row);
    ASSERT_FALSE(lease) << c.attribute;
    EXPECT_NE(lease.error().find(c.attribute), std::string::npos) << c.attribute << ": " << lease.error();
  }
}

// Once failed: a wrong endingHashKey is blamed on startingHashKey (kcl_row.cc, read_hash_keys).
TEST(KclRow, AWrongEndingHashKeyIsNamed) {
  for (const char* wrong : {"", "x", "340282366920938463463374607431768211456"}) {
    Item row = java_row();
    row["endingHashKey"] = wrong;
    const auto lease = parse(row);
    ASSERT_FALSE(lease) << wrong;
    EXPECT_NE(lease.error().find("endingHashKey"), std::string::npos) << lease.error();
  }
}

TEST(KclRow, ATokenOrClaimThatDoesNotParseCountsAsAbsent) {
  Item row = java_row();
  row["kclppToken"] = "of another format";
  row["kclppClaim"] = "nobody";
  EXPECT_FALSE(parsed(row).token);
  EXPECT_FALSE(parsed(row).claim);
}

// Once failed: a kclpp attribute of the wrong type or with a fraction makes the whole row unreadable, against the
// comment in parse().
TEST(KclRow, AnAttributeOfOursThatDoesNotParseNeverCostsTheLease) {
  const std::vector<std::pair<const char*, AttributeValue>> odd{
      {"kclppToken", Number::of(1)},
      {"kclppClaim", AttributeValue::StringSet{"c"}},
      {"kclppFrom", "soon"},
      {"kclppFrom", Number{"1.5"}},
      {"kclppAt", Null{}},
      {"kclppStream", "x"},
      {"kclppFailover", Binary{"10"}},
      {"kclppStatus", AttributeValue::Map{}},
  };
  for (const auto& [name, value] : odd) {
    Item row = java_row();
    row[name] = value;
    const auto lease = parse(row);
    EXPECT_TRUE(lease) << name << ": " << (lease ? "" : lease.error());
  }
}

// ---- token and claim

TEST(Token, ReadsBackAndRejectsEverythingElse) {
  const Token token{.incarnation = "0b7c3f6e-97a4-4d3e-8f0e-2a1b3c4d5e6f", .counter = 1'800'000'000'123, .attempt = 17};
  EXPECT_EQ(token.text(), "0b7c3f6e-97a4-4d3e-8f0e-2a1b3c4d5e6f:1800000000123:17");
  EXPECT_EQ(Token::parse(token.text()), token);
  EXPECT_EQ(Token::parse("i:-1:0"), (Token{.incarnation = "i", .counter = -1, .attempt = 0}));
  for (const char* wrong : {"", ":", "::", "i", "i:1", "i:1:", "i::1", ":1:1", "i:x:1", "i:1:x", "i:1:-1", "i:1:1 ",
                            "i: 1:1", "i:+1:1", "i:9223372036854775808:1", "i:1:18446744073709551616", "i:1.0:1"}) {
    EXPECT_FALSE(Token::parse(wrong)) << wrong;
  }
}

TEST(Claim, ReadsBackWhateverTheWorkerIsCalled) {
  for (const char* worker : {"w", "host:123:uuid", ":", " "}) {
    const Claim claim{.incarnation = "0b7c3f6e-97a4-4d3e-8f0e-2a1b3c4d5e6f", .worker_id = worker};
    EXPECT_EQ(Claim::parse(claim.text()), claim) << worker;
  }
  for (const char* wrong : {"", ":", "i", "i:", ":w"}) EXPECT_FALSE(Claim::parse(wrong)) << wrong;
}

TEST(KclRow, ACheckpointSetsWhatJavasDoes) {
  std::vector<Action> actions;
  append_checkpoint(Position::at(*SequenceNumber::parse("5"), 3), actions);
  ASSERT_EQ(actions.size(), 4U);
  EXPECT_EQ(actions[0].attribute, "checkpoint");
  EXPECT_EQ(actions[0].value, AttributeValue("5"));
  EXPECT_EQ(actions[1].attribute, "checkpointSubSequenceNumber");
  EXPECT_EQ(actions[1].value, AttributeValue(Number::of(3)));
  EXPECT_EQ(actions[2].attribute, "ownerSwitchesSinceCheckpoint");
  EXPECT_EQ(actions[2].value, AttributeValue(Number::of(0)));
  EXPECT_EQ(actions[3].attribute, "kclppAt");
  EXPECT_EQ(actions[3].kind, Action::Kind::remove);
}

}  // namespace
}  // namespace kcl::leases::kcl_row
