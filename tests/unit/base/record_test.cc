#include <gtest/gtest.h>
#include <kcl/record.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace kcl {
namespace {

RecordBatch batch_of(const std::shared_ptr<const std::string>& buffer) {
  auto content = std::make_shared<RecordBatch::Content>();
  content->shard_id = "shard";
  for (std::size_t i = 0; i < buffer->size(); ++i)
    content->records.emplace_back(
        Record::Fields{.partition_key = "key", .data = std::string_view(*buffer).substr(i, 1)});
  content->bytes = 4 * buffer->size();
  content->buffer = buffer;
  return RecordBatch(content);
}

std::string texts_of(const RecordBatch& batch) {
  std::string texts;
  for (const Record& record : batch) texts += record.text();
  return texts;
}

TEST(RecordBatch, APartIsAViewOfTheSameBuffer) {
  const auto buffer = std::make_shared<const std::string>("abcdef");
  const RecordBatch batch = batch_of(buffer);
  const RecordBatch part = batch.part(1, 4).part(1, 2);
  EXPECT_EQ(texts_of(part), "cd");
  EXPECT_EQ(part.size(), 2U);
  EXPECT_EQ(part.bytes(), 8U);
  EXPECT_EQ(part.shard_id(), "shard");
  EXPECT_EQ(part.front().text().data(), buffer->data() + 2) << "nothing was copied";
  EXPECT_EQ(part.back().text(), "d");
  EXPECT_EQ(part[1].text(), "d");
  EXPECT_EQ(texts_of(batch), "abcdef");
  EXPECT_EQ(texts_of(batch.part(0, 6)), "abcdef");
  EXPECT_TRUE(batch.part(6, 0).empty());
}

TEST(RecordBatch, APartKeepsTheBuffer) {
  std::weak_ptr<const std::string> gone;
  {
    auto buffer = std::make_shared<const std::string>("abc");
    gone = buffer;
    const RecordBatch part = batch_of(std::move(buffer)).part(2, 1);
    EXPECT_EQ(part.front().text(), "c");
    EXPECT_FALSE(gone.expired());
  }
  EXPECT_TRUE(gone.expired());
}

TEST(RecordBatch, APartBeyondItsEndIsRefused) {
  const RecordBatch batch = batch_of(std::make_shared<const std::string>("abc"));
  EXPECT_THROW(batch.part(4, 0), std::out_of_range);
  EXPECT_THROW(batch.part(2, 2), std::out_of_range);
  EXPECT_THROW(batch.part(1, SIZE_MAX), std::out_of_range);
}

}  // namespace
}  // namespace kcl
