// A strand with a client of one AWS service on it, which speaks to a scripted server over a real socket.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <kcl/credentials.h>

#include "aws/awaited_credentials.h"
#include "aws/service_client.h"
#include "base/blocking_pool.h"
#include "base/random.h"
#include "base/wall_clock.h"
#include "unit/http/http_test.h"

namespace kcl::aws {

inline const Credentials kTestCredentials{"AKIDEXAMPLE", "top/secret+key", "session=token", {}};

/// What the server does with one request: writes, then goes on, hangs up, resets, or does nothing until the test ends.
struct Turn {
  enum class End : std::uint8_t { keep, close, reset, hang };
  std::string bytes;
  End end = End::keep;
};

inline Turn answering(int status, std::string_view body, std::string_view headers = "") {
  return {test::answer(status, body, headers), Turn::End::keep};
}
/// As AWS words errors in JSON.
inline Turn error(const std::string& code, int status = 400, std::string_view headers = "") {
  return answering(status, R"({"__type":"com.amazonaws.service#)" + code + R"(","message":"because"})", headers);
}
inline Turn hang_up() { return {"", Turn::End::close}; }
inline Turn reset() { return {"", Turn::End::reset}; }
inline Turn silence() { return {"", Turn::End::hang}; }
inline Turn cut_short() { return {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", Turn::End::close}; }
inline Turn page(int status) {
  return answering(status, "<html><body>Welcome to the hotel</body></html>", "Content-Type: text/html\r\n");
}
inline Turn damaged() { return answering(200, "{}", "x-amz-crc32: 1\r\n"); }

/// One turn per request, whatever connection it comes by; a request too many gets a status that nothing takes for an
/// answer.
inline test::ScriptedServer::Script playing(std::vector<Turn> turns) {
  const auto next = std::make_shared<std::atomic<std::size_t>>(0);
  return [turns = std::move(turns), next](test::Wire& wire) {
    while (wire.read_request()) {
      const std::size_t number = (*next)++;
      const Turn turn = number < turns.size() ? turns[number] : answering(418, "nobody expected this request");
      wire.write(turn.bytes);
      if (turn.end == Turn::End::reset) wire.reset();
      if (turn.end == Turn::End::hang) wire.wait_for_end();
      if (turn.end != Turn::End::keep) return;
    }
  };
}

/// As HTTP's Date header has it.
inline std::string http_date(Timestamp time) {
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::string text(64, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts));
  return text;
}
inline std::string date_header(std::chrono::seconds off) {
  return "Date: " + http_date(base::wall_now() + off) + "\r\n";
}

class ServiceTest : public http::HttpTest {
 protected:
  ~ServiceTest() override {
    loop_.run_and_wait([this] {
      scope_.reset();
      service_.reset();
      credentials_.reset();
    });
  }

  /// `path` is of the endpoint.
  void connect(int port, Service service = Service::dynamodb, const std::string& path = "/",
               std::shared_ptr<CredentialsProvider> provider = static_credentials(kTestCredentials),
               const std::string& scheme = "http") {
    const std::string host = "127.0.0.1:" + std::to_string(port);
    loop_.run_and_wait([&] {
      service_.reset();
      credentials_ = std::make_unique<AwaitedCredentials>(loop_, pool_, std::move(provider));
      ServiceClient::Options options;
      options.service = service;
      options.region = "eu-west-1";
      options.endpoint = Endpoint{scheme + "://" + host + path, host, path};
      service_ = std::make_unique<ServiceClient>(loop_, random_, *client_, *credentials_, std::move(options));
    });
  }

  base::BlockingPool pool_{2};
  base::Random random_{1};
  std::unique_ptr<AwaitedCredentials> credentials_;
  std::unique_ptr<ServiceClient> service_;
};

}  // namespace kcl::aws
