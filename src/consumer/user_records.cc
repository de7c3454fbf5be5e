#include "consumer/user_records.h"

#include <algorithm>
#include <utility>

#include "base/md5.h"
#include "wire/aggregate.h"

namespace kcl::consumer {

namespace {

using wire::AggregateReader;
using wire::UserRecord;

bool is_done(const Record& record, const UserRecordId& done) {
  const auto order = compare_sequence_numbers(record.sequence_number(), done.sequence_number);
  return order < 0 || (order == 0 && record.sub_sequence_number() <= done.sub_sequence);
}

class Dismantler {
 public:
  explicit Dismantler(const Unpacking& how) : how_(how) {}

  void add(const Record& record) {
    last_sub_sequence_ = record.sub_sequence_number();
    switch (reader_.open(record.text())) {
      case AggregateReader::Found::damaged:
        if (++out_.damaged == 1) out_.first_damaged = record.sequence_number();
        [[fallthrough]];
      case AggregateReader::Found::plain:
        deliver(record);
        break;
      case AggregateReader::Found::aggregate:
        ++out_.aggregates;
        last_sub_sequence_ = reader_.size() - 1;
        take_apart(record);
        break;
    }
  }

  std::uint64_t last_sub_sequence() const noexcept { return last_sub_sequence_; }
  Unpacked take() { return std::move(out_); }

 private:
  void take_apart(const Record& whole) {
    in_range_.assign(reader_.keys(), std::nullopt);
    const std::size_t begin = out_.records.size();
    bool has_stray = false;
    Record::Fields fields{.sequence_number = whole.sequence_number(),
                          .partition_key = {},
                          .data = {},
                          .approximate_arrival = whole.approximate_arrival()};
    UserRecord user;
    while (reader_.next(user)) {
      fields.partition_key = user.partition_key;
      fields.data = user.data;
      const bool stray = is_stray(user);
      out_.strays += stray ? 1 : 0;
      has_stray |= stray;
      if (stray && how_.strays == StrayRecords::leave_out) {
        ++out_.left_out;
      } else {
        deliver(Record(fields));
      }
      ++fields.sub_sequence_number;
    }
    if (has_stray && how_.strays == StrayRecords::drop_aggregate) {
      out_.left_out += reader_.size();
      out_.records.erase(out_.records.begin() + static_cast<std::ptrdiff_t>(begin), out_.records.end());
    }
  }

  void deliver(const Record& record) {
    if (!how_.done || !is_done(record, *how_.done)) out_.records.push_back(record);
  }

  /// A hash key that is none says nothing about where its record belongs.
  bool is_stray(const UserRecord& user) {
    if (!how_.hash_keys) return false;
    if (user.explicit_hash_key) {
      const auto hash = HashKey::parse(*user.explicit_hash_key);
      return hash && !how_.hash_keys->contains(*hash);
    }
    auto& known = in_range_[user.key_index];
    if (!known) known = how_.hash_keys->contains(base::hash_of_partition_key(user.partition_key));
    return !*known;
  }

  const Unpacking& how_;
  AggregateReader reader_;
  /// By partition key, once it was looked at.
  std::vector<std::optional<bool>> in_range_;
  std::uint64_t last_sub_sequence_ = 0;
  Unpacked out_;
};

}  // namespace

std::size_t aggregated_bytes(const std::vector<Record>& records) {
  std::size_t bytes = 0;
  for (const Record& record : records) {
    if (wire::looks_aggregated(record.text())) bytes += record.data().size();
  }
  return bytes;
}

Unpacked unpack(std::vector<Record> records, const Unpacking& how) {
  const Record last = records.back();
  std::uint64_t last_sub_sequence = last.sub_sequence_number();
  Unpacked out;
  if (aggregated_bytes(records) == 0) {
    if (how.done) std::erase_if(records, [&](const Record& record) { return is_done(record, *how.done); });
    out.records = std::move(records);
  } else {
    Dismantler dismantler(how);
    for (const Record& record : records) dismantler.add(record);
    last_sub_sequence = dismantler.last_sub_sequence();
    out = dismantler.take();
  }
  out.end = Record({.sequence_number = last.sequence_number(), .sub_sequence_number = last_sub_sequence}).position();
  return out;
}

}  // namespace kcl::consumer
