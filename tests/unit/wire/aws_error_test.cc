#include "wire/aws_error.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

namespace kcl::wire {
namespace {

constexpr std::string_view kJson = "application/x-amz-json-1.1";
constexpr std::string_view kCbor = "application/x-amz-cbor-1.1";

AwsError json_error(std::string_view body, std::string_view header = {}, int status = 400) {
  return parse_aws_error({.status = status, .content_type = kJson, .error_type = header, .body = body});
}

TEST(AwsError, TheCodeIsTheBareName) {
  for (const auto& [text, code] : std::vector<std::pair<std::string, std::string>>{
           {"ResourceNotFoundException", "ResourceNotFoundException"},
           {"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", "ResourceNotFoundException"},
           {"com.amazon.coral.validate#ValidationException", "ValidationException"},
           {"ThrottlingException:http://internal.amazon.com/coral/com.amazon.coral.availability/",
            "ThrottlingException"},
           {"aws.protocoltests#FooError:http://x/#y", "FooError"},
           {" FooError ", "FooError"},
           {"", ""},
           {"two words", ""},
           {"<html>", ""},
           {std::string(101, 'x'), ""}}) {
    EXPECT_EQ(json_error(R"({"message":"m"})", text).code, code);
    EXPECT_EQ(json_error("{\"__type\":\"" + text + "\"}").code, code);
    EXPECT_EQ(json_error("{\"code\":\"" + text + "\"}").code, code);
  }
}

TEST(AwsError, TheHeaderIsBelievedBeforeTheBody) {
  EXPECT_EQ(json_error(R"({"__type":"B","code":"C"})", "A").code, "A");
  EXPECT_EQ(json_error(R"({"code":"C","__type":"B"})").code, "B");
  EXPECT_EQ(json_error(R"({"code":"C"})").code, "C");
  EXPECT_EQ(json_error("", "A").code, "A");
  EXPECT_EQ(json_error("", "A").message, "(no message)");
}

TEST(AwsError, TheMessageIsThereInEitherSpelling) {
  EXPECT_EQ(json_error(R"({"__type":"A","message":"Stream x not found"})").message, "Stream x not found");
  EXPECT_EQ(json_error(R"({"__type":"A","Message":"Stream x not found"})").message, "Stream x not found");
}

TEST(AwsError, CborIsReadTheSame) {
  const std::string body =
      "\xBF\x66__type\x78\x19ResourceNotFoundException\x65other\x83\x01\xA1\x61"
      "a\xF6\x40\x67message"
      "\x7F\x64lost\x61!\xFF\xFF";
  const AwsError error = parse_aws_error({.status = 400, .content_type = kCbor, .body = body});
  EXPECT_EQ(error.code, "ResourceNotFoundException");
  EXPECT_EQ(error.message, "lost!");
  for (std::size_t size = 0; size < body.size(); ++size) {
    const AwsError part = parse_aws_error({.status = 400, .content_type = kCbor, .body = body.substr(0, size)});
    EXPECT_EQ(part.code, "") << size;
    EXPECT_FALSE(part.message.empty());
  }
}

TEST(AwsError, WithoutACodeTheStatusAndTheBodySpeak) {
  EXPECT_EQ(json_error("", "", 500).message, "HTTP status 500, nothing said");
  EXPECT_EQ(json_error("<html>\n <b>502</b>\t\tBad  Gateway</html>\r\n", "", 502).message,
            "HTTP status 502: <html> <b>502</b> Bad Gateway</html>");
  EXPECT_EQ(json_error(R"({"message":"Forbidden"})", "", 403).message, "HTTP status 403: Forbidden");
  EXPECT_EQ(json_error(std::string("\0\xFF\x1B[31m", 7), "", 500).message, "HTTP status 500: ???[31m");
  EXPECT_EQ(json_error("[1]", "", 400).message, "HTTP status 400: [1]");
  EXPECT_EQ(
      parse_aws_error({.status = 404, .content_type = "text/html", .body = "<UnknownOperationException/>"}).message,
      "HTTP status 404: <UnknownOperationException/>");
  EXPECT_EQ(parse_aws_error({.status = 400, .body = R"({"__type":"A"})"}).code, "A");
}

TEST(AwsError, WhatMayHoldCredentialsIsNotQuoted) {
  const std::string body = R"({"AccessKeyId":"AKID","SecretAccessKey":"hush","Token":"hush"})";
  const AwsError error =
      parse_aws_error({.status = 203, .content_type = {}, .error_type = {}, .body = body, .quotable = false});
  EXPECT_EQ(error.message, "HTTP status 203, nothing said");
}

TEST(AwsError, MessagesAreShortAndPrintable) {
  for (const std::string& body : {std::string(100'000, 'x'), std::string(100'000, '\xE6'), std::string(100'000, '\n'),
                                  "{\"__type\":\"A\",\"message\":\"" + std::string(100'000, 'm') + "\"}"}) {
    const std::string message = json_error(body).message;
    EXPECT_LE(message.size(), 500U);
    for (const char c : message) EXPECT_TRUE(c >= ' ' && c <= '~');
  }
}

// AWS repeats the request's headers when it refuses its signature: among them the session token.
TEST(AwsError, SessionTokensStayOut) {
  const AwsError error = json_error(
      R"({"__type":"InvalidSignatureException","message":"The request signature we calculated does not match the )"
      R"(signature you provided.\n\nThe Canonical String for this request should have been\n'POST\n/\n\n)"
      R"(x-amz-security-token:SECRET\n'"})");
  EXPECT_EQ(error.code, "InvalidSignatureException");
  EXPECT_EQ(error.message, "The request signature we calculated does not match the signature you provided.");
  const AwsError raw =
      parse_aws_error({.status = 403, .body = "<m>The Canonical String x-amz-security-token:SECRET</m>"});
  EXPECT_EQ(raw.message.find("SECRET"), std::string::npos);
}

TEST(AwsError, ARefusedWriteShowsTheRow) {
  const AwsError error = json_error(
      R"({"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",)"
      R"("message":"The conditional request failed","Item":{"leaseKey":{"S":"s"},"leaseCounter":{"N":"7"}}})");
  EXPECT_EQ(error.code, "ConditionalCheckFailedException");
  ASSERT_TRUE(error.item);
  EXPECT_EQ(*error.item, (Item{{"leaseKey", "s"}, {"leaseCounter", Number::of(7)}}));
}

TEST(AwsError, ARowThatCannotBeReadIsNoRow) {
  for (const char* item : {"null", "[]", R"({"a":{"X":"s"}})", R"({"a":1})"}) {
    const AwsError error = json_error(std::string(R"({"__type":"A","message":"m","Item":)") + item + "}");
    EXPECT_EQ(error.code, "A");
    EXPECT_FALSE(error.item) << item;
  }
}

TEST(AwsError, TheDeepestRowThatDynamoDbHasIsRead) {
  std::string value = R"({"S":"x"})";
  for (int level = 1; level < 32; ++level) value = R"({"L":[)" + value + "]}";
  EXPECT_TRUE(json_error(R"({"__type":"A","Item":{"a":)" + value + "}}").item);
}

TEST(AwsError, AnyBytesGiveAMessage) {
  std::mt19937 random(1);
  const std::string whole = R"({"__type":"a#ConditionalCheckFailedException:x","message":"m","Item":{"k":{"S":"v"}}})";
  for (int round = 0; round < 10'000; ++round) {
    std::string damaged = whole;
    for (std::size_t flips = random() % 4; flips > 0; --flips) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    EXPECT_FALSE(json_error(damaged).message.empty());
    EXPECT_FALSE(parse_aws_error({.status = 400, .content_type = kCbor, .body = damaged}).message.empty());
  }
}

TEST(AwsError, ReadsTheXmlOfTheQueryProtocol) {
  const std::string body =
      "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    <Type>Sender</Type>\n"
      "    <Code>AccessDenied</Code>\n    <Message>Not authorized to perform\n sts:AssumeRole</Message>\n  </Error>\n"
      "  <RequestId>7a62</RequestId>\n</ErrorResponse>\n";
  const AwsError error = parse_aws_error({.status = 403, .content_type = "text/xml", .error_type = {}, .body = body});
  EXPECT_EQ(error.code, "AccessDenied");
  EXPECT_EQ(error.message, "Not authorized to perform sts:AssumeRole");
  // A page is none.
  const AwsError page =
      parse_aws_error({.status = 403, .content_type = "text/html", .error_type = {}, .body = "<html>no</html>"});
  EXPECT_EQ(page.code, "");
  EXPECT_EQ(page.message, "HTTP status 403: <html>no</html>");
}

}  // namespace
}  // namespace kcl::wire
