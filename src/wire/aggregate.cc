#include "wire/aggregate.h"

#include <algorithm>
#include <protozero/pbf_reader.hpp>

#include "base/md5.h"

namespace kcl::wire {

namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;
using protozero::tag_and_type;

constexpr std::string_view kMagic = "\xF3\x89\x9A\xC2";
constexpr std::size_t kChecksumSize = std::tuple_size<base::Md5Digest>::value;

/// Kinesis takes 256 characters. All user records of an aggregate may have the same key: a longer one would make much
/// of little, for whoever writes each record out.
constexpr std::size_t kLongestKey = 1'024;

enum class Tag : protozero::pbf_tag_type { partition_key_table = 1, explicit_hash_key_table = 2, records = 3 };
enum class RecordTag : protozero::pbf_tag_type { partition_key_index = 1, explicit_hash_key_index = 2, data = 3 };

constexpr std::uint32_t kKey = tag_and_type(Tag::partition_key_table, pbf_wire_type::length_delimited);
constexpr std::uint32_t kHashKey = tag_and_type(Tag::explicit_hash_key_table, pbf_wire_type::length_delimited);
constexpr std::uint32_t kRecord = tag_and_type(Tag::records, pbf_wire_type::length_delimited);
constexpr std::uint32_t kKeyIndex = tag_and_type(RecordTag::partition_key_index, pbf_wire_type::varint);
constexpr std::uint32_t kHashKeyIndex = tag_and_type(RecordTag::explicit_hash_key_index, pbf_wire_type::varint);
constexpr std::uint32_t kData = tag_and_type(RecordTag::data, pbf_wire_type::length_delimited);

std::string_view text_of(protozero::data_view view) { return {view.data(), view.size()}; }

std::string_view text_of(const base::Md5Digest& digest) {
  // Bytes may be looked at as chars.
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// Between the magic and the checksum.
std::string_view message_of(std::string_view aggregate) {
  return aggregate.substr(kMagic.size(), aggregate.size() - kMagic.size() - kChecksumSize);
}

}  // namespace

bool looks_aggregated(std::string_view data) noexcept { return data.starts_with(kMagic); }

void AggregateReader::clear() {
  keys_.clear();
  hash_keys_.clear();
  entries_.clear();
  next_ = 0;
}

void look_at_seals(std::span<const std::string_view> datas, std::span<Seal> seals) {
  std::vector<std::string_view> messages;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < datas.size(); ++i) {
    seals[i] = looks_aggregated(datas[i]) ? Seal::broken : Seal::none;
    if (seals[i] == Seal::none || datas[i].size() <= kMagic.size() + kChecksumSize) continue;
    messages.push_back(message_of(datas[i]));
    places.push_back(i);
  }
  std::vector<base::Md5Digest> digests(messages.size());
  base::md5(messages, digests);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (datas[places[i]].ends_with(text_of(digests[i]))) seals[places[i]] = Seal::whole;
  }
}

bool AggregateReader::open(std::string_view data) {
  clear();
  bool whole = false;
  try {
    whole = take_message(message_of(data));
  } catch (const protozero::exception&) {
    whole = false;  // no message at all
  }
  if (!whole) clear();
  return whole;
}

/// Of members that come twice the last one counts, and those we do not know are skipped: so protocol buffers have it.
void AggregateReader::read_entry(std::string_view message, Entry& entry) {
  pbf_reader in(message.data(), message.size());
  while (in.next()) {
    switch (in.tag_and_type()) {
      case kKeyIndex:
        entry.key_index = in.get_uint64();
        entry.has_key = true;
        break;
      case kHashKeyIndex:
        entry.hash_key_index = in.get_uint64();
        entry.has_hash_key = true;
        break;
      case kData:
        entry.data = text_of(in.get_view());
        entry.has_data = true;
        break;
      default:
        in.skip();
    }
  }
}

/// Looks at every record, so that next() cannot fail half way; once the tables are known, which may come last.
bool AggregateReader::take_message(std::string_view message) {
  pbf_reader in(message.data(), message.size());
  while (in.next()) {
    switch (in.tag_and_type()) {
      case kRecord:
        read_entry(text_of(in.get_view()), entries_.emplace_back());
        break;
      case kKey:
        keys_.push_back(text_of(in.get_view()));
        if (keys_.back().size() > kLongestKey) return false;
        break;
      case kHashKey:
        hash_keys_.push_back(text_of(in.get_view()));
        break;
      default:
        in.skip();
    }
  }
  return !entries_.empty() && std::ranges::all_of(entries_, [this](const Entry& entry) { return is_whole(entry); });
}

bool AggregateReader::is_whole(const Entry& entry) const {
  const bool hash_key_is_known = !entry.has_hash_key || entry.hash_key_index < hash_keys_.size();
  return entry.has_data && entry.has_key && entry.key_index < keys_.size() && hash_key_is_known;
}

bool AggregateReader::next(UserRecord& record) {
  if (next_ == entries_.size()) return false;
  const Entry& entry = entries_[next_++];
  record.key_index = static_cast<std::size_t>(entry.key_index);
  record.partition_key = keys_[record.key_index];
  record.explicit_hash_key.reset();
  if (entry.has_hash_key) record.explicit_hash_key = hash_keys_[static_cast<std::size_t>(entry.hash_key_index)];
  record.data = entry.data;
  return true;
}

}  // namespace kcl::wire
