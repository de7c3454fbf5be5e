#include <kcl/record.h>

#include <stdexcept>

namespace kcl {

namespace {

std::shared_ptr<const std::string> joined_bytes(const Record& record) {
  std::string bytes;
  bytes.reserve(record.sequence_number().size() + record.partition_key().size() + record.text().size());
  bytes.append(record.sequence_number()).append(record.partition_key()).append(record.text());
  return std::make_shared<const std::string>(std::move(bytes));
}

Record view_into(const std::string& bytes, const Record& like) {
  const std::string_view all = bytes;
  const auto number = like.sequence_number().size();
  const auto key = like.partition_key().size();
  const Record::Fields fields{.sequence_number = all.substr(0, number),
                              .partition_key = all.substr(number, key),
                              .data = all.substr(number + key),
                              .approximate_arrival = like.approximate_arrival(),
                              .sub_sequence_number = like.sub_sequence_number()};
  return Record(fields);
}

}  // namespace

Position Record::position() const {
  auto number = SequenceNumber::parse(sequence_number());
  return number ? Position::at(*std::move(number), sub_sequence_number()) : Position::trim_horizon();
}

OwnedRecord Record::copy() const { return OwnedRecord(*this); }

RecordBatch RecordBatch::part(std::size_t first, std::size_t count) const {
  if (first > size() || count > size() - first) throw std::out_of_range("RecordBatch::part: not so many records");
  RecordBatch part = *this;
  part.records_ = records_.subspan(first, count);
  part.bytes_ = 0;
  for (const Record& record : part) part.bytes_ += record.data().size() + record.partition_key().size();
  return part;
}

OwnedRecord::OwnedRecord(const Record& record) : bytes_(joined_bytes(record)), record_(view_into(*bytes_, record)) {}

}  // namespace kcl
