// A thread with a multi handle of libcurl's: moves the bytes of any number of transfers and posts each outcome to the
// strand. It knows no deadlines: whoever waits has a timer, and cancels.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/loop.h"
#include "http/body_pool.h"
#include "http/client.h"
#include "http/easy_handle.h"
#include "http/transfer.h"
#include "http/turns.h"

namespace kcl::http {

class Reactor {
 public:
  /// Throws std::system_error or std::runtime_error when it cannot be started.
  Reactor(base::Loop& loop, const ClientOptions& options);
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;
  /// Drops what is under way: the caller has settled it.
  ~Reactor();

  /// From the strand: begins a transfer, resumes one that pauses, or, once it is cancelled, ends it. Never blocks.
  void look_at(std::shared_ptr<Transfer> transfer);

 private:
  void run();
  /// False when it is time to end.
  bool take_inbox();
  void begin(std::shared_ptr<Transfer> transfer);
  void end(const Transfer& transfer);
  /// Wakes whoever waits for what has arrived.
  void tell_news();
  void finish_done();
  /// Takes the handle off the multi handle and keeps it for the next request; begins with whose turn it is now.
  void release(EasyHandle& handle);

  base::Loop& loop_;
  const ClientOptions options_;
  const std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi_;

  std::mutex mutex_;
  std::vector<std::shared_ptr<Transfer>> inbox_;
  bool stopping_ = false;

  // On the thread.
  const std::shared_ptr<BodyPool> bodies_ = std::make_shared<BodyPool>();
  Turns turns_;
  std::vector<std::shared_ptr<Transfer>> news_;
  std::unordered_map<EasyHandle*, std::unique_ptr<EasyHandle>> running_;
  std::vector<std::unique_ptr<EasyHandle>> idle_;

  std::thread thread_;
};

}  // namespace kcl::http
