#include "wire/kinesis_answers.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "wire/base64.h"
#include "wire/cbor.h"

namespace kcl::wire {
namespace {

namespace json = boost::json;

/// How a service may write the same answer.
struct Style {
  const char* name;
  Protocol protocol = Protocol::cbor;
  /// Data as a text of base64, times untagged: kinesis-local.
  bool base64 = false;
  bool indefinite = false;
  bool chunks = false;
  bool float_times = false;
  bool null_for_absent = false;
};

const std::vector<Style> kStyles{
    {"json", Protocol::json},
    {"json with nulls", Protocol::json, false, false, false, false, true},
    {"cbor"},
    {"cbor of kinesis-local", Protocol::cbor, true, false, false, false, true},
    {"cbor of indefinite lengths", Protocol::cbor, false, true},
    {"cbor in chunks", Protocol::cbor, false, true, true},
    {"cbor in chunks of base64", Protocol::cbor, true, true, true},
    {"cbor with float times", Protocol::cbor, false, false, false, true},
};

class CborOfJson {
 public:
  explicit CborOfJson(const Style& style) : style_(style) {}

  std::string bytes(const json::value& value) {
    write(value, "");
    return out_;
  }

 private:
  void write(const json::value& value, std::string_view name) {
    if (const json::object* object = value.if_object()) {
      open('\xBF', object->size(), &CborWriter::map);
      for (const auto& [key, member] : *object) {
        const std::string_view member_name(key.data(), key.size());
        string(member_name, true);
        write(member, member_name);
      }
      close();
    } else if (const json::array* array = value.if_array()) {
      open('\x9F', array->size(), &CborWriter::array);
      for (const json::value& item : *array) write(item, name);
      close();
    } else if (name.ends_with("Timestamp") && value.is_number()) {
      time(value.to_number<double>() * 1000);
    } else if (value.is_string()) {
      const std::string text(value.get_string());
      const bool raw = name == "Data" && !style_.base64;
      string(raw ? base64_decode(text).value() : text, !raw);
    } else if (value.is_number()) {
      cbor_.integer(value.to_number<std::int64_t>());
    } else if (value.is_bool()) {
      cbor_.boolean(value.get_bool());
    } else {
      cbor_.null();
    }
  }

  void open(char indefinite, std::size_t size, void (CborWriter::*definite)(std::size_t)) {
    if (style_.indefinite) {
      out_ += indefinite;
    } else {
      (cbor_.*definite)(size);
    }
  }
  void close() {
    if (style_.indefinite) out_ += '\xFF';
  }

  void time(double milliseconds) {
    if (!style_.base64) cbor_.tag(1);
    if (style_.float_times) {
      cbor_.number(milliseconds);
    } else {
      cbor_.integer(std::llround(milliseconds));
    }
  }

  void string(std::string_view whole, bool text) {
    const auto piece = [&](std::string_view part) { text ? cbor_.text(part) : cbor_.bytes(part); };
    if (!style_.chunks) return piece(whole);
    out_ += text ? '\x7F' : '\x5F';
    for (; !whole.empty(); whole.remove_prefix(std::min<std::size_t>(3, whole.size()))) piece(whole.substr(0, 3));
    out_ += '\xFF';
  }

  Style style_;
  std::string out_;
  CborWriter cbor_{out_};
};

/// The answer whose JSON is `text`, in which each member that is null is left out unless the style writes nulls.
std::string body_of(const Style& style, std::string_view text) {
  json::value value = json::parse(json::string_view(text.data(), text.size()));
  const std::function<void(json::value&)> drop_nulls = [&](json::value& v) {
    if (json::array* array = v.if_array()) {
      for (json::value& item : *array) drop_nulls(item);
    } else if (json::object* object = v.if_object()) {
      for (auto it = object->begin(); it != object->end();) {
        if (it->value().is_null()) {
          it = object->erase(it);
        } else {
          drop_nulls(it++->value());
        }
      }
    }
  };
  if (!style.null_for_absent) drop_nulls(value);
  return style.protocol == Protocol::json ? std::string(json::serialize(value)) : CborOfJson(style).bytes(value);
}

Decoded<RecordsPage> records_of(const Style& style, std::string_view text) {
  return decode_get_records(style.protocol, std::make_shared<const std::string>(body_of(style, text)));
}

Timestamp at(std::int64_t milliseconds) { return Timestamp(std::chrono::milliseconds(milliseconds)); }

constexpr std::string_view kRecords = R"({
  "Records": [
    {"SequenceNumber": "49590338271490256608559692538361571095921575989136588898", "PartitionKey": "k1",
     "Data": "SGVsbG8sIHdvcmxk", "ApproximateArrivalTimestamp": 1795381140.762, "EncryptionType": null},
    {"SequenceNumber": "49590338271490256608559692540925702759324208523137515618", "PartitionKey": "\u6771",
     "Data": "", "ApproximateArrivalTimestamp": 1795381140, "EncryptionType": "KMS"},
    {"Unknown": {"a": [1, {"b": null}], "c": true}, "SequenceNumber": "7", "PartitionKey": null,
     "Data": "AP+AgIA=", "ApproximateArrivalTimestamp": null}
  ],
  "NextShardIterator": "AAAAAAAAAAE", "MillisBehindLatest": 2100, "ChildShards": null, "New": [[], {}]})";

