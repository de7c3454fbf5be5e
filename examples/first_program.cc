// The smallest program: a stream in, a function per record. It reads an embedded stream, so it needs no account and no
// network; with a client for the real service in `kinesis`, an application name and a lease store, the same lines make
// one worker of a fleet.
#include <kcl/kcl.h>
#include <kcl/testing/embedded_stream.h>

#include <csignal>
#include <iostream>

int main() {
  kcl::testing::EmbeddedStream orders({.name = "orders"});
  for (const char* fruit : {"a pear", "two plums", "the end"}) orders.put("customer-7", fruit).value();

  kcl::WorkerConfig config{.stream = "orders", .initial_position = kcl::InitialPosition::trim_horizon()};
  config.kinesis = orders.kinesis();
  return kcl::consume(config, [](const kcl::Record& record) {
    std::cout << record.partition_key() << ": " << record.text() << '\n';
    // Others run until someone sends SIGTERM or presses Ctrl-C; this one does it by itself.
    if (record.text() == "the end") std::raise(SIGTERM);
  });
}
