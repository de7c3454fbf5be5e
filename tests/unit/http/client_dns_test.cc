// A name server that never answers. The system's resolver reads /etc/resolv.conf and asks port 53, so this needs a
// network and mounts of its own, that is root; without, it is skipped.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "unit/http/http_test.h"

namespace kcl::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::answer;
using test::ReceivedRequest;
using test::ScriptedServer;

/// How long the system's resolver waits for a silent server: three times as long as any request here may take.
constexpr seconds kResolverPatience{30};

/// Of the thread that makes it, and of threads that this one starts: a network in which nothing is but this host and a
/// silent name server.
class SilentNameServer {
 public:
  /// Empty when it stands; else why it cannot.
  std::string set_up() {
    if (::unshare(CLONE_NEWNS | CLONE_NEWNET) != 0) return why("unshare");
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return why("private mounts");
    file_ = (std::filesystem::temp_directory_path() / ("kclpp-resolv-" + std::to_string(::getpid()))).string();
    std::ofstream(file_) << "nameserver 127.0.0.1\noptions attempts:1 timeout:" << kResolverPatience.count() << "\n";
    if (::mount(file_.c_str(), "/etc/resolv.conf", nullptr, MS_BIND, nullptr) != 0) return why("/etc/resolv.conf");
    socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq loopback{};
    std::strncpy(loopback.ifr_name, "lo", IFNAMSIZ - 1);
    loopback.ifr_flags = IFF_UP;
    if (::ioctl(socket_, SIOCSIFFLAGS, &loopback) != 0) return why("the loopback interface");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(53);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return why("port 53");
    return {};
  }

  SilentNameServer() = default;
  SilentNameServer(const SilentNameServer&) = delete;
  SilentNameServer& operator=(const SilentNameServer&) = delete;
  ~SilentNameServer() {
    if (socket_ >= 0) ::close(socket_);
    if (!file_.empty()) std::filesystem::remove(file_);
  }

  /// True once a question has come.
  bool was_asked() const {
    char byte = 0;
    const timeval patience{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return ::recv(socket_, &byte, 1, MSG_PEEK | MSG_TRUNC) > 0;
  }

 private:
  static std::string why(const std::string& what) { return what + ": " + std::strerror(errno); }

  int socket_ = -1;
  std::string file_;
};

/// A test whose threads all live in such a network.
class HttpDns : public ::testing::Test {
 public:
  class Inside : public HttpTest {
   public:
    using HttpTest::abandon;
    using HttpTest::failure;
    using HttpTest::get;
    using HttpTest::kPatience;
    using HttpTest::post;
    using HttpTest::send;
    using HttpTest::start;
    using HttpTest::start_client;
    void TestBody() override {}
    base::EventLoop& loop() { return loop_; }
    void end_client() {
      loop_.run_and_wait([this] { client_.reset(); });
    }
    ScriptedServer server{ScriptedServer::answering([](const ReceivedRequest&) { return answer(200, "ok"); })};
  };

 protected:
  static void within(const std::function<void(Inside&, const SilentNameServer&)>& test) {
    std::string obstacle;
    std::thread([&] {
      SilentNameServer silent;
      obstacle = silent.set_up();
      if (!obstacle.empty()) return;
      Inside inside;
      test(inside, silent);
    }).join();
    if (!obstacle.empty()) {
      GTEST_SKIP() << "NOT TESTED: what a silent name server does. It takes root and namespaces: " << obstacle;
    }
  }
};

const std::string kUnknown = "http://somewhere.example/";

TEST_F(HttpDns, ALookUpThatHangsEndsWithTheDeadlineAndHoldsNobodyUp) {
  within([](Inside& inside, const SilentNameServer& silent) {
    const Error error = inside.failure(Inside::post(kUnknown, "x"), milliseconds(150));
    EXPECT_TRUE(silent.was_asked());
    EXPECT_EQ(name_of(error.kind), "timeout") << error.message;
    EXPECT_FALSE(error.sent);
    EXPECT_NE(error.message.find("name servers"), std::string::npos) << error.message;
    // The reactor that had to give the look-up up goes on: its deadline is shorter than the look-up is long.
    for (int i = 0; i < 3; ++i) {
      const auto got = inside.send(Inside::post(inside.server.url(), "x"));
      ASSERT_TRUE(got.value) << got.value.error().message;
    }
  });
}

TEST_F(HttpDns, ALookUpThatHangsIsUnresolvedInTime) {
  within([](Inside& inside, const SilentNameServer&) {
    ClientOptions options;
    options.connect_timeout = milliseconds(150);
    inside.start_client(options);
    const Error error = inside.failure(Inside::post(kUnknown, "x"));
    EXPECT_EQ(name_of(error.kind), "unresolved") << error.message;
    EXPECT_FALSE(error.sent);
    const auto got = inside.send(Inside::post(inside.server.url(), "x"));
    EXPECT_TRUE(got.value);
  });
}

TEST_F(HttpDns, NoLookUpThatHangsKeepsAClientFromEnding) {
  within([](Inside& inside, const SilentNameServer& silent) {
    for (int i = 0; i < 10; ++i) inside.start(Inside::post(kUnknown, "x"));
    EXPECT_TRUE(silent.was_asked());
    inside.abandon();
    for (int i = 0; i < 10; ++i) inside.start(Inside::post(kUnknown, "x"));
    const auto before = inside.loop().now();
    inside.end_client();
    EXPECT_LT(inside.loop().now() - before, Inside::kPatience);
  });
}

}  // namespace
}  // namespace kcl::http
