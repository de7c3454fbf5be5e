#include "consumer/user_records.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "base/md5.h"
#include "wire/aggregate.h"

namespace kcl::consumer {

namespace {

using wire::AggregateReader;
using wire::Seal;
using wire::UserRecord;

/// Records whose checksums are looked at together: few enough that their bytes are still at hand when they are taken
/// apart.
constexpr std::size_t kAtOnce = 16;

bool is_done(const Record& record, const UserRecordId& done) {
  const auto order = compare_sequence_numbers(record.sequence_number(), done.sequence_number);
  return order < 0 || (order == 0 && record.sub_sequence_number() <= done.sub_sequence);
}

class Dismantler {
 public:
  Dismantler(const Unpacking& how, std::size_t aggregated) : how_(how), bytes_left_(aggregated) {}

  void add(const Record& record, Seal seal) {
    last_sub_sequence_ = record.sub_sequence_number();
    if (seal == Seal::whole && reader_.open(record.text())) {
      ++out_.aggregates;
      last_sub_sequence_ = reader_.size() - 1;
      take_apart(record);
      return;
    }
    if (seal != Seal::none && ++out_.damaged == 1) out_.first_damaged = record.sequence_number();
    deliver(record);
  }

  std::uint64_t last_sub_sequence() const noexcept { return last_sub_sequence_; }
  Unpacked take() { return std::move(out_); }

 private:
  void take_apart(const Record& whole) {
    make_room(whole.data().size());
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

  /// For what is still to come, if it is like the aggregate that is open, within reason: growing by small steps would
  /// cost as much as all the rest.
  void make_room(std::size_t bytes) {
    bytes_left_ -= bytes;
    const std::size_t now = out_.records.size() + reader_.size();
    const std::size_t expected = now + reader_.size() * (bytes_left_ / bytes);
    if (out_.records.capacity() < now) out_.records.reserve(std::min(expected, 4 * now));
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
  /// Of those that are still to come.
  std::size_t bytes_left_;
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
  const std::size_t aggregated = aggregated_bytes(records);
  if (aggregated == 0) {
    if (how.done) std::erase_if(records, [&](const Record& record) { return is_done(record, *how.done); });
    out.records = std::move(records);
  } else {
    Dismantler dismantler(how, aggregated);
    for (std::size_t begin = 0; begin < records.size(); begin += kAtOnce) {
      const auto some = std::span<const Record>(records).subspan(begin, std::min(kAtOnce, records.size() - begin));
      std::array<std::string_view, kAtOnce> texts;
      std::array<Seal, kAtOnce> seals{};
      std::ranges::transform(some, texts.begin(), &Record::text);
      wire::look_at_seals(std::span(texts).first(some.size()), seals);
      for (std::size_t i = 0; i < some.size(); ++i) dismantler.add(some[i], seals[i]);
    }
    last_sub_sequence = dismantler.last_sub_sequence();
    out = dismantler.take();
  }
  out.end = Record({.sequence_number = last.sequence_number(), .sub_sequence_number = last_sub_sequence}).position();
  return out;
}

}  // namespace kcl::consumer
