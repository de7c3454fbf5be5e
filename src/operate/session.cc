#include "operate/session.h"

#include <kcl/item_stores.h>

#include <atomic>
#include <exception>
#include <utility>

#include "base/task_scope.h"
#include "worker/signals.h"

namespace kcl::operate {

namespace {

using Problems = std::vector<std::string>;

// Stands for those that are found later.
constexpr std::string_view kSomeTable = "some-table";

Result<std::shared_ptr<ItemStore>, Problems> open_file(const Places& places) {
  SqliteOptions options;
  options.path = places.sqlite_file;
  options.table = places.table;
  options.key_attribute = key_attribute_of(places.format);
  // The time of each call counts, too.
  options.busy_timeout = std::chrono::seconds(10);
  auto store = open_sqlite_item_store(options);
  if (!store) return Failure{Problems{store.error().message}};
  return *std::move(store);
}

/// One run's work and what became of it. Made and destroyed on the strand, but for the flag.
struct Running {
  Running(base::Loop& loop, std::function<void()> on_end)
      : ended(std::move(on_end)), scope(loop, [this](const std::string&, const std::exception_ptr& why) {
          failure = why;
          ended();
        }) {}

  static base::Task<void> keep(Running& self, base::Task<int> work) {
    self.result = co_await std::move(work);
    self.ended();
  }

  std::function<void()> ended;
  std::optional<int> result;
  std::exception_ptr failure;
  base::Stop stop;
  base::TaskScope scope;
};

}  // namespace

Result<std::optional<worker::AwsNeeds>, Problems> aws_needs(const Places& places, const aws::Environment& environment) {
  const bool in_file = !places.sqlite_file.empty();
  const bool many_tables = !places.table_prefix.empty();
  const bool has_table = (!places.table.empty() || many_tables) && !in_file;
  const bool has_stream = !places.stream.empty();
  if (!has_table && !has_stream && !places.cloudwatch) return std::optional<worker::AwsNeeds>();
  WorkerConfig config;
  apply(places.aws, config);
  if (has_table) config.application = many_tables ? std::string(kSomeTable) : places.table;
  config.stream = places.stream;
  config.lease_format = places.format;
  if (places.cloudwatch) config.cloudwatch.emplace();
  // Nobody asks for the stream: nothing that is said of it alone may be what is wrong.
  if (!has_stream) {
    config.kinesis_access = has_table ? config.dynamodb_access : config.cloudwatch_access;
    config.kinesis_endpoint = has_table ? config.dynamodb_endpoint : config.cloudwatch_endpoint;
  }
  auto needs = worker::find_aws(config, environment);
  if (needs && !has_stream) (*needs)->kinesis.reset();
  if (needs && many_tables) (*needs)->lease_table.name.clear();
  return needs;
}

Session::Session() : threads_(Runtime::Options{}) {}

Session::~Session() {
  threads_.loop.run_and_wait([this] {
    plugged_.reset();
    aws_.reset();
  });
}

Result<std::unique_ptr<Session>, Problems> Session::open(const Places& places, const aws::Environment& environment) {
  std::shared_ptr<ItemStore> file;
  if (!places.sqlite_file.empty()) {
    auto opened = open_file(places);
    if (!opened) return Failure{opened.error()};
    file = *std::move(opened);
  }
  auto needs = aws_needs(places, environment);
  if (!needs) return Failure{needs.error()};

  std::unique_ptr<Session> session(new Session());
  session->threads_.loop.run_and_wait([&] {
    if (*needs) session->aws_ = std::make_unique<worker::AwsPorts>(session->threads_, session->random_, **needs);
    if (file) session->plugged_ = std::make_unique<worker::BlockingItemStore>(session->threads_, file);
    session->store_ = session->plugged_ ? session->plugged_.get() : session->aws_->lease_store();
  });
  return session;
}

std::optional<int> Session::run(const Work& work) {
  worker::SignalWatch watch;
  std::atomic<bool> over = false;
  std::unique_ptr<Running> running;
  threads_.loop.run_and_wait([&] {
    running = std::make_unique<Running>(threads_.loop, [&] {
      over = true;
      watch.wake();
    });
    running->scope.spawn("work", Running::keep(*running, work(running->stop)));
  });
  while (!over && watch.count() < 2) {
    watch.wait();
    if (watch.count() == 1) threads_.loop.run_and_wait([&] { running->stop.request(); });
  }
  std::optional<int> result;
  std::exception_ptr failure;
  threads_.loop.run_and_wait([&] {
    result = running->result;
    failure = running->failure;
    running.reset();
  });
  if (failure) std::rethrow_exception(failure);
  return result;
}

}  // namespace kcl::operate
