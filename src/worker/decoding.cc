#include "worker/decoding.h"

#include <exception>
#include <memory>
#include <utility>

#include "base/wait.h"

namespace kcl::worker {

namespace {

// MD5 takes a tenth of a millisecond for it; to another thread and back is a third of that.
constexpr std::size_t kSmall = 64UL << 10;

/// On the strand, but for `failure`, which is written before the strand is told.
struct Pending {
  bool done = false;
  base::Event ended;
  std::exception_ptr failure;
};

}  // namespace

base::Task<void> Decoding::run(std::size_t bytes, std::function<void()> work) {
  if (bytes <= kSmall) {
    work();
    co_return;
  }
  const auto pending = std::make_shared<Pending>();
  auto task = [&loop = threads_.loop, pending, work = std::move(work)] {
    try {
      work();
    } catch (...) {
      pending->failure = std::current_exception();
    }
    loop.post([pending] {
      pending->done = true;
      pending->ended.notify_all();
    });
  };
  threads_.decoding.submit(std::move(task));
  while (!pending->done) co_await pending->ended.wait_uninterruptibly(threads_.loop);
  if (pending->failure) std::rethrow_exception(pending->failure);
}

}  // namespace kcl::worker
