// The lease store of a simulation: one server, and a port for each worker with its own network.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "memory_store/memory_table.h"
#include "ports/item_store.h"
#include "simulation/faults.h"
#include "simulation/reply.h"
#include "simulation/world.h"

namespace kcl::simulation {

/// Who wrote to the lease table: one process, or a person with a tool.
struct Writer {
  enum class Kind : std::uint8_t { kclpp, java, go, person };
  Kind kind = Kind::kclpp;
  std::string process;
};

/// What was asked of the table, in calls and in DynamoDB's units: a write costs one for each 1,024 bytes begun of the
/// larger of the rows before and after, also when its condition fails; a read one for each 4,096 bytes begun, half of
/// that when it need not be consistent, and a scan by the bytes of its page.
struct StoreUse {
  std::uint64_t writes = 0;
  double write_units = 0;
  std::uint64_t reads = 0;
  double read_units = 0;
  std::size_t largest_row = 0;
};

/// How scans go through a table: by key, or in an order that has nothing to do with the keys, as DynamoDB's.
enum class ScanOrder : std::uint8_t { by_key, by_hash };

class StoreServer {
 public:
  /// Told of every row that changed: before (if there was one) and after (if it is still there).
  using OnWrite = std::function<void(const Writer& by, const std::string& key, const Item* before, const Item* after)>;
  StoreServer(World& world, std::string key_attribute, ScanOrder order, OnWrite on_write);

  WriteOutcome create(const Writer& by, const Item& row);
  WriteOutcome update(const Writer& by, const ItemUpdate& update);
  WriteOutcome remove(const Writer& by, const std::string& key, const std::vector<Condition>& conditions);
  /// Replaces the whole row, or makes it: what no port of ours can, and Go workers do.
  WriteOutcome put(const Writer& by, const Item& row, const std::vector<Condition>& conditions);
  std::optional<Item> get(const std::string& key) const { return table_.get(key); }
  /// A row as it was at some moment between now and `staleness` ago.
  std::optional<Item> stale_row(const std::string& key, base::Duration staleness);
  /// At most `limit` rows whose keys come after `after` (empty: the first ones), in the order of scans, each as it was
  /// at a moment of its own.
  ScanPage stale_page(const std::string& after, std::size_t limit, base::Duration staleness);
  const std::map<std::string, Item>& rows() const { return table_.rows(); }
  const StoreUse& use() const { return use_; }
  void count_read(std::size_t bytes, bool consistent);

 private:
  struct Version {
    base::BootTime since;
    std::optional<Item> row;
  };
  using Versions = std::deque<Version>;
  struct Before {
    ScanOrder order;
    bool operator()(const std::string& a, const std::string& b) const;
  };
  template <class Write>
  WriteOutcome write(const Writer& by, const std::string& key, Write apply);
  const Item* shown(const Versions& versions, base::Duration staleness);

  World& world_;
  OnWrite on_write_;
  StoreUse use_;
  memory_store::MemoryTable table_;
  std::map<std::string, Versions, Before> history_;
};

class SimStore final : public ports::ItemStore {
 public:
  /// `page`: rows on a page of a scan.
  SimStore(World& world, base::Loop& loop, StoreServer& server, const StoreFaults& faults, Writer me, std::size_t page)
      : world_(world), loop_(loop), server_(server), faults_(faults), me_(std::move(me)), page_(page) {}

  /// Cuts the worker off from the store, or joins them again.
  void set_reachable(bool reachable) { reachable_ = reachable; }

  Reply<void> ensure(CreateTable create, base::BootTime deadline) override;
  Reply<ReadItem> get(std::string key, bool consistent, base::BootTime deadline) override;
  WriteReply create(Item row, base::BootTime deadline) override;
  WriteReply update(ItemUpdate update, base::BootTime deadline) override;
  WriteReply remove(std::string key, std::vector<Condition> conditions, base::BootTime deadline) override;
  Reply<ScanPage> scan(ScanRequest request, base::BootTime deadline) override;
  WriteReply put(Item row, std::vector<Condition> conditions, base::BootTime deadline);

 private:
  base::Duration latency() { return world_.random.between(faults_.min_latency, faults_.max_latency); }
  bool throttled(StoreCall call);
  /// Sends `serve` to the server and its answer back, as far as the network lets them.
  template <class T>
  base::Task<std::optional<T>> call(std::function<T()> serve, base::BootTime deadline);
  template <class T>
  Reply<T> read(StoreCall kind, std::function<StoreResult<T>()> serve, base::BootTime deadline);
  WriteReply write(StoreCall kind, std::function<WriteOutcome()> serve, base::BootTime deadline);

  World& world_;
  base::Loop& loop_;
  StoreServer& server_;
  const StoreFaults& faults_;
  Writer me_;
  std::size_t page_;
  bool reachable_ = true;
};

}  // namespace kcl::simulation
