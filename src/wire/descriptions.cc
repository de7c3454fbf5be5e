#include "wire/descriptions.h"

#include <functional>

#include "wire/json_reader.h"

namespace kcl::wire {

namespace {

/// Gives each member of an object to `take`, which reads or skips its value.
void each_member(JsonReader& reader, const std::function<void(std::string_view name)>& take) {
  if (!reader.enter_map()) return;
  while (reader.more()) {
    const std::string name(reader.name());
    if (reader.take_null()) continue;
    take(name);
    if (!reader.ok()) return;
  }
}

/// The object that is all of an answer's worth. False when it has none.
bool inside(JsonReader& reader, std::string_view wanted, const std::function<void(std::string_view name)>& take) {
  bool found = false;
  each_member(reader, [&](std::string_view name) {
    if (name != wanted) return reader.skip();
    found = true;
    each_member(reader, take);
  });
  return found;
}

template <class Facts>
Result<Facts, std::string> result(const JsonReader& reader, bool found, std::string_view wanted, Facts facts) {
  if (!reader.ok()) return Failure{reader.error()};
  if (!found) return Failure{std::string(wanted) + ": missing"};
  return facts;
}

}  // namespace

Result<StreamFacts, std::string> decode_stream_facts(std::string_view json) {
  constexpr std::string_view kWanted = "StreamDescriptionSummary";
  JsonReader reader(json);
  StreamFacts facts;
  const bool found = inside(reader, kWanted, [&](std::string_view name) {
    if (name == "StreamARN") {
      facts.arn = reader.text();
    } else if (name == "StreamStatus") {
      facts.status = reader.text();
    } else if (name == "StreamModeDetails") {
      each_member(reader, [&](std::string_view detail) {
        if (detail != "StreamMode") return reader.skip();
        facts.mode = reader.text();
      });
    } else if (name == "EncryptionType") {
      facts.encryption = reader.text();
    } else if (name == "KeyId") {
      facts.key_id = reader.text();
    } else if (name == "RetentionPeriodHours") {
      facts.retention_hours = reader.integer();
    } else if (name == "OpenShardCount") {
      facts.open_shards = reader.integer();
    } else if (name == "ConsumerCount") {
      facts.consumers = reader.integer();
    } else {
      reader.skip();
    }
  });
  return result(reader, found, kWanted, std::move(facts));
}

Result<std::vector<ConsumerFacts>, std::string> decode_consumer_facts(std::string_view json) {
  constexpr std::string_view kWanted = "Consumers";
  JsonReader reader(json);
  std::vector<ConsumerFacts> consumers;
  bool found = false;
  each_member(reader, [&](std::string_view name) {
    if (name != kWanted) return reader.skip();
    found = true;
    if (!reader.enter_array()) return;
    while (reader.more()) {
      ConsumerFacts& consumer = consumers.emplace_back();
      each_member(reader, [&](std::string_view member) {
        if (member == "ConsumerName") {
          consumer.name = reader.text();
        } else if (member == "ConsumerARN") {
          consumer.arn = reader.text();
        } else if (member == "ConsumerStatus") {
          consumer.status = reader.text();
        } else {
          reader.skip();
        }
      });
      if (!reader.ok()) return;
    }
  });
  return result(reader, found, kWanted, std::move(consumers));
}

Result<TableFacts, std::string> decode_table_facts(std::string_view json) {
  constexpr std::string_view kWanted = "Table";
  JsonReader reader(json);
  TableFacts facts;
  const bool found = inside(reader, kWanted, [&](std::string_view name) {
    if (name == "TableArn") {
      facts.arn = reader.text();
    } else if (name == "TableStatus") {
      facts.status = reader.text();
    } else if (name == "TableSizeBytes") {
      facts.bytes = reader.integer();
    } else if (name == "BillingModeSummary") {
      each_member(reader, [&](std::string_view detail) {
        if (detail != "BillingMode") return reader.skip();
        facts.billing = reader.text();
      });
    } else if (name == "ProvisionedThroughput") {
      each_member(reader, [&](std::string_view detail) {
        if (detail == "ReadCapacityUnits") {
          facts.read_capacity = reader.integer();
        } else if (detail == "WriteCapacityUnits") {
          facts.write_capacity = reader.integer();
        } else {
          reader.skip();
        }
      });
    } else {
      reader.skip();
    }
  });
  return result(reader, found, kWanted, std::move(facts));
}

}  // namespace kcl::wire
