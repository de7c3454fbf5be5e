// A program whose callbacks take their time, throw and checkpoint as a test says, and which notes down what it was
// given.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/virtual_loop.h"
#include "base/wait.h"
#include "ports/processor.h"

namespace kcl::consumer {

/// One callback's course: it takes its time, asks for a checkpoint if it should, and ends.
struct Step {
  base::Duration takes = std::chrono::milliseconds(1);
  bool checkpoints = false;
  /// Where to; without one, as far as is allowed.
  std::optional<Position> position = {};
  ports::CallbackResult ends = {};
};

inline Step throwing(std::string what = "bad record") {
  return {.ends = {.kind = ports::CallbackResult::Kind::threw, .what = std::move(what), .retry_after = {}}};
}
inline Step checkpointing(std::optional<Position> position = {}) {
  return {.checkpoints = true, .position = std::move(position)};
}

class ScriptedProgram final : public ports::ProcessorFactory {
 public:
  explicit ScriptedProgram(base::VirtualLoop& loop) : loop_(loop) {}

  // The script: courses of the next calls of each callback, then a short one that returns.
  std::deque<Step> on_initialize;
  std::deque<Step> on_process;
  std::deque<Step> on_dead_letter;
  std::deque<Step> on_shard_ended;
  std::deque<Step> on_shutdown;

  /// Data of records with which process_records throws once the script is empty.
  std::set<std::string> poison;

  /// "initialize", "process a b c" (the records' data), "dead_letter a", "shard_ended", "shutdown_requested",
  /// "lease_lost"; in the order of their starts.
  std::vector<std::string> calls;
  /// When each of them started.
  std::vector<base::BootTime> started;
  /// What became of the checkpoints it asked for.
  std::vector<ports::CheckpointResult::Kind> checkpoints;
  std::vector<ports::ShardEpoch> epochs;
  std::vector<ports::FailedRecord> dead_letters;
  /// Of the last processor made, for asking from outside a callback.
  ports::Checkpoints* checkpointer = nullptr;
  int in_flight = 0;
  /// Calls that started when the lease was not certainly held (C8).
  int started_too_late = 0;

  std::unique_ptr<ports::Processor> create(const ports::ShardEpoch& epoch, ports::Checkpoints& given) override {
    epochs.push_back(epoch);
    checkpointer = &given;
    return std::make_unique<Processor>(*this, given);
  }

  std::size_t count(std::string_view call) const {
    std::size_t found = 0;
    for (const std::string& made : calls) found += made.starts_with(call) ? 1 : 0;
    return found;
  }

 private:
  class Processor final : public ports::Processor {
   public:
    Processor(ScriptedProgram& program, ports::Checkpoints& checkpoints)
        : program_(program), checkpoints_(checkpoints) {}

    base::Task<ports::CallbackResult> initialize() override { return go("initialize", program_.on_initialize); }
    base::Task<ports::CallbackResult> process_records(RecordBatch batch) override {
      std::string call = "process";
      bool fails = false;
      for (const Record& record : batch) {
        call += ' ' + std::string(record.text());
        fails |= program_.poison.contains(std::string(record.text()));
      }
      if (fails && program_.on_process.empty()) program_.on_process.push_back(throwing("poison"));
      return go(std::move(call), program_.on_process);
    }
    base::Task<ports::CallbackResult> dead_letter(ports::FailedRecord failed) override {
      std::string call = "dead_letter " + std::string(failed.batch.front().text());
      program_.dead_letters.push_back(std::move(failed));
      return go(std::move(call), program_.on_dead_letter);
    }
    base::Task<ports::CallbackResult> lease_lost() override { return go("lease_lost", none_); }
    base::Task<ports::CallbackResult> shard_ended() override { return go("shard_ended", program_.on_shard_ended); }
    base::Task<ports::CallbackResult> shutdown_requested() override {
      return go("shutdown_requested", program_.on_shutdown);
    }

   private:
    base::Task<ports::CallbackResult> go(std::string call, std::deque<Step>& script) {
      program_.calls.push_back(std::move(call));
      program_.started.push_back(program_.loop_.now());
      ++program_.in_flight;
      if (program_.loop_.now() >= checkpoints_.valid_until() && program_.calls.back() != "lease_lost")
        ++program_.started_too_late;
      Step step;
      if (!script.empty()) {
        step = std::move(script.front());
        script.pop_front();
      }
      base::Stop never;
      co_await base::sleep_for(program_.loop_, step.takes, never);
      if (step.checkpoints) {
        const auto result = co_await checkpoints_.checkpoint(step.position);
        program_.checkpoints.push_back(result.kind);
      }
      --program_.in_flight;
      co_return step.ends;
    }

    ScriptedProgram& program_;
    ports::Checkpoints& checkpoints_;
    std::deque<Step> none_;
  };

  base::VirtualLoop& loop_;
};

}  // namespace kcl::consumer
