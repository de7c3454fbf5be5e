#include "wire/cbor_record.h"

#include <string>

#include <gtest/gtest.h>

#include "base/random.h"
#include "wire/answer_reader.h"

namespace kcl::wire {
namespace {

constexpr std::string_view kNumber = "49590338271490256608559692538361571095921575989136588898";

/// Item by item, as records are read that are in no plain form.
struct LongWay : Answer<CborInput> {
  using Answer<CborInput>::Answer;
  bool plain_record(Record::Fields&) { return false; }
};

struct Form {
  bool with_length = true;
  bool tagged_time = false;
  std::string data = "data";
  std::string partition_key = "key";
};

std::string record_of(const Form& form) {
  std::string text;
  CborWriter out(text);
  if (form.with_length) {
    out.map(5);
  } else {
    text += '\xBF';
  }
  out.text("SequenceNumber");
  out.text(kNumber);
  out.text("ApproximateArrivalTimestamp");
  if (form.tagged_time) out.tag(1);
  out.integer(1'764'000'000'123);
  out.text("Data");
  out.bytes(form.data);
  out.text("PartitionKey");
  out.text(form.partition_key);
  out.text("EncryptionType");
  out.text("KMS");
  if (!form.with_length) text += '\xFF';
  return text;
}

void expect_same(const Record& one, const Record& other) {
  EXPECT_EQ(one.sequence_number(), other.sequence_number());
  EXPECT_EQ(one.partition_key(), other.partition_key());
  EXPECT_EQ(one.text(), other.text());
  EXPECT_EQ(one.approximate_arrival(), other.approximate_arrival());
}

TEST(CborRecord, TheFormsOfServersAreRead) {
  for (const bool with_length : {true, false}) {
    for (const bool tagged : {true, false}) {
      for (const std::size_t size : {0UL, 23UL, 24UL, 255UL, 256UL, 65'535UL, 65'536UL}) {
        const Form form{.with_length = with_length,
                        .tagged_time = tagged,
                        .data = std::string(size, 'd'),
                        .partition_key = std::string(size % 300, 'k')};
        const std::string text = record_of(form) + "what follows";
        Record::Fields fields;
        ASSERT_EQ(read_plain_record(text, fields), text.size() - 12) << size;
        EXPECT_EQ(fields.sequence_number, kNumber);
        EXPECT_EQ(fields.data, form.data);
        EXPECT_EQ(fields.partition_key, form.partition_key);
        EXPECT_EQ(fields.approximate_arrival, Timestamp(std::chrono::milliseconds(1'764'000'000'123)));
      }
    }
  }
}

TEST(CborRecord, WhatIsCutIsNone) {
  for (const bool with_length : {true, false}) {
    const std::string text = record_of({.with_length = with_length});
    for (std::size_t size = 0; size < text.size(); ++size) {
      Record::Fields fields;
      EXPECT_EQ(read_plain_record(std::string_view(text).substr(0, size), fields), 0U) << size;
    }
  }
}

TEST(CborRecord, WithoutANumberOrDataItIsNone) {
  for (const std::string_view name : {"SequenceNumber", "Data"}) {
    std::string text = record_of({});
    text[text.find(name)] = 'X';
    Record::Fields fields;
    EXPECT_EQ(read_plain_record(text, fields), 0U) << name;
  }
}

/// Whatever is read in the short way, the long way reads the same. The other way round need not be: it says why not.
TEST(CborRecord, BothWaysAgreeOnDamagedRecords) {
  base::Random random(1);
  int read = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text = record_of({.with_length = random.below(2) == 0, .tagged_time = random.below(2) == 0});
    for (std::uint64_t damage = random.below(4); damage > 0; --damage)
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    Record::Fields fields;
    const std::size_t length = read_plain_record(text, fields);
    if (length == 0) continue;
    ++read;
    LongWay in(text);
    Arena arena(text.size());
    const Record slow = read_record(in, arena);
    ASSERT_TRUE(in.ok()) << in.error();
    ASSERT_EQ(in.offset(), length);
    expect_same(Record(fields), slow);
  }
  EXPECT_GT(read, 50'000);
}

}  // namespace
}  // namespace kcl::wire
