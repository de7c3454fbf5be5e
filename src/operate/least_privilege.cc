#include "operate/least_privilege.h"

#include <algorithm>

#include "base/text.h"

namespace kcl::operate {

namespace {

std::string partition_of(const std::string& region) {
  if (region.starts_with("cn-")) return "aws-cn";
  if (region.starts_with("us-gov-")) return "aws-us-gov";
  return "aws";
}

std::string arn(const Grants& grants, const std::string& service, const std::string& resource) {
  const bool elsewhere = service == "dynamodb" && !grants.table_region.empty();
  const std::string& region = elsewhere ? grants.table_region : grants.region;
  return "arn:" + partition_of(region) + ':' + service + ':' + region + ':' + grants.account + ':' + resource;
}

struct Statement {
  std::string id;
  std::vector<std::string> actions;
  std::string resource;
  /// The only namespace that it is for; empty: it is not about CloudWatch.
  std::string metric_namespace = {};
};

constexpr std::string_view kNamespaceKey = "cloudwatch:namespace";

std::vector<Statement> statements_of(const Grants& grants) {
  std::vector<Statement> statements;
  if (!grants.watched_prefix.empty()) {
    // ListTables knows no resources (Service Authorization Reference, "Amazon DynamoDB").
    statements.push_back({"FindTables", listing_actions(), "*"});
    statements.push_back(
        {"LookAtLeases", watching_actions(), arn(grants, "dynamodb", "table/" + grants.watched_prefix + '*')});
    return statements;
  }
  statements.push_back({"ReadStream", stream_actions(), arn(grants, "kinesis", "stream/" + grants.stream)});
  if (grants.fan_out) {
    const std::string stream = "stream/" + grants.stream;
    statements.push_back({"RegisterConsumer", registration_actions(), arn(grants, "kinesis", stream)});
    // Their ARNs end with the time of their creation.
    statements.push_back({"SubscribeToShards", consumer_actions(), arn(grants, "kinesis", stream + "/consumer/*")});
  }
  if (!grants.table.empty()) {
    statements.push_back({"KeepLeases", table_actions(), arn(grants, "dynamodb", "table/" + grants.table)});
  }
  // PutMetricData knows no resources (Service Authorization Reference, "Amazon CloudWatch").
  if (!grants.metric_namespace.empty()) {
    statements.push_back({"SendMetrics", metrics_actions(), "*", grants.metric_namespace});
  }
  return statements;
}

/// "a", "b", each on a line of its own.
std::string quoted(const std::vector<std::string>& texts, const std::string& indent) {
  std::vector<std::string> lines;
  lines.reserve(texts.size());
  for (const std::string& text : texts) {
    std::string& line = lines.emplace_back(indent);
    line.append(1, '"').append(text).append(1, '"');
  }
  return base::joined(lines, ",\n");
}

std::string iam_condition(const Statement& statement) {
  if (statement.metric_namespace.empty()) return {};
  return ",\n      \"Condition\": {\n        \"StringEquals\": {\n          \"" + std::string(kNamespaceKey) +
         "\": \"" + statement.metric_namespace + "\"\n        }\n      }";
}

std::string terraform_condition(const Statement& statement) {
  if (statement.metric_namespace.empty()) return {};
  return "    condition {\n      test     = \"StringEquals\"\n      variable = \"" + std::string(kNamespaceKey) +
         "\"\n      values   = [\"" + statement.metric_namespace + "\"]\n    }\n";
}

std::string cloudformation_condition(const Statement& statement) {
  if (statement.metric_namespace.empty()) return {};
  return "            Condition:\n              StringEquals:\n                \"" + std::string(kNamespaceKey) +
         "\": \"" + statement.metric_namespace + "\"\n";
}

std::string iam_text(const std::vector<Statement>& statements) {
  std::vector<std::string> parts;
  parts.reserve(statements.size());
  for (const Statement& statement : statements) {
    parts.push_back("    {\n      \"Sid\": \"" + statement.id +
                    "\",\n      \"Effect\": \"Allow\",\n      \"Action\": [\n" + quoted(statement.actions, "        ") +
                    "\n      ],\n      \"Resource\": \"" + statement.resource + '"' + iam_condition(statement) +
                    "\n    }");
  }
  return "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n" + base::joined(parts, ",\n") + "\n  ]\n}\n";
}

std::string terraform_text(const Grants& grants, const std::vector<Statement>& statements) {
  std::string text = "data \"aws_iam_policy_document\" \"kclpp\" {\n";
  for (const Statement& statement : statements) {
    text += "  statement {\n    sid       = \"" + statement.id + "\"\n    actions   = [\n" +
            quoted(statement.actions, "      ") + "\n    ]\n    resources = [\"" + statement.resource + "\"]\n" +
            terraform_condition(statement) + "  }\n";
  }
  text +=
      "}\n\nresource \"aws_iam_policy\" \"kclpp\" {\n  name_prefix = \"kclpp-\"\n"
      "  policy      = data.aws_iam_policy_document.kclpp.json\n}\n";
  if (grants.table.empty()) return text;
  return text + "\nresource \"aws_dynamodb_table\" \"kclpp_leases\" {\n  name         = \"" + grants.table +
         "\"\n  billing_mode = \"PAY_PER_REQUEST\"\n  hash_key     = \"" + grants.key_attribute +
         "\"\n\n  attribute {\n    name = \"" + grants.key_attribute + "\"\n    type = \"S\"\n  }\n}\n";
}

std::string cloudformation_text(const Grants& grants, const std::vector<Statement>& statements) {
  std::string text =
      "Resources:\n  KclppPolicy:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n"
      "      PolicyDocument:\n        Version: \"2012-10-17\"\n        Statement:\n";
  for (const Statement& statement : statements) {
    text += "          - Sid: " + statement.id + "\n            Effect: Allow\n            Action:\n";
    for (const std::string& action : statement.actions) text += "              - " + action + '\n';
    text += "            Resource: \"" + statement.resource + "\"\n" + cloudformation_condition(statement);
  }
  if (grants.table.empty()) return text;
  return text + "  KclppLeases:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      TableName: " + grants.table +
         "\n      BillingMode: PAY_PER_REQUEST\n      AttributeDefinitions:\n        - AttributeName: " +
         grants.key_attribute +
         "\n          AttributeType: S\n      KeySchema:\n        - AttributeName: " + grants.key_attribute +
         "\n          KeyType: HASH\n";
}

}  // namespace

const std::vector<std::string>& stream_actions() {
  static const std::vector<std::string> actions{"kinesis:DescribeStreamSummary", "kinesis:ListShards",
                                                "kinesis:GetShardIterator", "kinesis:GetRecords"};
  return actions;
}

const std::vector<std::string>& registration_actions() {
  static const std::vector<std::string> actions{"kinesis:RegisterStreamConsumer", "kinesis:DescribeStreamConsumer"};
  return actions;
}

const std::vector<std::string>& consumer_actions() {
  static const std::vector<std::string> actions{"kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard"};
  return actions;
}

const std::vector<std::string>& table_actions() {
  static const std::vector<std::string> actions{"dynamodb:DescribeTable", "dynamodb:CreateTable", "dynamodb:GetItem",
                                                "dynamodb:PutItem",       "dynamodb:UpdateItem",  "dynamodb:DeleteItem",
                                                "dynamodb:Scan"};
  return actions;
}

const std::vector<std::string>& metrics_actions() {
  static const std::vector<std::string> actions{"cloudwatch:PutMetricData"};
  return actions;
}

const std::vector<std::string>& watching_actions() {
  static const std::vector<std::string> actions{"dynamodb:DescribeTable", "dynamodb:Scan"};
  return actions;
}

const std::vector<std::string>& listing_actions() {
  static const std::vector<std::string> actions{"dynamodb:ListTables"};
  return actions;
}

std::string policy_text(const Grants& grants, PolicyForm form) {
  const auto statements = statements_of(grants);
  switch (form) {
    case PolicyForm::terraform:
      return terraform_text(grants, statements);
    case PolicyForm::cloudformation:
      return cloudformation_text(grants, statements);
    case PolicyForm::iam:
      break;
  }
  return iam_text(statements);
}

Grants grants_of(const std::string& stream, const std::string& table, const std::string& region) {
  Grants grants;
  grants.stream = stream;
  grants.table = table;
  if (!region.empty()) grants.region = region;
  if (!stream.starts_with("arn:")) return grants;
  // arn:PARTITION:kinesis:REGION:ACCOUNT:stream/NAME
  std::vector<std::string> parts;
  std::string_view rest = stream;
  for (std::size_t colon = 0; parts.size() < 5 && (colon = rest.find(':')) != std::string_view::npos;) {
    parts.emplace_back(rest.substr(0, colon));
    rest.remove_prefix(colon + 1);
  }
  constexpr std::string_view kResource = "stream/";
  if (parts.size() < 5 || !rest.starts_with(kResource)) return grants;
  grants.region = parts[3];
  grants.account = parts[4];
  grants.stream = rest.substr(kResource.size());
  return grants;
}

}  // namespace kcl::operate
