// Does to a fleet what a scenario says: crashes, pauses, cuts, reshards, operators. What lasts ends by itself; several
// may last at once.
#pragma once

#include <functional>
#include <string>

#include "simulation/fleet.h"
#include "simulation/scenario.h"

namespace kcl::simulation {

class Disturbances {
 public:
  /// Told of each that happened, and of how long it lasts.
  using OnDisturbance = std::function<void(Disturbance, base::Duration lasts)>;
  Disturbances(Fleet& fleet, const Scenario& scenario, OnDisturbance on_disturbance);
  Disturbances(const Disturbances&) = delete;
  Disturbances& operator=(const Disturbances&) = delete;

  /// The workers that the scenario begins with.
  void start_fleet();
  /// One disturbance now, drawn by weight. Where it cannot be done (nothing to merge) nothing happens.
  void disturb();
  /// Ends what lasts, and brings the fleet to a strength at which it can run every shard: twins go, workers come.
  void calm();

 private:
  SimWorker* any_worker();
  std::string start_worker(std::string id = {});
  /// Does `action` after a while, unless calm() came first.
  void later(base::Duration delay, std::function<void()> action);
  /// Does `end` to that worker after a while, if it still lives then.
  void later_to(const SimWorker& worker, base::Duration delay, std::function<void(SimWorker&)> end);

  base::Duration apply(Disturbance disturbance);
  void start_java_worker();
  base::Duration disturb_java();
  void start_go_worker();
  base::Duration disturb_go();
  base::Duration crash(bool same_id);
  base::Duration crash_all();
  base::Duration twin();
  base::Duration join();
  base::Duration shut_down();
  base::Duration pause(bool without_network);
  base::Duration cut(bool store, bool kinesis);
  base::Duration store_outage();
  base::Duration slow_store();
  base::Duration throttle_one_call();
  base::Duration reshard(bool split);
  base::Duration cascade();
  base::Duration operate(Disturbance disturbance);
  /// What a person does to a row to take the lease away from its holder.
  void append_release(ItemUpdate& update) const;
  void append_rewind(const RecordTruth& to, ItemUpdate& update);

  Fleet& fleet_;
  World& world_;
  const Scenario& scenario_;
  OnDisturbance on_disturbance_;
  int started_ = 0;
  int java_started_ = 0;
  int go_started_ = 0;
  /// Grows with calm(): what was planned before is not done any more.
  int era_ = 0;
};

}  // namespace kcl::simulation
