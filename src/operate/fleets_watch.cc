#include "operate/fleets_watch.h"

#include <optional>
#include <utility>

#include "base/each.h"

namespace kcl::operate {

using base::Task;
using Texts = std::vector<std::string>;

namespace {

constexpr std::size_t kLooksAtOnce = 8;

leases::LeaseTableOptions table_options(base::Random& random, LeaseFormat rows) {
  leases::LeaseTableOptions options;
  options.me.worker_id = "kclpp-leases:" + random.uuid();
  options.me.incarnation = random.uuid();
  options.format = rows;
  // Whoever only looks loses no lease by waiting.
  options.call_timeout = std::chrono::seconds(10);
  return options;
}

}  // namespace

struct FleetsWatch::Watched {
  /// The table, once it is known to be one of leases.
  struct Opened {
    Opened(FleetsWatch& of, const std::string& name, LeaseFormat format)
        : rows(format),
          store(of.tables_.open(name, format)),
          table(of.loop_, *store, table_options(of.random_, format)),
          watch(of.loop_, table, nullptr, of.options_) {}

    LeaseFormat rows;
    std::unique_ptr<ports::ItemStore> store;
    leases::LeaseTable table;
    FleetWatch watch;
  };

  FleetSample sample;
  std::optional<Opened> opened;
  enum class State : std::uint8_t { leases, other, passing };
  State state = State::leases;
};

FleetsWatch::FleetsWatch(base::Loop& loop, base::Random& random, FleetTables& tables, FleetWatchOptions options)
    : loop_(loop), random_(random), tables_(tables), options_(options) {}

FleetsWatch::~FleetsWatch() = default;

Task<Texts> FleetsWatch::look() {
  Texts told;
  co_await list(told);
  std::vector<Watched*> all;
  all.reserve(watched_.size());
  for (const auto& [name, table] : watched_) all.push_back(table.get());
  const auto look_at_one = [&](std::size_t index) { return look_at(*all[index], told); };
  co_await base::for_each_at_once(loop_, all.size(), kLooksAtOnce, look_at_one);
  for (const Watched* table : all) {
    if (table->state == Watched::State::leases) continue;
    const std::string name = table->sample.application;
    if (table->state == Watched::State::other) others_.insert(name);
    watched_.erase(name);
  }
  co_return told;
}

/// What was known stays known while the tables cannot be listed.
Task<void> FleetsWatch::list(Texts& told) {
  auto names = co_await tables_.names();
  listed_ = names.has_value();
  if (!names) {
    if (!told_of_listing_) told.push_back("the tables cannot be listed: " + names.error());
    told_of_listing_ = true;
    co_return;
  }
  told_of_listing_ = false;
  const std::set<std::string> there(names->begin(), names->end());
  std::erase_if(others_, [&](const std::string& name) { return !there.contains(name); });
  std::erase_if(watched_, [&](const auto& one) { return !there.contains(one.first); });
  for (const std::string& name : there) {
    if (others_.contains(name) || watched_.contains(name)) continue;
    auto table = std::make_unique<Watched>();
    table->sample.application = name;
    watched_.emplace(name, std::move(table));
  }
}

/// True: the next one is looked at whatever became of this one.
Task<bool> FleetsWatch::look_at(Watched& table, Texts& told) {
  // After a failure it may be another table of the same name.
  if (!table.sample.up) {
    const bool known = co_await recognise(table, told);
    if (!known) co_return true;
  }
  auto seen = co_await table.opened->watch.look();
  std::string complaint = table.sample.note(std::move(seen));
  if (!complaint.empty()) told.push_back(std::move(complaint));
  co_return true;
}

/// Whether it is a lease table, and opened.
Task<bool> FleetsWatch::recognise(Watched& table, Texts& told) {
  const std::string& name = table.sample.application;
  auto kind = co_await tables_.kind(name);
  if (!kind) {
    // One that is open tells by itself, or fails by itself.
    if (table.opened) co_return true;
    std::string complaint = table.sample.note(Failure{kind.error()});
    if (!complaint.empty()) told.push_back(std::move(complaint));
    co_return false;
  }
  if (kind->passing || !kind->rows) {
    table.state = kind->passing ? Watched::State::passing : Watched::State::other;
    if (!kind->passing) told.push_back("table " + name + " is no lease table, by its key " + kind->key + ": left out");
    co_return false;
  }
  if (!table.opened || table.opened->rows != *kind->rows) table.opened.emplace(*this, name, *kind->rows);
  co_return true;
}

std::vector<const FleetSample*> FleetsWatch::samples() const {
  std::vector<const FleetSample*> all;
  all.reserve(watched_.size());
  for (const auto& [name, table] : watched_) all.push_back(&table->sample);
  return all;
}

}  // namespace kcl::operate
