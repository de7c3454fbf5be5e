#include "local/local.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "base/poll_loop.h"
#include "base/random.h"
#include "base/run_on.h"
#include "local/front.h"
#include "server/server.h"
#include "worker/signals.h"

namespace kclpp::local {

namespace {

using kcl::local::FrontOptions;

struct NamedStream {
  std::string name;
  std::size_t shards = 0;
};

std::optional<NamedStream> parse_stream(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon == std::string::npos) return std::nullopt;
  NamedStream stream{.name = text.substr(0, colon)};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, stream.shards);
  if (error != std::errc{} || stop != end || stream.shards == 0) return std::nullopt;
  return stream;
}

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(std::max<long long>(1, std::llround(seconds * 1'000)));
}

std::string content_of(const std::string& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) throw std::runtime_error(file + " cannot be read");
  return text.str();
}

FrontOptions front_options(const LocalOptions& options, kcl::base::BootTime now) {
  FrontOptions front;
  front.service = {.region = options.region,
                   .limits = !options.no_limits,
                   .iterator_ttl = milliseconds(options.iterator_ttl_seconds),
                   .subscription_lifetime = milliseconds(options.subscription_lifetime_seconds),
                   .retention = milliseconds(options.retention_seconds),
                   .max_shards = options.max_shards,
                   .memory_bytes = options.memory_mib << 20};
  if (const std::size_t colon = options.credentials.find(':'); colon != std::string::npos) {
    front.credentials = {.access_key_id = options.credentials.substr(0, colon),
                         .secret_access_key = options.credentials.substr(colon + 1)};
  }
  if (!options.faults.empty()) {
    auto plan = kcl::local::FaultPlan::parse(content_of(options.faults), now);
    if (!plan) throw std::runtime_error(options.faults + ": " + plan.error());
    front.faults = *std::move(plan);
  }
  return front;
}

/// The server and what it serves. Lives on the strand.
class Serving {
 public:
  Serving(kcl::base::PollLoop& loop, const LocalOptions& options)
      : front_(loop, front_options(options, loop.now()), kcl::base::Random::from_os()) {
    for (const std::string& text : options.streams) {
      const auto stream = parse_stream(text);
      if (auto failure = front_.create_stream(stream->name, stream->shards)) {
        throw std::runtime_error("stream " + text + ": " + failure->message);
      }
    }
    server_.emplace(loop, kcl::server::ServerOptions{.address = options.listen, .port = options.port}, front_);
  }

  std::string url() const { return server_->url(); }

 private:
  kcl::local::Front front_;
  std::optional<kcl::server::Server> server_;
};

}  // namespace

std::string problem_of_stream(const std::string& text) {
  return parse_stream(text) ? std::string() : "must be NAME:SHARDS, not " + text;
}

int run(const LocalOptions& options) {
  try {
    kcl::worker::SignalWatch signals;
    kcl::base::PollLoop loop;
    std::optional<Serving> serving;
    std::exception_ptr failure;
    kcl::base::run_on(loop, [&] {
      try {
        serving.emplace(loop, options);
      } catch (...) {
        failure = std::current_exception();
      }
    });
    if (failure) std::rethrow_exception(failure);
    std::printf("listening on %s\n", serving->url().c_str());
    std::fflush(stdout);
    signals.wait();
    kcl::base::run_on(loop, [&] { serving.reset(); });
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "kclpp local: %s\n", error.what());
    return EXIT_FAILURE;
  }
}

}  // namespace kclpp::local
