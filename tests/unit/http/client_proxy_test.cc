#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>

#include "unit/http/http_test.h"

namespace kcl::http {
namespace {

using test::answer;
using test::ReceivedRequest;
using test::RefusingPort;
using test::ScriptedServer;
using test::Wire;

/// Tunnels to this host, whatever name it is asked for; answers plain requests itself.
void proxy(Wire& wire) {
  while (const auto request = wire.read_request()) {
    if (request->method == "CONNECT") {
      wire.write("HTTP/1.1 200 Connection established\r\nX-Of-The-Proxy: yes\r\n\r\n");
      wire.tunnel_to(std::stoi(request->target.substr(request->target.rfind(':') + 1)));
      return;
    }
    wire.write(answer(200, "from the proxy"));
  }
}

class HttpProxy : public HttpTest {
 protected:
  ~HttpProxy() override {
    loop_.run_and_wait([this] { client_.reset(); });
    for (const auto& [name, value] : environment_) ::unsetenv(name.c_str());
  }

  void with_environment(std::map<std::string, std::string> environment) {
    loop_.run_and_wait([this] { client_.reset(); });
    environment_ = std::move(environment);
    for (const auto& [name, value] : environment_) ::setenv(name.c_str(), value.c_str(), 1);
    start_client({});
  }

  static ScriptedServer::Script direct() {
    return ScriptedServer::answering([](const ReceivedRequest&) { return answer(200, "direct"); });
  }
  static std::string with_user(int port) { return "http://someone:secret@127.0.0.1:" + std::to_string(port); }
  /// Shown nowhere: the password. Shown always: whom to look at.
  static void expect_unreachable(const Error& error, const std::string& word) {
    EXPECT_EQ(name_of(error.kind), "unreachable") << error.message;
    EXPECT_FALSE(error.sent) << error.message;
    EXPECT_NE(error.message.find(word), std::string::npos) << error.message;
    EXPECT_EQ(error.message.find("secret"), std::string::npos) << error.message;
  }

 private:
  std::map<std::string, std::string> environment_;
};

TEST_F(HttpProxy, PlainRequestsGoToTheProxyWithTheWholeUrl) {
  ScriptedServer relay(proxy);
  with_environment({{"http_proxy", relay.url()}});
  const auto got = send(post("http://kinesis.example:4567/path", "x"));
  ASSERT_TRUE(got.value) << got.value.error().message;
  EXPECT_EQ(*got.value->body, "from the proxy");
  ASSERT_EQ(relay.requests().size(), 1U);
  EXPECT_EQ(relay.requests()[0].target, "http://kinesis.example:4567/path");
  EXPECT_EQ(relay.requests()[0].header("host"), "kinesis.example:4567");
}

TEST_F(HttpProxy, TlsGoesThroughATunnelThatSeesNothing) {
  ScriptedServer relay(proxy);
  ScriptedServer server(direct(), test::make_certificate());
  with_environment({{"https_proxy", with_user(relay.port())}});
  Request request = post(server.url(), "x");
  request.headers = {{"Authorization", "signature"}};
  // Nobody vouches for the server: so much for the tunnel's end.
  const Error error = failure(request);
  EXPECT_EQ(name_of(error.kind), "untrusted") << error.message;
  EXPECT_FALSE(error.sent);
  ASSERT_EQ(relay.requests().size(), 1U);
  EXPECT_EQ(relay.requests()[0].method, "CONNECT");
  EXPECT_EQ(relay.requests()[0].target, "127.0.0.1:" + std::to_string(server.port()));
  EXPECT_EQ(relay.requests()[0].header("authorization"), "");
  EXPECT_NE(relay.requests()[0].header("proxy-authorization"), "");
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(HttpProxy, HostsInNoProxyAreReachedDirectly) {
  ScriptedServer relay(proxy);
  ScriptedServer server(direct());
  with_environment({{"http_proxy", relay.url()}, {"no_proxy", "elsewhere.example,127.0.0.1"}});
  EXPECT_EQ(*send(get(server.url())).value->body, "direct");
  EXPECT_EQ(*send(get("http://kinesis.example/")).value->body, "from the proxy");
  EXPECT_EQ(relay.connections(), 1U);
}

TEST_F(HttpProxy, WhoWantsNoProxyGetsNone) {
  ScriptedServer relay(proxy);
  ScriptedServer server(direct());
  with_environment({{"http_proxy", relay.url()}, {"all_proxy", relay.url()}});
  Request request = get(server.url());
  EXPECT_EQ(*send(request).value->body, "from the proxy");
  request.use_proxy = false;
  EXPECT_EQ(*send(request).value->body, "direct");
  request.use_proxy = true;
  EXPECT_EQ(*send(request).value->body, "from the proxy");
}

TEST_F(HttpProxy, AProxyThatRefusesIsNamedWithItsStatus) {
  ScriptedServer relay(ScriptedServer::answering([](const ReceivedRequest&) { return answer(407, "who are you?"); }));
  with_environment({{"https_proxy", with_user(relay.port())}});
  const Error error = failure(post("https://kinesis.example/", "x"));
  expect_unreachable(error, "407");
  expect_unreachable(error, "127.0.0.1:" + std::to_string(relay.port()));
  expect_unreachable(error, "kinesis.example:443");
}

TEST_F(HttpProxy, AProxyThatHangsUpIsUnreachable) {
  ScriptedServer relay([](Wire& wire) { wire.read_request(); });
  with_environment({{"https_proxy", with_user(relay.port())}});
  expect_unreachable(failure(post("https://kinesis.example/", "x")), "kinesis.example:443");
}

TEST_F(HttpProxy, AProxyThatIsNotThereIsNamed) {
  const RefusingPort nobody;
  with_environment({{"http_proxy", with_user(nobody.port())}});
  expect_unreachable(failure(post("http://kinesis.example/", "x")), "127.0.0.1 port " + std::to_string(nobody.port()));
}

TEST_F(HttpProxy, AProxyWithoutAddressIsNamed) {
  with_environment({{"http_proxy", "http://someone:secret@proxy.invalid:3128"}});
  expect_unreachable(failure(post("http://kinesis.example/", "x")), "proxy.invalid");
}

TEST_F(HttpProxy, AProxyThatCannotBeReadShowsNoPassword) {
  for (const std::string url :
       {"http://someone:secret@proxy:port", "gopher://someone:secret@proxy", "http://someone:secret@"}) {
    with_environment({{"http_proxy", url}});
    expect_unreachable(failure(post("http://kinesis.example/", "x")), "http_proxy");
  }
}

TEST_F(HttpProxy, AnswersThroughATunnelHideTheProxys) {
  const auto certificate = test::make_certificate();
  // The file must be there when the handle is made, and can go with the test.
  const std::string ca_file = ::testing::TempDir() + "kclpp-proxy-" + std::to_string(::getpid()) + ".pem";
  std::ofstream(ca_file) << certificate.certificate;
  ScriptedServer relay(proxy);
  ScriptedServer server(direct(), certificate);
  with_environment({{"https_proxy", relay.url()}});
  ClientOptions options;
  options.ca_file = ca_file;
  start_client(options);
  const auto got = send(post(server.url(), "x"));
  std::remove(ca_file.c_str());
  ASSERT_TRUE(got.value) << got.value.error().message;
  EXPECT_EQ(*got.value->body, "direct");
  EXPECT_FALSE(got.value->header("x-of-the-proxy"));
}

}  // namespace
}  // namespace kcl::http
