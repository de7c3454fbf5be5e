#include "http/request_check.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kcl::http {
namespace {

Request with(std::string url, Headers headers = {}, std::string method = "POST") {
  Request request;
  request.url = std::move(url);
  request.headers = std::move(headers);
  request.method = std::move(method);
  return request;
}

TEST(HttpRequestCheck, NamesTheHostAndPortOfGoodRequests) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"https://kinesis.eu-west-1.amazonaws.com/", "kinesis.eu-west-1.amazonaws.com:443"},
      {"http://169.254.169.254/latest/api/token", "169.254.169.254:80"},
      {"http://localhost:4567", "localhost:4567"},
      {"http://[fd00:ec2::254]/x?y=z", "[fd00:ec2::254]:80"},
      {"HTTPS://Host.Example:8443/", "Host.Example:8443"},
  };
  for (const auto& [url, target] : cases) {
    const auto checked = check_request(with(url, {{"X-Amz-Date", "20260101T000000Z"}, {"X-Tab", "a\tb"}}));
    ASSERT_TRUE(checked) << checked.error().message;
    EXPECT_EQ(*checked, target);
  }
}

TEST(HttpRequestCheck, RefusesWhatWouldBeSomethingElseOnTheWire) {
  const std::string url = "http://host/";
  const std::vector<Request> cases{
      with(""),
      with("host"),
      with("ftp://host/"),
      with("file:///etc/passwd"),
      with("http://"),
      with("http://host:99999/"),
      with("http://host/a b"),
      with("http://host/\r\nX: y"),
      with(std::string("http://host/\0x", 14)),
      with(url, {{"", "x"}}),
      with(url, {{"a b", "x"}}),
      with(url, {{"a:", "x"}}),
      with(url, {{"a\r\nb", "x"}}),
      with(url, {{"a", "x\r\ny"}}),
      with(url, {{"a", "x\ny"}}),
      with(url, {{"a", std::string("x\0y", 3)}}),
      with(url, {{"Content-Length", "5"}}),
      with(url, {{"transfer-encoding", "chunked"}}),
      with(url, {{"EXPECT", "100-continue"}}),
      with(url, {}, ""),
      with(url, {}, "GET /x"),
      with(url, {}, "GET\r\n"),
  };
  for (const Request& request : cases) {
    const auto checked = check_request(request);
    ASSERT_FALSE(checked) << request.url;
    EXPECT_EQ(checked.error().kind, Error::Kind::bad_request);
    EXPECT_FALSE(checked.error().sent);
    EXPECT_FALSE(checked.error().message.empty());
  }
}

TEST(HttpRequestCheck, ShowsNoSecrets) {
  for (const Request& request : {
           with("http://user:secret@host/"),
           with("http://user:secret@host:port/"),
           with("secret://x@host/"),
           with("http://host:port/?token=secret"),
           with("http://host/", {{"Authorization", "secret\r\n"}}),
       }) {
    const auto checked = check_request(request);
    ASSERT_FALSE(checked) << request.url;
    EXPECT_EQ(checked.error().message.find("secret"), std::string::npos) << checked.error().message;
  }
}

}  // namespace
}  // namespace kcl::http