TEST(KinesisAnswers, RecordsAreReadInEveryStyle) {
  for (const Style& style : kStyles) {
    const auto page = records_of(style, kRecords);
    ASSERT_TRUE(page) << style.name << ": " << page.error();
    ASSERT_EQ(page->records.size(), 3U) << style.name;
    const Record& first = page->records[0];
    EXPECT_EQ(first.sequence_number(), "49590338271490256608559692538361571095921575989136588898") << style.name;
    EXPECT_EQ(first.partition_key(), "k1") << style.name;
    EXPECT_EQ(first.text(), "Hello, world") << style.name;
    EXPECT_EQ(first.approximate_arrival(), at(1'795'381'140'762)) << style.name;
    EXPECT_EQ(first.sub_sequence_number(), 0U);
    EXPECT_EQ(page->records[1].partition_key(), "\xE6\x9D\xB1") << style.name;
    EXPECT_EQ(page->records[1].text(), "") << style.name;
    EXPECT_EQ(page->records[1].approximate_arrival(), at(1'795'381'140'000)) << style.name;
    EXPECT_EQ(page->records[2].text(), std::string_view("\0\xFF\x80\x80\x80", 5)) << style.name;
    EXPECT_EQ(page->records[2].partition_key(), "") << style.name;
    EXPECT_EQ(page->records[2].approximate_arrival(), at(0)) << style.name;
    EXPECT_EQ(page->next_iterator, "AAAAAAAAAAE") << style.name;
    EXPECT_EQ(page->behind_latest, std::chrono::milliseconds(2100)) << style.name;
    EXPECT_TRUE(page->child_shards.empty()) << style.name;
  }
}

TEST(KinesisAnswers, AShardEndsWhereNoIteratorFollows) {
  for (const Style& style : kStyles) {
    const auto page = records_of(style, R"({"Records": [], "NextShardIterator": null, "MillisBehindLatest": 0,
      "ChildShards": [
        {"ShardId": "shardId-000000000002", "ParentShards": ["shardId-000000000000", "shardId-000000000001"],
         "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": "340282366920938463463374607431768211455"}}]})");
    ASSERT_TRUE(page) << style.name << ": " << page.error();
    EXPECT_FALSE(page->next_iterator) << style.name;
    ASSERT_EQ(page->child_shards.size(), 1U) << style.name;
    EXPECT_EQ(page->child_shards[0].id, "shardId-000000000002");
    EXPECT_EQ(page->child_shards[0].parents,
              (std::vector<std::string>{"shardId-000000000000", "shardId-000000000001"}));
    EXPECT_EQ(page->child_shards[0].hash_keys, HashKeyRange{});
  }
}

TEST(KinesisAnswers, RawBytesOfCborAreNotCopied) {
  const auto body = std::make_shared<const std::string>(body_of({"cbor"}, kRecords));
  const auto page = decode_get_records(Protocol::cbor, body);
  ASSERT_TRUE(page) << page.error();
  const auto inside = [&](std::string_view view) {
    return view.data() >= body->data() && view.data() + view.size() <= body->data() + body->size();
  };
  for (const Record& record : page->records) {
    EXPECT_TRUE(inside(record.sequence_number()));
    EXPECT_TRUE(inside(record.text()));
  }
  EXPECT_TRUE(inside(page->records[0].partition_key()));
}

