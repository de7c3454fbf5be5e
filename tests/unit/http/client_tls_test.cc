#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "unit/http/http_test.h"

namespace kcl::http {
namespace {

using test::answer;
using test::Certificate;
using test::make_certificate;
using test::ReceivedRequest;
using test::RefusingPort;
using test::ScriptedServer;
using test::Wire;
using Kind = Error::Kind;

/// A file that is gone with this.
class CaFile {
 public:
  explicit CaFile(const std::string& content) {
    std::string name = (std::filesystem::temp_directory_path() / "kclpp-ca-XXXXXX").string();
    const int fd = ::mkstemp(name.data());
    EXPECT_GE(fd, 0);
    ::close(fd);
    path_ = name;
    std::ofstream(path_) << content;
  }
  CaFile(const CaFile&) = delete;
  CaFile& operator=(const CaFile&) = delete;
  ~CaFile() { std::filesystem::remove(path_); }
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

class HttpTls : public HttpTest {
 protected:
  void trust(const std::string& ca_file) {
    ClientOptions options;
    options.ca_file = ca_file;
    start_client(options);
  }
  static ScriptedServer::Script ok() {
    return ScriptedServer::answering([](const ReceivedRequest& request) { return answer(200, request.body); });
  }
  void expect_refusal(ScriptedServer& server, const std::string& word, std::string_view kind = "untrusted") {
    const Error error = failure(post(server.url(), "secret"));
    EXPECT_EQ(name_of(error.kind), kind) << error.message;
    EXPECT_FALSE(error.sent);
    EXPECT_NE(error.message.find("127.0.0.1:" + std::to_string(server.port())), std::string::npos) << error.message;
    EXPECT_NE(error.message.find(word), std::string::npos) << error.message;
    EXPECT_TRUE(server.requests().empty());
  }
};

TEST_F(HttpTls, ACertificateOfATrustedAuthorityIsAccepted) {
  const Certificate certificate = make_certificate();
  const CaFile ca(certificate.certificate);
  trust(ca.path());
  ScriptedServer server(ok(), certificate);
  const std::string body(1UL << 20, 'x');
  for (int i = 0; i < 3; ++i) {
    const auto got = send(post(server.url(), body));
    ASSERT_TRUE(got.value) << got.value.error().message;
    EXPECT_EQ(got.value->body->size(), body.size());
  }
  EXPECT_EQ(server.connections(), 1U);
  // Its name counts as its address does.
  EXPECT_TRUE(send(get("https://localhost:" + std::to_string(server.port()) + "/")).value);
}

TEST_F(HttpTls, ACertificateOfAnUnknownAuthorityIsRefused) {
  ScriptedServer server(ok(), make_certificate());
  expect_refusal(server, "self-signed");
}

TEST_F(HttpTls, AnotherAuthoritysFileReplacesTheSystems) {
  const CaFile ca(make_certificate().certificate);
  trust(ca.path());
  ScriptedServer server(ok(), make_certificate());
  expect_refusal(server, "certificate");
}

TEST_F(HttpTls, ACertificateOfAnotherHostIsRefused) {
  const Certificate certificate = make_certificate({.names = "DNS:elsewhere.example,IP:127.0.0.2"});
  const CaFile ca(certificate.certificate);
  trust(ca.path());
  ScriptedServer server(ok(), certificate);
  expect_refusal(server, "name");
}

TEST_F(HttpTls, AnExpiredCertificateIsRefused) {
  const Certificate certificate = make_certificate({.expired = true});
  const CaFile ca(certificate.certificate);
  trust(ca.path());
  ScriptedServer server(ok(), certificate);
  expect_refusal(server, "expired");
}

TEST_F(HttpTls, AMissingCaFileIsNamed) {
  trust("/nowhere/ca.pem");
  ScriptedServer server(ok(), make_certificate());
  expect_refusal(server, "/nowhere/ca.pem", "tls");
}

TEST_F(HttpTls, APortThatSpeaksNoTlsIsRefused) {
  ScriptedServer server([](Wire& wire) {
    wire.write(answer(400, "plain"));
    wire.wait_for_end();
  });
  const Error error = failure(post("https://127.0.0.1:" + std::to_string(server.port()) + "/", "x"));
  EXPECT_EQ(name_of(error.kind), "tls") << error.message;
  EXPECT_FALSE(error.sent);
}

TEST_F(HttpTls, AnAnswerThatIsCutShortIsBroken) {
  const Certificate certificate = make_certificate();
  const CaFile ca(certificate.certificate);
  trust(ca.path());
  // Without TLS's own farewell, which libcurl does not miss.
  for (const std::string head : {"Content-Length: 10\r\n", "Transfer-Encoding: chunked\r\n", ""}) {
    ScriptedServer server(
        [&](Wire& wire) {
          wire.read_request();
          wire.write("HTTP/1.1 200 OK\r\n" + head + "\r\n7\r\nhalf");
        },
        certificate);
    const Error error = failure(post(server.url(), "x"));
    EXPECT_EQ(name_of(error.kind), "broken") << error.message;
    EXPECT_TRUE(error.sent);
  }
}

}  // namespace
}  // namespace kcl::http
