#include "http/reactor.h"

#include <pthread.h>
#include <signal.h>

#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/boot_clock.h"
#include "base/check.h"

namespace kcl::http {
namespace {

/// libcurl wakes itself up for its own timers; this only bounds what a forgotten one could do.
constexpr int kLongestPollMs = 1'000;

/// Once per process and never undone: other libraries of the process may use libcurl, too.
CURLcode start_libcurl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_ALL);
  return code;
}

CURLM* make_multi(const ClientOptions& options) {
  if (const CURLcode code = start_libcurl(); code != CURLE_OK) {
    throw std::runtime_error(std::string("libcurl cannot be started: ") + curl_easy_strerror(code));
  }
  CURLM* multi = curl_multi_init();
  if (multi == nullptr) throw std::runtime_error("libcurl cannot be started: no memory or no file descriptors left");
  // By itself libcurl keeps four idle connections for each request under way: of a burst's hardly any. Room for two
  // hosts, as clients have: an endpoint, and where its credentials come from.
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(options.max_connections_per_host * 2));
  // Each stream of HTTP/2 on a connection of its own: beside busy siblings libcurl 7.88.1 goes on filling a paused one,
  // by up to 32 MiB, and mixes up what it brings (curl issue 10525).
  curl_multi_setopt(multi, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  return multi;
}

/// Signals are for the threads of the program: a thread begins with the mask of the one that starts it. SIGPIPE would
/// otherwise end the process when a server hangs up.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

Reactor::Reactor(base::Loop& loop, const ClientOptions& options)
    : loop_(loop),
      options_(options),
      multi_(make_multi(options), &curl_multi_cleanup),
      turns_(options.max_connections_per_host) {
  // Made here so that a libcurl without our options is known now, and not with the first request.
  idle_.push_back(std::make_unique<EasyHandle>(options_, news_, *bodies_));
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
}

Reactor::~Reactor() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  curl_multi_wakeup(multi_.get());
  thread_.join();
}

void Reactor::look_at(std::shared_ptr<Transfer> transfer) {
  {
    const std::lock_guard lock(mutex_);
    inbox_.push_back(std::move(transfer));
  }
  curl_multi_wakeup(multi_.get());
}

void Reactor::run() {
  while (take_inbox()) {
    int running = 0;
    const CURLMcode code = curl_multi_perform(multi_.get(), &running);
    base::check(code == CURLM_OK, curl_multi_strerror(code));
    tell_news();
    finish_done();
    curl_multi_poll(multi_.get(), nullptr, 0, kLongestPollMs, nullptr);
  }
  while (!running_.empty()) release(*running_.begin()->first);
}

bool Reactor::take_inbox() {
  std::vector<std::shared_ptr<Transfer>> inbox;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    inbox.swap(inbox_);
  }
  for (auto& transfer : inbox) {
    if (transfer->stage() == Stage::cancelled) {
      end(*transfer);
    } else if (transfer->begun) {
      if (transfer->handle != nullptr) transfer->handle->resume();
    } else if (turns_.enter(transfer)) {
      begin(std::move(transfer));
    }
  }
  return true;
}

void Reactor::end(const Transfer& transfer) {
  if (transfer.handle != nullptr) {
    release(*transfer.handle);
  } else {
    turns_.forget(transfer);
  }
}

void Reactor::begin(std::shared_ptr<Transfer> transfer) {
  bodies_->trim(base::boot_now());
  transfer->begun = true;
  if (idle_.empty()) idle_.push_back(std::make_unique<EasyHandle>(options_, news_, *bodies_));
  auto handle = std::move(idle_.back());
  idle_.pop_back();
  handle->begin(std::move(transfer));
  const CURLMcode code = curl_multi_add_handle(multi_.get(), handle->get());
  base::check(code == CURLM_OK, curl_multi_strerror(code));
  EasyHandle* const key = handle.get();
  running_.emplace(key, std::move(handle));
}

void Reactor::tell_news() {
  for (auto& transfer : news_) loop_.post([transfer] { transfer->answered.notify_all(); });
  news_.clear();
}

void Reactor::finish_done() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    void* self = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &self);
    EasyHandle& handle = *static_cast<EasyHandle*>(self);
    const auto transfer = handle.transfer();
    transfer->arriving.emplace(handle.outcome(message->data.result));
    release(handle);
    loop_.post([transfer] { transfer->settle(*std::move(transfer->arriving)); });
  }
}

void Reactor::release(EasyHandle& handle) {
  const auto transfer = handle.transfer();
  curl_multi_remove_handle(multi_.get(), handle.get());
  handle.end();
  const auto found = running_.find(&handle);
  auto owned = std::move(found->second);
  running_.erase(found);
  // A burst's handles are not kept for ever.
  if (idle_.size() < options_.max_connections_per_host) idle_.push_back(std::move(owned));
  if (auto next = turns_.leave(*transfer)) begin(std::move(next));
}

}  // namespace kcl::http
