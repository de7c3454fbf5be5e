#include "stores/blocking_dynamodb_item_store.h"

#include <kcl/item_stores.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "aws/awaited_credentials.h"
#include "base/blocking_pool.h"
#include "base/event_loop.h"
#include "base/task_scope.h"
#include "base/text.h"

namespace kcl::stores {

namespace {

// Longer than anybody means to wait, and far from where a sum of times would overflow.
constexpr std::chrono::milliseconds kLongestTimeout = std::chrono::hours(24);

constexpr const char* kForked = "the store was made before this process was forked; make it again in the child";

/// What a caller waits for. It may stop waiting before the answer comes: both sides own it.
template <class T>
class Pending {
 public:
  /// Once; later ones change nothing.
  void settle(Result<T, std::string> answer) {
    {
      const std::lock_guard lock(mutex_);
      if (!answer_) answer_.emplace(std::move(answer));
    }
    settled_.notify_all();
  }
  Result<T, std::string> wait(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    settled_.wait(lock, stop, [this] { return answer_.has_value(); });
    if (answer_) return *std::move(answer_);
    return Failure{std::string("the call was stopped before its answer came")};
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any settled_;
  std::optional<Result<T, std::string>> answer_;
};

/// Whatever becomes of the frame that holds it, the caller hears of it.
template <class T>
class Settler {
 public:
  explicit Settler(std::shared_ptr<Pending<T>> pending) : pending_(std::move(pending)) {}
  Settler(Settler&&) = default;
  Settler& operator=(Settler&&) = delete;
  ~Settler() {
    if (pending_) pending_->settle(Failure{std::string("the store was destroyed during the call")});
  }
  void operator()(Result<T, std::string> answer) { pending_->settle(std::move(answer)); }

 private:
  std::shared_ptr<Pending<T>> pending_;
};

template <class T>
base::Task<void> settle(base::Task<ports::Answer<T>> call, Settler<T> settler) {
  std::string broken;
  try {
    auto answer = co_await std::move(call);
    settler(std::move(answer.value));
    co_return;
  } catch (...) {
    broken = base::what_of(std::current_exception());
  }
  settler(Failure{"a defect of kclpp: " + broken});
}

StoreError misuse(std::string message) { return {StoreError::Kind::misuse, std::move(message)}; }

}  // namespace

/// What lives on the strand.
struct BlockingDynamoDbItemStore::Strand {
  Strand(base::Loop& loop, base::BlockingPool& pool, const aws::Access& access, aws::Endpoint endpoint,
         DynamoDbTable table)
      : credentials(loop, pool, access.credentials),
        connection(loop, random, credentials, access, aws::Service::dynamodb, std::move(endpoint)),
        store(loop, random, connection.service(), std::move(table)),
        // Each task tells its caller what it threw.
        scope(loop, [](const std::string&, const std::exception_ptr&) {}) {}

  base::Random random = base::Random::from_os();
  aws::AwaitedCredentials credentials;
  aws::Connection connection;
  DynamoDbItemStore store;
  base::TaskScope scope;
};

struct BlockingDynamoDbItemStore::Machinery {
  Machinery(const aws::Access& access, aws::Endpoint endpoint, DynamoDbTable table) {
    std::exception_ptr failure;
    loop.run_and_wait([&] {
      try {
        strand = std::make_unique<Strand>(loop, pool, access, std::move(endpoint), std::move(table));
      } catch (...) {
        failure = std::current_exception();
      }
    });
    if (failure) std::rethrow_exception(failure);
  }
  Machinery(const Machinery&) = delete;
  Machinery& operator=(const Machinery&) = delete;
  ~Machinery() {
    loop.run_and_wait([this] { strand.reset(); });
  }