// ASan would see a view that outlived its bytes.
TEST(KinesisAnswers, ThePageOwnsWhatItsRecordsShow) {
  for (const Style& style : kStyles) {
    std::string data;
    std::vector<std::string> blobs;
    for (int i = 0; i < 300; ++i) {
      blobs.emplace_back(static_cast<std::size_t>(i), static_cast<char>(i));
      data += (i == 0 ? "" : ",") + std::string(R"({"SequenceNumber":")") + std::to_string(1000 + i) +
              R"(","PartitionKey":"key","Data":")" + base64_encode(blobs.back()) + "\"}";
    }
    auto body = std::make_shared<const std::string>(body_of(style, R"({"Records":[)" + data + "]}"));
    const std::weak_ptr<const std::string> watched = body;
    const auto page = decode_get_records(style.protocol, std::move(body));
    ASSERT_TRUE(page) << style.name << ": " << page.error();
    ASSERT_EQ(page->records.size(), blobs.size());
    for (std::size_t i = 0; i < blobs.size(); ++i) {
      EXPECT_EQ(page->records[i].text(), blobs[i]) << style.name;
      EXPECT_EQ(page->records[i].sequence_number(), std::to_string(1000 + i)) << style.name;
      EXPECT_EQ(page->records[i].partition_key(), "key") << style.name;
    }
    EXPECT_EQ(watched.expired(), style.protocol == Protocol::json) << style.name;
  }
}

// What is not an answer of Kinesis must never pass as "no records, and the shard has ended".
TEST(KinesisAnswers, WithoutRecordsThereIsNoPage) {
  for (const Style& style : kStyles) {
    for (const char* text : {"{}", R"({"Records":null})", R"({"NextShardIterator":"x"})",
                             R"({"message":"x","__type":"y"})", "[]", "null", "\"x\"", "7"}) {
      EXPECT_FALSE(records_of(style, text)) << style.name << text;
    }
  }
  for (const Protocol protocol : {Protocol::json, Protocol::cbor}) {
    EXPECT_FALSE(decode_get_records(protocol, std::make_shared<const std::string>())) << static_cast<int>(protocol);
    EXPECT_FALSE(decode_get_records(protocol, std::make_shared<const std::string>("<html></html>")));
  }
}

TEST(KinesisAnswers, NoPartOfAnAnswerPassesForTheWhole) {
  for (const Style& style : kStyles) {
    const std::string whole = body_of(style, kRecords);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const auto part = std::make_shared<const std::string>(whole.substr(0, size));
      EXPECT_FALSE(decode_get_records(style.protocol, part)) << style.name << " cut to " << size;
    }
    EXPECT_FALSE(decode_get_records(style.protocol, std::make_shared<const std::string>(whole + "x"))) << style.name;
  }
}

