#include "multilang/stderr_writer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <future>
#include <string>
#include <thread>
#include <utility>

#include "base/descriptor.h"

namespace kcl::multilang {
namespace {

std::string read_all(int fd) {
  std::string all;
  std::array<char, 65'536> block{};
  for (ssize_t got = 0; (got = ::read(fd, block.data(), block.size())) > 0;)
    all.append(block.data(), static_cast<std::size_t>(got));
  return all;
}

TEST(TaggedLines, EachLineHasItsTagInWhateverPieces) {
  TaggedLines lines;
  std::string out;
  for (const char* piece : {"one", " line\ntwo", "\n", "\nfour\n"}) lines.append(out, "[a] ", piece);
  EXPECT_EQ(out, "[a] one line\n[a] two\n[a] \n[a] four\n");
}

TEST(TaggedLines, ALineThatIsInterruptedGoesOnUnderItsTag) {
  TaggedLines lines;
  std::string out;
  lines.append(out, "[a] ", "no newline");
  lines.append(out, "[b] ", "mine\n");
  lines.append(out, "[a] ", " goes on\n");
  lines.append(out, "", "the log\n");
  EXPECT_EQ(out, "[a] no newline\n[b] mine\n[a]  goes on\nthe log\n");
}

TEST(StderrWriter, WritesEverythingThatItTookBeforeItGoes) {
  base::Pipe pipe;
  ASSERT_EQ(pipe.open(), 0);
  auto read = std::async(std::launch::async, [&] { return read_all(pipe.read.get()); });
  std::string expected;
  {
    StderrWriter writer(pipe.write.get());
    for (int i = 0; i < 1'000; ++i) {
      const std::string line = std::to_string(i) + " and some more of it";
      writer.write_line(line);
      expected += line + '\n';
    }
  }
  pipe.write.close();
  EXPECT_EQ(read.get(), expected);
}

TEST(StderrWriter, OneThatNobodyReadsEndsAllTheSame) {
  base::Pipe pipe;
  ASSERT_EQ(pipe.open(), 0);
  StderrWriter writer(pipe.write.get());
  while (writer.offer("", std::string(100'000, 'x'))) {
  }
}

TEST(StderrWriter, RefusesWhatThereIsNoRoomForAndTellsWhenThereIs) {
  base::Pipe pipe;
  ASSERT_EQ(pipe.open(), 0);
  std::promise<void> room;
  std::future<std::string> read;
  const std::string block(100'000, 'x');
  std::size_t taken = 0;
  {
    StderrWriter writer(pipe.write.get());
    writer.set_on_room([&, told = false]() mutable {
      if (!std::exchange(told, true)) room.set_value();
    });
    // Nobody reads: the pipe fills up, then the writer.
    while (writer.offer("", block)) ASSERT_LT(++taken, 100U);
    read = std::async(std::launch::async, [&] { return read_all(pipe.read.get()); });
    room.get_future().get();
    while (!writer.offer("", "after all\n")) std::this_thread::yield();
    writer.set_on_room(nullptr);
  }
  pipe.write.close();
  EXPECT_EQ(read.get().size(), taken * block.size() + 10);
}

}  // namespace
}  // namespace kcl::multilang