  base::EventLoop loop;
  // The provider is asked by one call at a time.
  base::BlockingPool pool{1};
  std::unique_ptr<Strand> strand;
};

BlockingDynamoDbItemStore::BlockingDynamoDbItemStore(const aws::Access& access, aws::Endpoint endpoint,
                                                     DynamoDbTable table)
    : table_(table.name),
      process_(::getpid()),
      machinery_(std::make_unique<Machinery>(access, std::move(endpoint), std::move(table))) {}

BlockingDynamoDbItemStore::~BlockingDynamoDbItemStore() {
  // The threads stayed with the parent: there is nobody to wait for.
  if (!is_forked()) return;
  [[maybe_unused]] const Machinery* const left_behind = machinery_.release();
}

bool BlockingDynamoDbItemStore::is_forked() const { return ::getpid() != process_; }

/// The error: why no answer will come, though the request may be under way.
template <class T>
Result<T, std::string> BlockingDynamoDbItemStore::wait_for(const Call& call, Begin<T> begin) {
  const auto pending = std::make_shared<Pending<T>>();
  const auto timeout = std::clamp(call.timeout, std::chrono::milliseconds(0), kLongestTimeout);
  const base::BootTime deadline = machinery_->loop.now() + timeout;
  machinery_->loop.post([machinery = machinery_.get(), pending, begin = std::move(begin), deadline] {
    Strand& strand = *machinery->strand;
    strand.scope.spawn("call", settle<T>(begin(strand.store, deadline), Settler<T>(pending)));
  });
  return pending->wait(call.stop);
}

template <class T>
StoreResult<T> BlockingDynamoDbItemStore::read(const Call& call, Begin<StoreResult<T>> begin) {
  if (is_forked()) return Failure{misuse("table " + table_ + ": " + kForked)};
  auto answer = wait_for<StoreResult<T>>(call, std::move(begin));
  if (answer) return *std::move(answer);
  return Failure{StoreError{StoreError::Kind::unavailable, "table " + table_ + ": " + answer.error()}};
}

WriteOutcome BlockingDynamoDbItemStore::write(const Call& call, Begin<WriteOutcome> begin) {
  WriteOutcome outcome;
  if (is_forked()) {
    outcome.kind = WriteOutcome::Kind::misuse;
    outcome.message = "table " + table_ + ": " + kForked;
    return outcome;
  }
  auto answer = wait_for<WriteOutcome>(call, std::move(begin));
  if (answer) return *std::move(answer);
  outcome.kind = WriteOutcome::Kind::unknown;
  outcome.message = "table " + table_ + ": " + answer.error();
  return outcome;
}

StoreResult<void> BlockingDynamoDbItemStore::ensure(CreateTable create, const Call& call) {
  return read<void>(
      call, [create](DynamoDbItemStore& store, base::BootTime deadline) { return store.ensure(create, deadline); });
}

StoreResult<ReadItem> BlockingDynamoDbItemStore::get(const std::string& key, bool consistent, const Call& call) {
  return read<ReadItem>(call, [key, consistent](DynamoDbItemStore& store, base::BootTime deadline) {
    return store.get(key, consistent, deadline);
  });
}

WriteOutcome BlockingDynamoDbItemStore::create(const Item& row, const Call& call) {
  return write(call, [row](DynamoDbItemStore& store, base::BootTime deadline) { return store.create(row, deadline); });
}

WriteOutcome BlockingDynamoDbItemStore::update(const ItemUpdate& update, const Call& call) {
  return write(call,
               [update](DynamoDbItemStore& store, base::BootTime deadline) { return store.update(update, deadline); });
}

WriteOutcome BlockingDynamoDbItemStore::remove(const std::string& key, const std::vector<Condition>& conditions,
                                               const Call& call) {
  return write(call, [key, conditions](DynamoDbItemStore& store, base::BootTime deadline) {
    return store.remove(key, conditions, deadline);
  });
}

StoreResult<ScanPage> BlockingDynamoDbItemStore::scan(const ScanRequest& request, const Call& call) {
  return read<ScanPage>(
      call, [request](DynamoDbItemStore& store, base::BootTime deadline) { return store.scan(request, deadline); });
}

}  // namespace kcl::stores

namespace kcl {

StoreResult<std::shared_ptr<ItemStore>> make_dynamodb_item_store(const DynamoDbOptions& options) {
  using stores::misuse;
  if (!stores::is_table_name(options.table)) {
    return Failure{misuse("DynamoDbOptions::table" + stores::not_a_table_name(options.table))};
  }
  if (options.key_attribute.empty()) {
    return Failure{misuse("DynamoDbOptions::key_attribute is empty; \"leaseKey\" is usual")};
  }
  aws::AccessRequest request;
  request.profile = options.profile;
  request.region = options.region;
  request.credentials = options.credentials;
  try {
    const auto access = aws::find_access(request, aws::Environment::of_process());
    if (!access) return Failure{misuse("DynamoDbOptions::" + access.error())};
    auto endpoint = access->endpoint(aws::Service::dynamodb, options.endpoint, "DynamoDbOptions::endpoint");
    if (!endpoint) return Failure{misuse(endpoint.error())};
    stores::DynamoDbTable table{.name = options.table, .key_attribute = options.key_attribute};
    std::shared_ptr<ItemStore> store =
        std::make_shared<stores::BlockingDynamoDbItemStore>(*access, *std::move(endpoint), std::move(table));
    return store;
  } catch (const std::exception& failure) {
    return Failure{StoreError{StoreError::Kind::unavailable,
                              "table " + options.table + ": the store could not be started: " + failure.what()}};
  }
}

}  // namespace kcl
