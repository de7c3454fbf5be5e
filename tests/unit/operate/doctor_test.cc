// What the doctor says of what was found out.
#include "operate/doctor.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "operate/least_privilege.h"
#include "unit/operate/view.h"
#include "wire/json_reader.h"

namespace kcl::operate {
namespace {

using namespace std::chrono_literals;

/// A fleet on AWS with which nothing is wrong.
Facts well() {
  Facts facts;
  facts.application = "billing";
  facts.stream = "orders";
  for (const std::string name : {"kinesis", "dynamodb"}) {
    facts.services.push_back({.name = name,
                              .region = "eu-west-1",
                              .profile = "billing",
                              .role = {},
                              .url = "https://" + name + ".eu-west-1.amazonaws.com/"});
  }
  Principal& who = facts.principals.emplace_back();
  who.services = {"kinesis", "dynamodb"};
  who.access_key_id = "AKIA…1234";
  who.source = "profile billing";
  who.identity = "arn:aws:iam::123456789012:role/billing";
  facts.stream_facts = wire::StreamFacts{.arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders",
                                         .status = "ACTIVE",
                                         .mode = "PROVISIONED",
                                         .encryption = "KMS",
                                         .key_id = "alias/aws/kinesis",
                                         .retention_hours = 168,
                                         .open_shards = 2,
                                         .consumers = 1};
  facts.table_facts = wire::TableFacts{.arn = {}, .status = "ACTIVE", .billing = "PAY_PER_REQUEST"};
  facts.attempts.push_back({.action = "kinesis:ListShards", .outcome = Attempt::Outcome::allowed, .message = {}});
  facts.clock_ahead = 1s;
  facts.now = kNow;
  facts.leases = ViewBuilder().row(kclpp_lease(0)).row(kclpp_lease(1, "B")).with(listed(0)).with(listed(1)).diagnosis();
  facts.writes_per_second = 0.6;
  return facts;
}

/// The findings that are not good.
std::vector<Finding> bad(const Facts& facts) {
  auto findings = examine(facts);
  std::erase_if(findings, [](const Finding& finding) { return finding.severity == Severity::good; });
  return findings;
}

void expect_one(const Facts& facts, Severity severity, const std::string& text) {
  const auto found = bad(facts);
  ASSERT_EQ(found.size(), 1U) << findings_text(found);
  EXPECT_EQ(found[0].severity, severity) << found[0].text;
  EXPECT_NE(found[0].text.find(text), std::string::npos) << found[0].text;
  if (severity == Severity::problem) {
    EXPECT_FALSE(found[0].advice.empty()) << "what to do?";
  }
}

TEST(Doctor, NothingIsWrongWithAHealthyFleet) {
  const auto found = bad(well());
  EXPECT_TRUE(found.empty()) << findings_text(found);
}

TEST(Doctor, ADeniedActionIsAProblemAndSaysWhatToDo) {
  auto facts = well();
  facts.attempts.push_back({.action = "dynamodb:Scan", .outcome = Attempt::Outcome::denied, .message = "not you"});
  expect_one(facts, Severity::problem, "dynamodb:Scan is denied: not you");
}

TEST(Doctor, WhatWasNotTriedIsNotCalledGood) {
  auto facts = well();
  facts.attempts.push_back({.action = "dynamodb:CreateTable", .outcome = Attempt::Outcome::untried, .message = "why"});
  expect_one(facts, Severity::unknown, "dynamodb:CreateTable");
  facts = well();
  facts.attempts.push_back({.action = "kinesis:GetRecords", .outcome = Attempt::Outcome::failed, .message = "timeout"});
  expect_one(facts, Severity::unknown, "kinesis:GetRecords");
}

TEST(Doctor, ATableThatNobodyCouldBeAskedAboutIsAProblemToldOnce) {
  auto facts = well();
  facts.table_facts.reset();
  facts.leases.reset();
  facts.table_unreachable = "no such host";
  for (const char* action : {"dynamodb:DescribeTable", "dynamodb:Scan", "dynamodb:PutItem"}) {
    facts.attempts.push_back({.action = action, .outcome = Attempt::Outcome::failed, .message = "no such host"});
  }
  const auto found = bad(facts);
  ASSERT_EQ(found.size(), 2U) << findings_text(found);
  EXPECT_EQ(found[0].severity, Severity::problem);
  EXPECT_NE(found[0].advice.find("--lease-store"), std::string::npos);
  EXPECT_EQ(found[1].text, "whether dynamodb:DescribeTable, dynamodb:Scan, dynamodb:PutItem are allowed: no such host");
  EXPECT_TRUE(findings_text(found).starts_with("1 problem, 0 warnings, 1 not checked")) << findings_text(found);
}

TEST(Doctor, WithoutAnApplicationTheTableIsLeftOutAndSaidToBe) {
  auto facts = well();
  facts.application.clear();
  facts.table_facts.reset();
  expect_one(facts, Severity::unknown, "no application is named");
}

TEST(Doctor, WithoutCredentialsNothingOfAwsIsSaid) {
  Facts facts;
  facts.application = "billing";
  facts.stream = "orders";
  facts.access_error = "none found";
  facts.stream_error = "not asked";
  const auto found = bad(facts);
  EXPECT_EQ(found[0].severity, Severity::problem);
  EXPECT_NE(found[0].text.find("none found"), std::string::npos);
}

TEST(Doctor, TemporaryCredentialsFromTheEnvironmentAreAWarning) {
  auto facts = well();
  facts.principals[0].temporary = true;
  EXPECT_TRUE(bad(facts).empty()) << "a profile renews them";
  facts.principals[0].source = "the environment";
  expect_one(facts, Severity::warning, "temporary");
}

TEST(Doctor, WhatIsTheSameForAllServicesIsSaidOnce) {
  const std::string text = findings_text(examine(well()));
  EXPECT_NE(text.find("good         region eu-west-1, profile billing\n"), std::string::npos) << text;
  EXPECT_NE(text.find("good         credentials AKIA…1234 from profile billing\n"), std::string::npos) << text;
}

TEST(Doctor, AServiceInAnotherNameIsToldApart) {
  auto facts = well();
  facts.services[0].role = "arn:aws:iam::210987654321:role/reader";
  facts.principals[0].services = {"kinesis"};
  facts.principals.push_back(facts.principals[0]);
  facts.principals[1].services = {"dynamodb"};
  facts.principals[1].identity = "arn:aws:iam::210987654321:role/reader";
  const std::string text = findings_text(examine(facts));
  for (const char* part :
       {"good         kinesis: region eu-west-1, profile billing, role arn:aws:iam::210987654321:role/reader\n",
        "good         dynamodb: region eu-west-1, profile billing\n", "kinesis: credentials AKIA…1234",
        "dynamodb: they are arn:aws:iam::210987654321:role/reader"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << '\n' << text;
  }
  facts.principals[1].access_key_id.reset();
  facts.principals[1].error = "access denied";
  expect_one(facts, Severity::problem, "dynamodb: AWS cannot be asked: access denied");
}

TEST(Doctor, AClockThatIsWrongIsSaid) {
  auto facts = well();
  facts.clock_ahead = -30s;
  expect_one(facts, Severity::warning, "30 s behind");
  facts.clock_ahead = 10min;
  expect_one(facts, Severity::problem, "10 min ahead of");
  facts.clock_ahead.reset();
  expect_one(facts, Severity::unknown, "clock");
}

TEST(Doctor, AStreamThatKeepsRecordsForADayIsAWarning) {
  auto facts = well();
  facts.stream_facts->retention_hours = 24;
  expect_one(facts, Severity::warning, "kept for 1 d");
  facts = well();
  facts.stream_facts->status = "DELETING";
  expect_one(facts, Severity::problem, "DELETING");
  facts = well();
  facts.stream_facts->consumers = 20;
  expect_one(facts, Severity::warning, "20 consumers");
}

TEST(Doctor, ConsumersAreNamedWhereTheServiceListsThem) {
  auto facts = well();
  EXPECT_NE(findings_text(examine(facts)).find("1 consumer registered for enhanced fan-out, of 20\n"),
            std::string::npos);
  facts.consumers = {{.name = "billing", .arn = {}, .status = "ACTIVE"},
                     {.name = "audit", .arn = {}, .status = "CREATING"}};
  EXPECT_NE(findings_text(examine(facts))
                .find("2 consumers registered for enhanced fan-out, of 20: billing, audit (CREATING)"),
            std::string::npos);
  facts.consumers->resize(20, facts.consumers->front());
  expect_one(facts, Severity::warning, "20 consumers");
}

TEST(Doctor, ATableThatIsTooSmallForTheFleetsWritesIsAProblem) {
  auto facts = well();
  facts.table_facts->billing = "PROVISIONED";
  facts.table_facts->write_capacity = 5;
  facts.table_facts->read_capacity = 5;
  EXPECT_TRUE(bad(facts).empty());
  facts.writes_per_second = 4.5;
  expect_one(facts, Severity::problem, "4.5 times a second");
}

TEST(Doctor, StuckLeasesAreAProblemUnlessNoWorkerRuns) {
  auto facts = well();
  facts.leases =
      ViewBuilder().row(kclpp_lease(0), false).row(kclpp_lease(1)).with(listed(0)).with(listed(1)).diagnosis();
  expect_one(facts, Severity::problem, "1 leases silent: " + shard(0));

  auto free = kclpp_lease(0);
  free.owner.reset();
  facts.leases = ViewBuilder().row(free, false).with(listed(0)).diagnosis();
  expect_one(facts, Severity::unknown, "no worker owns a lease");
}

TEST(Doctor, AFileNeedsNoAws) {
  Facts facts;
  facts.application = "billing";
  facts.sqlite_file = "leases.db";
  facts.leases = ViewBuilder().row(kclpp_lease(0)).with(listed(0)).diagnosis();
  expect_one(facts, Severity::unknown, "the stream: none is named");
}

TEST(Doctor, TheWorstComesFirst) {
  auto facts = well();
  facts.clock_ahead = 10min;
  facts.stream_facts->retention_hours = 24;
  facts.principals[0].identity.reset();
  const auto found = examine(facts);
  EXPECT_TRUE(std::ranges::is_sorted(found, {}, &Finding::severity));
  EXPECT_EQ(found.front().severity, Severity::problem);
  const std::string text = findings_text(found);
  EXPECT_EQ(text.find("1 problem, 1 warning, 1 not checked"), 0U) << text;
  const std::string json = findings_json(found);
  wire::JsonReader reader(json);
  EXPECT_TRUE(reader.enter_map()) << reader.error();
}

TEST(Doctor, ACostIsThatOfWritesAndScans) {
  const auto cost =
      monthly_cost({.writes_per_second = 10, .workers = 2, .rows_bytes = 16'000, .failover = std::chrono::seconds(10)});
  EXPECT_NEAR(cost.writes, 10 * 2.628 * 0.625, 0.01);
  EXPECT_NEAR(cost.scans, 2 * 2 * 2.628 * 0.125, 0.01) << "two workers, once a second, two units each";
}

TEST(LeastPrivilege, APolicyNamesEveryActionAndNothingElse) {
  const auto grants = grants_of("arn:aws:kinesis:eu-west-1:123456789012:stream/orders", "billing", "");
  EXPECT_EQ(grants.stream, "orders");
  for (const PolicyForm form : {PolicyForm::iam, PolicyForm::terraform, PolicyForm::cloudformation}) {
    const std::string text = policy_text(grants, form);
    for (const auto* actions : {&stream_actions(), &table_actions()}) {
      for (const std::string& action : *actions) EXPECT_NE(text.find(action), std::string::npos) << action;
    }
    EXPECT_NE(text.find("arn:aws:kinesis:eu-west-1:123456789012:stream/orders"), std::string::npos) << text;
    EXPECT_NE(text.find("arn:aws:dynamodb:eu-west-1:123456789012:table/billing"), std::string::npos) << text;
    EXPECT_EQ(text.find(":*\""), std::string::npos) << "no action or resource with a wildcard";
  }
  const auto without = policy_text(grants_of("orders", "", "cn-north-1"), PolicyForm::iam);
  EXPECT_EQ(without.find("dynamodb"), std::string::npos);
  EXPECT_NE(without.find("arn:aws-cn:kinesis:cn-north-1:*:stream/orders"), std::string::npos) << without;
}

TEST(LeastPrivilege, AWatchOfManyTablesListsThemAndReadsThoseThatBeginSo) {
  auto grants = grants_of("", "", "eu-west-1");
  grants.watched_prefix = "team-";
  for (const PolicyForm form : {PolicyForm::iam, PolicyForm::terraform, PolicyForm::cloudformation}) {
    const std::string text = policy_text(grants, form);
    for (const char* needed : {"dynamodb:ListTables", "dynamodb:DescribeTable", "dynamodb:Scan",
                               "arn:aws:dynamodb:eu-west-1:*:table/team-*\""}) {
      EXPECT_NE(text.find(needed), std::string::npos) << needed << text;
    }
    for (const char* not_needed : {"kinesis", "UpdateItem", "leaseKey"}) {
      EXPECT_EQ(text.find(not_needed), std::string::npos) << not_needed << text;
    }
  }
}

TEST(LeastPrivilege, TheTableMayBeInAnotherRegion) {
  auto grants = grants_of("arn:aws:kinesis:eu-west-1:123456789012:stream/orders", "billing", "");
  grants.table_region = "us-east-1";
  const std::string text = policy_text(grants, PolicyForm::iam);
  EXPECT_NE(text.find("arn:aws:kinesis:eu-west-1:123456789012:stream/orders"), std::string::npos) << text;
  EXPECT_NE(text.find("arn:aws:dynamodb:us-east-1:123456789012:table/billing"), std::string::npos) << text;
}

TEST(LeastPrivilege, FanOutNeedsAConsumer) {
  auto grants = grants_of("arn:aws:kinesis:eu-west-1:123456789012:stream/orders", "", "");
  for (const PolicyForm form : {PolicyForm::iam, PolicyForm::terraform, PolicyForm::cloudformation}) {
    grants.fan_out = false;
    EXPECT_EQ(policy_text(grants, form).find("SubscribeToShard"), std::string::npos);
    grants.fan_out = true;
    const std::string text = policy_text(grants, form);
    for (const auto* actions : {&registration_actions(), &consumer_actions()}) {
      for (const std::string& action : *actions) EXPECT_NE(text.find(action), std::string::npos) << action;
    }
    EXPECT_NE(text.find("arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/*"), std::string::npos) << text;
  }
}

TEST(LeastPrivilege, MetricsMayBeSentToTheirNamespaceAndOnlyWhereTheyAre) {
  auto grants = grants_of("arn:aws:kinesis:eu-west-1:123456789012:stream/orders", "", "");
  for (const PolicyForm form : {PolicyForm::iam, PolicyForm::terraform, PolicyForm::cloudformation}) {
    grants.metric_namespace.clear();
    EXPECT_EQ(policy_text(grants, form).find("cloudwatch"), std::string::npos);
    grants.metric_namespace = "Prod/Orders";
    const std::string text = policy_text(grants, form);
    EXPECT_NE(text.find("cloudwatch:PutMetricData"), std::string::npos) << text;
    EXPECT_NE(text.find("cloudwatch:namespace"), std::string::npos) << text;
    EXPECT_NE(text.find("\"Prod/Orders\""), std::string::npos) << text;
  }
}

TEST(LeastPrivilege, TheTableHasTheKeyOfItsFormat) {
  auto grants = grants_of("orders", "billing", "eu-west-1");
  for (const PolicyForm form : {PolicyForm::terraform, PolicyForm::cloudformation}) {
    grants.key_attribute = "leaseKey";
    EXPECT_NE(policy_text(grants, form).find("leaseKey"), std::string::npos);
    grants.key_attribute = "ShardID";
    EXPECT_NE(policy_text(grants, form).find("ShardID"), std::string::npos);
    EXPECT_EQ(policy_text(grants, form).find("leaseKey"), std::string::npos);
  }
}

TEST(Doctor, WhatCannotBeTriedForMetricsIsSaid) {
  Facts facts;
  facts.metric_namespace = "billing";
  const std::string text = findings_text(examine(facts));
  EXPECT_NE(text.find("not checked  whether cloudwatch:PutMetricData"), std::string::npos) << text;
  facts.metric_namespace.clear();
  EXPECT_EQ(findings_text(examine(facts)).find("cloudwatch"), std::string::npos);
}

TEST(LeastPrivilege, AnIamPolicyIsJson) {
  auto grants = grants_of("orders", "billing", "eu-west-1");
  grants.metric_namespace = "billing";
  const std::string text = policy_text(grants, PolicyForm::iam);
  wire::JsonReader reader(text);
  std::vector<std::string> names;
  ASSERT_TRUE(reader.enter_map());
  while (reader.more()) {
    names.emplace_back(reader.name());
    reader.skip();
  }
  EXPECT_TRUE(reader.ok()) << reader.error();
  EXPECT_EQ(names, (std::vector<std::string>{"Version", "Statement"}));
}

}  // namespace
}  // namespace kcl::operate
