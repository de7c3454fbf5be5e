#include "demo/feeder.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "base/thread_sleep.h"
#include "base/wall_clock.h"

namespace kclpp::demo {

namespace {

constexpr std::size_t kRecordsPerPut = 500;
constexpr std::size_t kBytesPerPut = 4 << 20;
constexpr std::size_t kKeyCharacters = 256;
constexpr std::size_t kStepsOfAFile = 200;
constexpr std::chrono::milliseconds kTick{10};

// Records put and not yet delivered: beyond it the feeder waits, so that a large file is never held in memory whole.
constexpr std::uint64_t kMostAhead = 200'000;

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

std::ifstream open(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    throw std::runtime_error("cannot read " + path + ": it is a directory");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path + ": " + std::strerror(errno));
  return file;
}

}  // namespace

std::string key_of_line(const std::string& line) {
  constexpr std::string_view kBlanks = " \t\r\f\v";
  const auto begin = line.find_first_not_of(kBlanks);
  if (begin == std::string::npos) return "-";
  std::string word = line.substr(begin, line.find_first_of(kBlanks, begin) - begin);
  std::size_t characters = 0;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (starts_character(word[i]) && ++characters > kKeyCharacters) {
      word.resize(i);
      break;
    }
  }
  return word;
}

/// So much per second, from a start on.
class Feeder::Pace {
 public:
  explicit Pace(double per_second) : per_second_(per_second), began_(kcl::base::wall_now()) {}
  /// Waits until `amount` may have passed.
  void wait(std::uint64_t amount, const std::stop_token& stop) const {
    while (!stop.stop_requested()) {
      const std::chrono::duration<double> elapsed = kcl::base::wall_now() - began_;
      if (static_cast<double>(amount) <= elapsed.count() * per_second_) return;
      kcl::base::sleep_thread(kTick);
    }
  }

 private:
  double per_second_;
  kcl::Timestamp began_;
};

Feeder::Feeder(FeederOptions options, kcl::testing::EmbeddedStream& stream, Ledger& ledger)
    : options_(std::move(options)), stream_(stream), ledger_(ledger) {
  if (!options_.input.empty()) open(options_.input);
  thread_ = std::jthread([this](const std::stop_token& stop) {
    if (options_.input.empty()) {
      feed_made_up(stop);
    } else {
      feed_file(stop);
    }
    done_ = true;
  });
}

void Feeder::feed_file(const std::stop_token& stop) {
  std::ifstream file = open(options_.input);
  std::error_code error;
  const auto size = std::filesystem::file_size(options_.input, error);
  const double seconds = std::chrono::duration<double>(options_.duration).count();
  const Pace pace(error ? 1e18 : static_cast<double>(size) / seconds);
  // A short file is spread in short steps.
  const std::uint64_t step = options_.spread && !error ? size / kStepsOfAFile : kBytesPerPut;

  std::uint64_t bytes_read = 0;
  std::size_t bytes_in_batch = 0;
  std::vector<kcl::testing::PutRecord> batch;
  std::string line;
  const auto flush = [&] {
    if (options_.spread) pace.wait(bytes_read, stop);
    put(std::exchange(batch, {}), stop);
    bytes_in_batch = 0;
  };
  while (!stop.stop_requested() && std::getline(file, line)) {
    bytes_read += line.size() + 1;
    if (line.size() + 1024 > (1U << 20)) {
      problem_ =
          "a line of " + options_.input + " is longer than a record may be (1 MiB); it and what follows was not put";
      break;
    }
    bytes_in_batch += line.size();
    std::string key = key_of_line(line);
    batch.push_back({.partition_key = std::move(key), .data = line, .explicit_hash_key = {}});
    const bool is_full = batch.size() >= kRecordsPerPut || bytes_in_batch >= kBytesPerPut;
    if (is_full || bytes_in_batch >= step) flush();
  }
  if (file.bad()) problem_ = "reading " + options_.input + " failed halfway: " + std::strerror(errno);
  if (!batch.empty() && !stop.stop_requested()) flush();
}

void Feeder::feed_made_up(const std::stop_token& stop) {
  const Pace pace(static_cast<double>(options_.rate));
  const auto total = options_.rate * static_cast<std::uint64_t>(options_.duration.count()) / 1'000;
  const auto per_put = std::clamp<std::uint64_t>(options_.rate / 50, 1, kRecordsPerPut);
  for (std::uint64_t next = 0; next < total && !stop.stop_requested();) {
    std::vector<kcl::testing::PutRecord> batch;
    for (std::uint64_t i = 0; i < per_put && next < total; ++i, ++next) {
      // A thousand keys, each with its records in order.
      batch.push_back({.partition_key = "customer-" + std::to_string(next * 7919 % 1000),
                       .data = "order " + std::to_string(next) + ": a pear, two apples and whatever else is in season",
                       .explicit_hash_key = {}});
    }
    pace.wait(next, stop);
    put(std::move(batch), stop);
  }
}

void Feeder::put(std::vector<kcl::testing::PutRecord> records, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (ledger_.counts().missing() < kMostAhead) {
      // What was throttled goes again before anything after it, so that the order of each key stays.
      records = ledger_.put(stream_, std::move(records));
      if (records.empty()) return;
    }
    kcl::base::sleep_thread(kTick);
  }
}

}  // namespace kclpp::demo
