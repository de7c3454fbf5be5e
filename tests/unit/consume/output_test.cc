#include "consume/output.h"

#include <gtest/gtest.h>

namespace kclpp::consume {
namespace {

kcl::Record record(std::string_view data, std::string_view key = "key") {
  return kcl::Record({.sequence_number = "49590338271490256608559692538361571095921575989136588898",
                      .partition_key = key,
                      .data = data,
                      .approximate_arrival = *kcl::parse_iso8601("2026-11-22T23:26:13.25Z"),
                      .sub_sequence_number = 18'446'744'073'709'551'615U});
}

std::string line(Format format, const kcl::Record& of) {
  Lines lines;
  append(lines, format, {.stream = {}, .shard_id = "shardId-000000000000"}, of);
  return lines.bytes;
}

std::string json_with(const std::string& key, const std::string& data) {
  return R"({"shard":"shardId-000000000000",)"
         R"("sequence_number":"49590338271490256608559692538361571095921575989136588898",)"
         R"("sub_sequence_number":18446744073709551615,"partition_key":)" +
         key + R"(,"approximate_arrival":"2026-11-22T23:26:13.250Z","data":)" + data + "}\n";
}

TEST(ConsumeOutput, IsOneJsonObjectALineWithDataInBase64) {
  EXPECT_EQ(line(Format::json, record("a pear")), json_with(R"("key")", R"("YSBwZWFy")"));
  EXPECT_EQ(line(Format::json, record("")), json_with(R"("key")", R"("")"));
  EXPECT_EQ(line(Format::json, record(std::string_view("\0\xff\n", 3))), json_with(R"("key")", R"("AP8K")"));
}

TEST(ConsumeOutput, RawIsTheBytesAndANewline) {
  EXPECT_EQ(line(Format::raw, record(std::string_view("\0\xff\n\"", 4))), std::string("\0\xff\n\"\n", 5));
}

TEST(ConsumeOutput, ADeadLetterIsTheSameObjectWithWhyAfterIt) {
  const Failure failure{
      .error = "code \"3\"\n", .attempts = 5, .time = *kcl::parse_iso8601("2026-11-23T01:02:03.004Z")};
  const kcl::Record bytes = record("\xff pear");
  std::string expected = line(Format::json, bytes);
  expected.erase(expected.size() - 2);
  expected += R"(,"error":"code \"3\"\n","attempts":5,"time":"2026-11-23T01:02:03.004Z"})"
              "\n";
  EXPECT_EQ(dead_letter_line({.stream = {}, .shard_id = "shardId-000000000000"}, bytes, failure), expected)
      << "base64: not a byte is lost";
}

TEST(ConsumeOutput, OneOfSeveralStreamsIsNamedFirst) {
  Lines lines;
  append(lines, Format::json, {.stream = "orders", .shard_id = "shardId-000000000000"}, record("a pear"));
  EXPECT_EQ(lines.bytes, R"({"stream":"orders",)" + line(Format::json, record("a pear")).substr(1));
}

TEST(ConsumeOutput, KnowsWhereEachRecordEnds) {
  Lines lines;
  append(lines, Format::raw, {.stream = {}, .shard_id = "shard"}, record("a\nb"));
  append(lines, Format::raw, {.stream = {}, .shard_id = "shard"}, record(""));
  EXPECT_EQ(lines.ends, (std::vector<std::size_t>{4, 5}));
  lines.clear();
  EXPECT_EQ(lines.bytes, "");
  EXPECT_TRUE(lines.ends.empty());
}

struct Text {
  std::string bytes;
  std::string literal;
};

// The literals are Python's: json.dumps(bytes.decode("utf-8", "replace"), ensure_ascii=False).
TEST(ConsumeOutput, TextIsValidJsonWhateverItHolds) {
  const std::vector<Text> cases{
      {std::string("", 0), std::string("\"\"", 2)},
      {std::string("plain", 5), std::string("\"plain\"", 7)},
      {std::string("\000\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017\020\021\022\023\024\025\026\027"
                   "\030\031\032\033\034\035\036\037",
                   32),
       std::string(
           "\"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u000f\\u0010\\u001"
           "1\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a\\u001b\\u001c\\u001d\\u001e\\u001f\"",
           174)},
      {std::string("quote \" back \\ slash / del \177", 28),
       std::string("\"quote \\\" back \\\\ slash / del \\u007f\"")},
      {std::string("\303\274\342\202\254\360\237\230\200", 9),
       std::string("\"\303\274\342\202\254\360\237\230\200\"", 11)},
      {std::string("\342\200\250", 3), std::string("\"\\u2028\"")},
      {std::string("\302\233\302\240", 4), std::string("\"\\u009b\302\240\"")},
      {std::string("\200", 1), std::string("\"\357\277\275\"", 5)},
      {std::string("a\377b", 3), std::string("\"a\357\277\275b\"", 7)},
      {std::string("\300\257", 2), std::string("\"\357\277\275\357\277\275\"", 8)},
      {std::string("\301\277", 2), std::string("\"\357\277\275\357\277\275\"", 8)},
      {std::string("\302", 1), std::string("\"\357\277\275\"", 5)},
      {std::string("\302A", 2), std::string("\"\357\277\275A\"", 6)},
      {std::string("\340\200\200", 3), std::string("\"\357\277\275\357\277\275\357\277\275\"", 11)},
      {std::string("\340\240", 2), std::string("\"\357\277\275\"", 5)},
      {std::string("\340\240A", 3), std::string("\"\357\277\275A\"", 6)},
      {std::string("\355\240\200", 3), std::string("\"\357\277\275\357\277\275\357\277\275\"", 11)},
      {std::string("\355\237\277", 3), std::string("\"\355\237\277\"", 5)},
      {std::string("\360\200\200\200", 4), std::string("\"\357\277\275\357\277\275\357\277\275\357\277\275\"", 14)},
      {std::string("\360\220\200", 3), std::string("\"\357\277\275\"", 5)},
      {std::string("\360\220\200\200", 4), std::string("\"\360\220\200\200\"", 6)},
      {std::string("\364\217\277\277", 4), std::string("\"\364\217\277\277\"", 6)},
      {std::string("\364\220\200\200", 4), std::string("\"\357\277\275\357\277\275\357\277\275\357\277\275\"", 14)},
      {std::string("\365\200\200\200", 4), std::string("\"\357\277\275\357\277\275\357\277\275\357\277\275\"", 14)},
      {std::string("\361\200\200\341\200\302b\200c\200\277d", 12),
       std::string("\"\357\277\275\357\277\275\357\277\275b\357\277\275c\357\277\275\357\277\275d\"", 23)},
      {std::string("\357\273\277bom", 6), std::string("\"\357\273\277bom\"", 8)},
  };
  for (const Text& each : cases) {
    EXPECT_EQ(line(Format::json_text, record(each.bytes)), json_with(R"("key")", each.literal));
    EXPECT_EQ(line(Format::json, record("", each.bytes)), json_with(each.literal, R"("")"));
  }
}

}  // namespace
}  // namespace kclpp::consume
