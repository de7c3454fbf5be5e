// The demo's fleet: its stream, its lease table, its workers, and what chaos does to them. On the main thread.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <kcl/testing/embedded_stream.h>
#include <kcl/worker.h>

#include "base/random.h"
#include "demo/ledger.h"
#include "demo/member.h"

namespace kclpp::demo {

struct FleetOptions {
  std::size_t shards = 8;
  std::size_t workers = 3;
  bool limits = true;
  std::chrono::milliseconds failover{3'000};
  std::uint64_t seed = 0;
  std::shared_ptr<kcl::ItemStore> store;
  std::shared_ptr<kcl::LogSink> log;
};

class Fleet {
 public:
  Fleet(FleetOptions options, Ledger& ledger);

  kcl::testing::EmbeddedStream& stream() { return stream_; }
  const std::vector<std::unique_ptr<Member>>& members() const { return members_; }
  std::vector<kcl::Shard> open_shards() const;
  std::size_t shards_ever() const { return shards_ever_; }

  /// One misfortune, drawn by the seed: a crash, a stall, a clean restart, a split, a merge.
  void disturb();
  /// Ends stalls that have lasted long enough.
  void tend();
  /// The last few misfortunes, oldest first, for people.
  const std::deque<std::string>& events() const { return events_; }
  std::uint64_t disturbances() const { return disturbances_; }

  /// Why a worker gave up by itself; empty while all are well.
  std::string failure() const;
  /// Ends every worker in an orderly way. Empty, or what could not be finished.
  std::string shut_down();

 private:
  void start_member();
  void note(std::string event);
  bool may_reshard() const;
  void note_reshard(std::size_t children);
  void crash();
  void stall();
  void restart();
  void split();
  void merge();
  Member& any_member() { return *members_[random_.below(members_.size())]; }

  FleetOptions options_;
  Ledger& ledger_;
  kcl::base::Random random_;
  kcl::testing::EmbeddedStream stream_;
  std::size_t shards_ever_;
  std::size_t reshards_ = 0;
  kcl::Timestamp last_reshard_{};
  kcl::Runtime runtime_;
  std::vector<std::unique_ptr<Member>> members_;
  std::size_t members_ever_ = 0;
  /// The one that is stalled now, and until when.
  std::string stalled_;
  kcl::Timestamp stalled_until_{};
  std::deque<std::string> events_;
  std::uint64_t disturbances_ = 0;
  kcl::Timestamp began_;
};

}  // namespace kclpp::demo
