// The threads and the memory budget that the workers of one process share: what is behind kcl::Runtime.
#pragma once

#include <algorithm>
#include <memory>
#include <thread>

#include <kcl/worker.h>

#include "base/blocking_pool.h"
#include "base/byte_budget.h"
#include "base/event_loop.h"

namespace kcl::worker {

struct Threads {
  explicit Threads(const Runtime::Options& options)
      : kinesis_calls(options.max_io_threads),
        store_calls(options.max_io_threads),
        callbacks(options.max_callback_threads),
        stop_requests(options.max_callback_threads),
        decoding(std::max(1U, std::thread::hardware_concurrency())),
        budget(std::make_shared<base::ByteBudget>(options.buffer_bytes)),
        network_threads(static_cast<int>(options.network_threads)) {}

  /// First, so that it outlives the pools: what runs there posts to it.
  base::EventLoop loop;
  base::BlockingPool kinesis_calls;
  /// Apart, so that slow reads never keep a lease from its renewal.
  base::BlockingPool store_calls;
  base::BlockingPool callbacks;
  /// A stop_callback is the program's code, and must get through when every other thread is busy waiting for it.
  base::BlockingPool stop_requests;
  /// What keeps a core busy: callbacks that block never keep it waiting, nor it them.
  base::BlockingPool decoding;
  std::shared_ptr<base::ByteBudget> budget;
  /// Of each client of Kinesis: they are its own.
  const int network_threads;
};

}  // namespace kcl::worker

namespace kcl {

class Runtime::Impl : public worker::Threads {
 public:
  using Threads::Threads;
};

}  // namespace kcl
