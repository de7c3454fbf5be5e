#include "consumer/unpacker.h"

#include <functional>
#include <utility>

namespace kcl::consumer {

using base::Task;

namespace {

/// Shared with the thread that works on it: whoever awaits it may go away meanwhile.
struct Job {
  std::vector<Record> records;
  std::shared_ptr<const void> buffer;
  Unpacking how;
  Unpacked result;

  void run() { result = unpack(std::move(records), how); }
};

}  // namespace

Unpacker::Unpacker(base::Offload& offload, StrayRecords strays, const std::optional<HashKeyRange>& hash_keys,
                   ShardMeters& meters, const base::EventLog& log)
    : offload_(offload), meters_(meters), log_(log) {
  how_.strays = strays;
  // All hash keys: nothing to look for.
  if (hash_keys != HashKeyRange{}) how_.hash_keys = hash_keys;
}

Task<Unpacked> Unpacker::unpack(std::vector<Record> records, std::shared_ptr<const void> buffer,
                                const shards::ReadFrom& from) {
  const auto job = std::make_shared<Job>();
  job->records = std::move(records);
  job->buffer = std::move(buffer);
  job->how = how_;
  if (from.kind == shards::ReadFrom::Kind::after_user_record) {
    job->how.done = UserRecordId{.sequence_number = from.sequence_number, .sub_sequence = from.sub_sequence};
  }
  const std::size_t bytes = aggregated_bytes(job->records);
  if (bytes == 0) {
    job->run();
  } else {
    std::function<void()> work = [job] { job->run(); };
    co_await offload_.run(bytes, std::move(work));
  }
  note(job->result);
  co_return std::move(job->result);
}

void Unpacker::note(const Unpacked& unpacked) {
  meters_.aggregates->add(unpacked.aggregates);
  meters_.damaged_aggregates->add(unpacked.damaged);
  meters_.strays->add(unpacked.strays);
  meters_.left_out->add(unpacked.left_out);
  if (unpacked.damaged == 0 || damage_told_) return;
  damage_told_ = true;
  log_.warning("aggregate_damaged", {{"record", unpacked.first_damaged},
                                     {"what_to_do",
                                      "look at the producer; damaged aggregates are delivered as they "
                                      "are, and counted in kclpp_damaged_aggregates_total"}});
}

}  // namespace kcl::consumer
