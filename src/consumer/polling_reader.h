// Reads one shard with GetRecords, within the service's limits, which others may need, too: at its pace while there is
// more, and once in a while when there is not. After an expired iterator, or any error, it goes on right after the last
// record that it fetched; only an answer without a next iterator ends the shard. Lives on the strand.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "consumer/read_pace.h"
#include "consumer/shard_reader.h"

namespace kcl::consumer {

class PollingReader final : public ShardReader {
 public:
  explicit PollingReader(Reading reading);

  base::Task<void> run(base::Stop& stop) override;

 private:
  enum class Turn : std::uint8_t { again, idle, failed };
  base::Task<Turn> read_once(base::Stop& stop);
  base::Task<bool> open_iterator();

  std::optional<std::string> iterator_;
  ReadPace pace_;
};

}  // namespace kcl::consumer
