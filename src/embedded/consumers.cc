#include "embedded/consumers.h"

#include <algorithm>
#include <utility>

#include "embedded/names.h"

namespace kcl::embedded {

using Status = StreamConsumer::Status;

Consumers::Consumers(std::string stream_arn, Options options) : stream_arn_(std::move(stream_arn)), options_(options) {}

void Consumers::advance(Timestamp now) {
  now_ = std::max(now_, now);
  std::erase_if(entries_, [this](const Entry& entry) {
    return entry.consumer.status == Status::deleting && entry.until <= now_;
  });
  for (Entry& entry : entries_) {
    if (entry.consumer.status == Status::creating && entry.until <= now_) entry.consumer.status = Status::active;
  }
}

std::vector<Consumers::Entry>::iterator Consumers::entry_of(std::string_view name_or_arn) {
  return std::find_if(entries_.begin(), entries_.end(), [name_or_arn](const Entry& entry) {
    return entry.consumer.name == name_or_arn || entry.consumer.arn == name_or_arn;
  });
}

Failure<KinesisError> Consumers::refuse(Kind kind, std::string message) const {
  return {KinesisError{.kind = kind, .message = std::move(message), .server_time = now_}};
}

KinesisResult<StreamConsumer> Consumers::add(std::string_view name, Timestamp now) {
  advance(now);
  if (!is_resource_name(name)) {
    return refuse(Kind::invalid_argument, "ConsumerName must be 1 to 128 letters, digits, '_', '.' or '-'.");
  }
  if (entry_of(name) != entries_.end()) {
    return refuse(Kind::in_use, "Consumer " + std::string(name) + " under stream " + stream_arn_ + " already exists.");
  }
  const auto creating = static_cast<std::size_t>(
      std::ranges::count_if(entries_, [](const Entry& entry) { return entry.consumer.status == Status::creating; }));
  if (entries_.size() >= options_.most || creating >= options_.most_creating) {
    return refuse(Kind::throttled, "Stream " + stream_arn_ + " has " + std::to_string(entries_.size()) +
                                       " consumers, " + std::to_string(creating) + " of them CREATING; at most " +
                                       std::to_string(options_.most) + " and " +
                                       std::to_string(options_.most_creating) + " are allowed.");
  }
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now_.time_since_epoch()).count();
  Entry& entry = entries_.emplace_back();
  entry.consumer.name = name;
  entry.consumer.arn = stream_arn_ + "/consumer/" + entry.consumer.name + ':' + std::to_string(seconds);
  entry.consumer.created = now_;
  entry.until = now_ + options_.creation_time;
  // The answer says CREATING, however soon that is over.
  return entry.consumer;
}

KinesisResult<StreamConsumer> Consumers::find(std::string_view name_or_arn, Timestamp now) {
  advance(now);
  const auto found = entry_of(name_or_arn);
  if (found != entries_.end()) return found->consumer;
  return refuse(Kind::not_found,
                "Consumer " + std::string(name_or_arn) + " under stream " + stream_arn_ + " does not exist.");
}

std::vector<StreamConsumer> Consumers::list(Timestamp now) {
  advance(now);
  std::vector<StreamConsumer> consumers;
  for (const Entry& entry : entries_) consumers.push_back(entry.consumer);
  return consumers;
}

KinesisResult<StreamConsumer> Consumers::remove(std::string_view name_or_arn, Timestamp now) {
  auto found = find(name_or_arn, now);
  if (!found) return found;
  if (found->status == Status::deleting) {
    return refuse(Kind::in_use, "Consumer " + found->arn + " is being deleted already.");
  }
  Entry& entry = *entry_of(name_or_arn);
  entry.consumer.status = Status::deleting;
  entry.until = now_ + options_.deletion_time;
  return entry.consumer;
}

}  // namespace kcl::embedded