TEST(KinesisAnswers, ErrorsNameTheMember) {
  const std::string good = R"({"SequenceNumber":"1","PartitionKey":"k","Data":""})";
  for (const auto& [record, error] : std::vector<std::pair<std::string, std::string>>{
           {R"({"SequenceNumber":1,"Data":""})", "Records.1.SequenceNumber: expected a text"},
           {R"({"SequenceNumber":"","Data":""})", "Records.1.SequenceNumber: no sequence number"},
           {R"({"SequenceNumber":"007","Data":""})", "Records.1.SequenceNumber: no sequence number"},
           {R"({"SequenceNumber":"1x","Data":""})", "Records.1.SequenceNumber: no sequence number"},
           {R"({"Data":""})", "Records.1: SequenceNumber is missing"},
           {R"({"SequenceNumber":"1"})", "Records.1: Data is missing"},
           {R"({"SequenceNumber":"1","Data":null})", "Records.1: Data is missing"},
           {R"({"SequenceNumber":"1","Data":7})", "Records.1.Data: expected a text"},
           {R"({"SequenceNumber":"1","Data":[]})", "Records.1.Data: expected a text"},
           {R"({"SequenceNumber":"1","PartitionKey":[],"Data":""})", "Records.1.PartitionKey: expected a text"},
           {R"({"SequenceNumber":"1","Data":"","ApproximateArrivalTimestamp":"x"})",
            "Records.1.ApproximateArrivalTimestamp: expected a"},
           {R"({"SequenceNumber":"1","Data":"","ApproximateArrivalTimestamp":-1})",
            "Records.1.ApproximateArrivalTimestamp: no time between"},
           {R"({"SequenceNumber":"1","Data":"","ApproximateArrivalTimestamp":99999999999999})",
            "Records.1.ApproximateArrivalTimestamp: no time between"},
           {"7", "Records.1: expected a"},
           {"null", "Records.1: expected a"},
           {"[]", "Records.1: expected a"}}) {
    for (const Style& style : kStyles) {
      const auto page = records_of(style, R"({"Records":[)" + good + "," + record + "]}");
      ASSERT_FALSE(page) << style.name << record;
      EXPECT_TRUE(page.error().starts_with(error)) << style.name << ": " << page.error();
    }
  }
  for (const auto& [text, error] : std::vector<std::pair<std::string, std::string>>{
           {R"({"Records":{}})", "Records: expected an array"},
           {R"({"Records":[],"NextShardIterator":7})", "NextShardIterator: expected a text"},
           {R"({"Records":[],"NextShardIterator":""})", "NextShardIterator: is empty"},
           {R"({"Records":[],"MillisBehindLatest":"x"})", "MillisBehindLatest: expected an integer"},
           {R"({"Records":[],"ChildShards":{}})", "ChildShards: expected an array"},
           {R"({"Records":[],"ChildShards":[{}]})", "ChildShards.0: ShardId is missing"},
           {R"({"Records":[],"ChildShards":[{"ShardId":"s","ParentShards":[7]}]})",
            "ChildShards.0.ParentShards.0: expected a text"},
           {R"({"Records":[],"ChildShards":[{"ShardId":"s","ParentShards":[]}]})", "ChildShards.0: ParentShards is"},
           {R"({"Records":[],"ChildShards":[{"ShardId":"s","ParentShards":["p"]}]})", "ChildShards.0: HashKeyRange is"},
           {R"({"NextShardIterator":"x"})", "Records is missing"}}) {
    for (const Style& style : kStyles) {
      const auto page = records_of(style, text);
      ASSERT_FALSE(page) << style.name << text;
      EXPECT_TRUE(page.error().starts_with(error)) << style.name << ": " << page.error();
    }
  }
}

TEST(KinesisAnswers, DataThatIsNoBase64IsAnError) {
  for (const char* data : {"*", "AAA", "AA=A", "AAAA\\n"}) {
    const std::string text = std::string(R"({"Records":[{"SequenceNumber":"1","Data":")") + data + "\"}]}";
    for (const Style& style : {kStyles[0], kStyles[3], kStyles[6]}) {
      const auto page = records_of(style, text);
      ASSERT_FALSE(page) << style.name << data;
      EXPECT_TRUE(page.error().starts_with("Records.0.Data: not base64")) << page.error();
    }
  }
}

TEST(KinesisAnswers, HostileNamesAreTamedInErrors) {
  const auto page = records_of(kStyles[0], "{\"" + std::string(1000, 'n') + "\\n\":0,\"Records\":0}");
  ASSERT_FALSE(page);
  const std::string evil = "\xA1\x78\x64" + std::string(100, '\n') + "\x1C";
  const auto other = decode_get_records(Protocol::cbor, std::make_shared<const std::string>(evil));
  ASSERT_FALSE(other);
  EXPECT_TRUE(other.error().starts_with(std::string(64, '?') + ": ")) << other.error();
}

TEST(KinesisAnswers, RecordsGivenTwiceAreAnErrorInCbor) {
  const std::string once = "\x67Records\x80";
  EXPECT_TRUE(decode_get_records(Protocol::cbor, std::make_shared<const std::string>("\xA1" + once)));
  EXPECT_FALSE(decode_get_records(Protocol::cbor, std::make_shared<const std::string>("\xA2" + once + once)));
}

TEST(KinesisAnswers, ANegativeLagIsNone) {
  const auto page = records_of(kStyles[0], R"({"Records":[],"MillisBehindLatest":-5})");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->behind_latest.count(), 0);
}

