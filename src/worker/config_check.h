// What is wrong with what the user configured: every bad field by name, each with what would be right. Pure.
#pragma once

#include <string>
#include <vector>

#include <kcl/worker.h>
#include <kcl/worker_config.h>

namespace kcl::worker {

struct ConfigUse {
  /// Memory is bounded by a Runtime, not by the configuration.
  bool has_runtime = false;
  /// The program is given a Checkpointer; else an Ack.
  bool can_checkpoint = true;
};

std::vector<std::string> problems_of(const WorkerConfig& config, ConfigUse use);
std::vector<std::string> problems_of(const Runtime::Options& options);

}  // namespace kcl::worker
