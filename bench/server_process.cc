#include "server_process.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/poll_loop.h"
#include "base/run_on.h"
#include "local/front.h"
#include "server/server.h"

namespace kcl::bench {
namespace {

[[noreturn]] void serve(std::size_t shards, int lifeline, int tell) {
  base::PollLoop loop;
  local::FrontOptions options;
  options.service.limits = false;
  std::optional<local::Front> front;
  std::optional<server::Server> server;
  base::run_on(loop, [&] {
    front.emplace(loop, std::move(options), base::Random(1));
    base::check(!front->create_stream("bench", shards), "the stream is created");
    server.emplace(loop, server::ServerOptions{}, *front);
  });
  const std::uint16_t port = server->port();
  base::check(::write(tell, &port, sizeof port) == sizeof port, "the port can be told");
  char end = 0;
  static_cast<void>(::read(lifeline, &end, 1));
  ::_exit(0);
}

}  // namespace

ServerProcess::ServerProcess(std::size_t shards) {
  std::array<int, 2> lifeline{};
  std::array<int, 2> told{};
  base::check(::pipe(lifeline.data()) == 0 && ::pipe(told.data()) == 0, "pipes can be made");
  pid_ = ::fork();
  base::check(pid_ >= 0, "a process can be made");
  if (pid_ == 0) {
    ::close(lifeline[1]);
    serve(shards, lifeline[0], told[1]);
  }
  ::close(lifeline[0]);
  ::close(told[1]);
  lifeline_ = lifeline[1];
  base::check(::read(told[0], &port_, sizeof port_) == sizeof port_, "the server starts");
  ::close(told[0]);
}

ServerProcess::~ServerProcess() {
  ::close(lifeline_);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace kcl::bench