TEST(KinesisAnswers, ShardsAreReadInEveryStyle) {
  for (const Style& style : kStyles) {
    const auto page = decode_list_shards(style.protocol, body_of(style, R"({"NextToken": "next", "Shards": [
      {"ShardId": "shardId-000000000000", "ParentShardId": null, "AdjacentParentShardId": null,
       "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": "18446744073709551616"},
       "SequenceNumberRange": {"StartingSequenceNumber": "100", "EndingSequenceNumber": null}},
      {"ShardId": "shardId-000000000003", "ParentShardId": "shardId-000000000001",
       "AdjacentParentShardId": "shardId-000000000002", "New": {},
       "HashKeyRange": {"StartingHashKey": "1", "EndingHashKey": "2"},
       "SequenceNumberRange": {"StartingSequenceNumber": "200", "EndingSequenceNumber": "9223372036854775807"}}]})"));
    ASSERT_TRUE(page) << style.name << ": " << page.error();
    EXPECT_EQ(page->next_token, "next");
    ASSERT_EQ(page->shards.size(), 2U) << style.name;
    EXPECT_EQ(page->shards[0].id, "shardId-000000000000");
    EXPECT_TRUE(page->shards[0].is_open());
    EXPECT_TRUE(page->shards[0].parents().empty());
    EXPECT_EQ(page->shards[0].hash_keys, (HashKeyRange{{0, 0}, {1, 0}}));
    EXPECT_EQ(page->shards[0].starting_sequence_number, "100");
    EXPECT_EQ(page->shards[1].parents(), (std::vector<std::string>{"shardId-000000000001", "shardId-000000000002"}));
    EXPECT_EQ(page->shards[1].ending_sequence_number, "9223372036854775807");

    const auto last = decode_list_shards(style.protocol, body_of(style, R"({"Shards": [], "NextToken": null})"));
    ASSERT_TRUE(last) << style.name << ": " << last.error();
    EXPECT_EQ(last->next_token, "");
  }
}

TEST(KinesisAnswers, AShardMustBeWhole) {
  const std::string range = R"("HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"1"})";
  const std::string numbers = R"("SequenceNumberRange":{"StartingSequenceNumber":"1"})";
  for (const auto& [shard, error] : std::vector<std::pair<std::string, std::string>>{
           {"{" + range + "," + numbers + "}", "Shards.0: ShardId is missing"},
           {R"({"ShardId":"s",)" + numbers + "}", "Shards.0: HashKeyRange is missing"},
           {R"({"ShardId":"s",)" + range + "}", "Shards.0: SequenceNumberRange is missing"},
           {R"({"ShardId":"s",)" + range + R"(,"SequenceNumberRange":{}})",
            "Shards.0.SequenceNumberRange: StartingSequenceNumber is missing"},
           {R"({"ShardId":"s",)" + range + R"(,"SequenceNumberRange":{"StartingSequenceNumber":"x"}})",
            "Shards.0.SequenceNumberRange.StartingSequenceNumber: no sequence number"},
           {R"({"ShardId":"s","HashKeyRange":{"StartingHashKey":"0"},)" + numbers + "}",
            "Shards.0.HashKeyRange: EndingHashKey is missing"},
           {R"({"ShardId":"s","HashKeyRange":{"StartingHashKey":"-1","EndingHashKey":"1"},)" + numbers + "}",
            "Shards.0.HashKeyRange.StartingHashKey: no number of 128 bits"},
       }) {
    for (const Style& style : kStyles) {
      const auto page = decode_list_shards(style.protocol, body_of(style, R"({"Shards":[)" + shard + "]}"));
      ASSERT_FALSE(page) << style.name << shard;
      EXPECT_TRUE(page.error().starts_with(error)) << style.name << ": " << page.error();
    }
  }
  for (const Style& style : kStyles) EXPECT_FALSE(decode_list_shards(style.protocol, body_of(style, "{}")));
}

TEST(KinesisAnswers, ADescriptionIsReadInEveryStyle) {
  const std::string text = R"({"StreamDescriptionSummary": {"StreamName": "orders", "StreamARN": "arn:x",
    "StreamStatus": "ACTIVE", "StreamModeDetails": {"StreamMode": "ON_DEMAND"}, "RetentionPeriodHours": 168,
    "StreamCreationTimestamp": 1795381140.5, "EnhancedMonitoring": [{"ShardLevelMetrics": []}], "KeyId": null,
    "OpenShardCount": 4, "ConsumerCount": 0}})";
  for (const Style& style : kStyles) {
    const auto stream = decode_describe_stream_summary(style.protocol, body_of(style, text));
    ASSERT_TRUE(stream) << style.name << ": " << stream.error();
    EXPECT_EQ(stream->name, "orders");
    EXPECT_EQ(stream->arn, "arn:x");
    EXPECT_EQ(stream->created, at(1'795'381'140'500)) << style.name;
    EXPECT_EQ(stream->retention, std::chrono::hours(168));
    EXPECT_EQ(stream->open_shards, 4U);
    for (const char* member :
         {"StreamName", "StreamARN", "RetentionPeriodHours", "StreamCreationTimestamp", "OpenShardCount"}) {
      json::value part = json::parse(text);
      part.get_object()["StreamDescriptionSummary"].get_object().erase(member);
      const auto broken = decode_describe_stream_summary(style.protocol, body_of(style, json::serialize(part)));
      ASSERT_FALSE(broken) << style.name << member;
      EXPECT_TRUE(broken.error().starts_with("StreamDescriptionSummary: " + std::string(member) + " is missing"))
          << broken.error();
    }
    EXPECT_FALSE(decode_describe_stream_summary(style.protocol, body_of(style, "{}")));
  }
}

