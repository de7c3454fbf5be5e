// One consumer on a stream in memory and a scripted table, with a program that does as the test says.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "consumer/shard_consumer.h"
#include "unit/consumer/scripted_processor.h"
#include "unit/coordinator/sync_fixture.h"

namespace kcl::consumer {

/// Worker A consumes the first shard; by default the program checkpoints, not the library. F is ten seconds.
class ShardConsumerTest : public coordinator::SyncTest {
 protected:
  ShardConsumerTest() : SyncTest(1) {
    context.options.reader.stream = "orders";
    context.options.reader.max_records = 2;
    context.options.checkpoint_automatically = false;
  }

  /// Puts records, each with its data; their positions can be asked for by it.
  void put(const std::vector<std::string>& data) {
    for (const std::string& text : data) {
      const testing::PutRecord record{.partition_key = "key", .data = text, .explicit_hash_key = {}};
      positions.insert_or_assign(text, leases::at(stream->put_record(record, kinesis->server_time())->sequence_number));
    }
  }
  Position position_of(const std::string& data) const { return positions.at(data); }

  void start(const std::string& shard = leases::kShard) {
    end();
    syncing = make_sync(a);
    if (!store.has(shard)) sync(*syncing);
    start_on(take(a, shard));
  }
  void start_on(std::unique_ptr<leases::LeaseHold> taken) {
    end();
    hold = taken.get();
    context_with_sync = std::make_unique<ConsumerContext>(context_for(*syncing));
    consumer = std::make_unique<ShardConsumer>(*context_with_sync, std::move(taken));
    running = std::make_unique<base::Started<void>>(loop, consumer->run());
  }
  ConsumerContext context_for(coordinator::ShardSync& shard_sync) {
    return ConsumerContext{
        .loop = loop,
        .random = random,
        .kinesis = *kinesis,
        .sync = shard_sync,
        .processors = program,
        .budget = budget,
        .decoding = *decoding,
        .metrics = metrics,
        .log = base::EventLog(loop, [this](const LogEvent& event) { events.push_back(event.name); }),
        .options = context.options,
        .failover = std::chrono::seconds(10),
        .on_failure = [](const std::string& task, std::exception_ptr) { ADD_FAILURE() << task << " threw"; }};
  }
  /// As kill -9. Frames go before what they run on.
  void end() {
    running.reset();
    consumer.reset();
  }
  void shut_down() {
    consumer->request_shutdown();
    running->get();
  }
  Position stored() { return row().checkpoint; }

  struct {
    ConsumerOptions options;
  } context;
  ScriptedProgram program{loop};
  std::shared_ptr<base::ByteBudget> budget = std::make_shared<base::ByteBudget>(1UL << 20);
  base::InlineOffload on_the_strand;
  base::Offload* decoding = &on_the_strand;
  metrics::Registry metrics;
  std::map<std::string, Position> positions;
  std::unique_ptr<coordinator::ShardSync> syncing;
  std::unique_ptr<ConsumerContext> context_with_sync;
  std::unique_ptr<ShardConsumer> consumer;
  leases::LeaseHold* hold = nullptr;
  std::unique_ptr<base::Started<void>> running;
};

}  // namespace kcl::consumer