TEST(KinesisAnswers, CountsAreCounts) {
  for (const char* count : {"-1", "1000000001", "9223372036854775807", "\"4\""}) {
    const std::string text = std::string(R"({"StreamDescriptionSummary":{"OpenShardCount":)") + count + "}}";
    for (const Style& style : kStyles) {
      const auto stream = decode_describe_stream_summary(style.protocol, body_of(style, text));
      ASSERT_FALSE(stream);
      EXPECT_TRUE(stream.error().starts_with("StreamDescriptionSummary.OpenShardCount: ")) << stream.error();
    }
  }
}

TEST(KinesisAnswers, AShardIteratorIsReadInEveryStyle) {
  for (const Style& style : kStyles) {
    const auto answer = decode_get_shard_iterator(style.protocol, body_of(style, R"({"ShardIterator": "AAAA"})"));
    ASSERT_TRUE(answer) << style.name << ": " << answer.error();
    EXPECT_EQ(answer->iterator, "AAAA");
    for (const char* text : {"{}", R"({"ShardIterator":null})", R"({"ShardIterator":""})", R"({"ShardIterator":7})"}) {
      EXPECT_FALSE(decode_get_shard_iterator(style.protocol, body_of(style, text))) << style.name << text;
    }
  }
}

TEST(KinesisAnswers, DamagedAnswersNeverHarm) {
  std::mt19937 random(1);
  for (const Style& style : kStyles) {
    const std::string whole = body_of(style, kRecords);
    for (int round = 0; round < 3'000; ++round) {
      std::string damaged = whole;
      for (std::size_t flips = random() % 3 + 1; flips > 0; --flips) {
        damaged[random() % damaged.size()] = static_cast<char>(random());
      }
      const auto page = decode_get_records(style.protocol, std::make_shared<const std::string>(damaged));
      if (!page) continue;
      // Every byte shown is there to be read, and every number can be compared and stored.
      for (const Record& record : page->records) {
        EXPECT_TRUE(SequenceNumber::parse(record.sequence_number())) << record.sequence_number();
        EXPECT_EQ(std::string(record.text()).size(), record.data().size());
      }
    }
  }
}

TEST(StreamConsumers, AreReadFromBothAnswers) {
  using Status = StreamConsumer::Status;
  const auto read = [](const std::string& member, const std::string& status) {
    return decode_stream_consumer(
        Protocol::json, R"({")" + member + R"(":{"ConsumerName":"app","ConsumerARN":"arn:c","ConsumerStatus":")" +
                            status + R"(","ConsumerCreationTimestamp":1795381140.5,"StreamARN":"arn:s"}})");
  };
  const auto consumer = read("ConsumerDescription", "ACTIVE");
  ASSERT_TRUE(consumer) << consumer.error();
  EXPECT_EQ(consumer->name, "app");
  EXPECT_EQ(consumer->arn, "arn:c");
  EXPECT_EQ(consumer->status, Status::active);
  EXPECT_EQ(consumer->created, Timestamp(std::chrono::milliseconds(1'795'381'140'500)));
  EXPECT_EQ(read("Consumer", "CREATING").value().status, Status::creating);
  EXPECT_EQ(read("Consumer", "DELETING").value().status, Status::deleting);
  EXPECT_EQ(read("Consumer", "SLEEPING").error(), "Consumer.ConsumerStatus: is none of CREATING, ACTIVE and DELETING");
  EXPECT_FALSE(decode_stream_consumer(Protocol::json, "{}"));
  EXPECT_FALSE(decode_stream_consumer(Protocol::json, R"({"Consumer":{"ConsumerARN":"arn:c"}})"));
}

}  // namespace
}  // namespace kcl::wire
