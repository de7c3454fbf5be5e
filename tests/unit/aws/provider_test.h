// Providers of credentials that ask somebody over the network: every request goes to one scripted server, whatever host
// it was meant for.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "aws/credentials.h"
#include "unit/aws/home.h"
#include "unit/http/scripted_server.h"

namespace kcl::aws {

class ProviderTest : public ::testing::Test {
 protected:
  using Request = test::ReceivedRequest;
  using Reply = std::function<std::string(const Request&)>;

  ProviderTest() {
    for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) ::unsetenv(name);
  }

  void serve(Reply reply) { serve_script(test::ScriptedServer::answering(std::move(reply))); }
  void serve_script(test::ScriptedServer::Script script) {
    server_ = std::make_unique<test::ScriptedServer>(std::move(script));
  }
  /// Takes requests and says nothing.
  void serve_silence() {
    serve_script([](test::Wire& wire) { wire.wait_for_end(); });
  }

  ProviderContext context(Environment::Variables variables = {}) {
    const Environment environment = home_.environment(std::move(variables));
    return {.environment = environment,
            .region = "eu-west-1",
            .exchange = rerouted(over_network(environment, "")),
            .now = [this] { return now_; }};
  }
  Exchange rerouted(Exchange exchange) {
    return [this, exchange = std::move(exchange)](http::Request request, const Call& call) {
      const std::size_t path = request.url.find('/', request.url.find("://") + 3);
      {
        const std::lock_guard lock(mutex_);
        asked_.push_back(request.url.substr(0, path));
        proxied_.push_back(request.use_proxy);
      }
      request.url = server_->url(request.url.substr(path));
      return exchange(std::move(request), call);
    };
  }
  /// Scheme and host of each request, as it was meant.
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  static CredentialsResult of(CredentialsPlace::Answer answer) {
    if (answer.credentials) return *std::move(answer.credentials);
    return Failure{CredentialsError{.retryable = false, .message = "nothing: " + answer.looked_at}};
  }
  static std::string error(const CredentialsResult& result) {
    return result ? "credentials of " + result->source : result.error().message;
  }
  static bool mentions(const CredentialsResult& result, std::string_view part) {
    return error(result).find(part) != std::string::npos;
  }
  /// For whoever shall not wait long.
  static Call hasty() { return {.timeout = std::chrono::milliseconds(100), .stop = {}}; }

  static std::string xml(const std::string& action, const std::string& id) {
    return test::answer(200,
                        "<" + action + "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <" + action +
                            "Result>\n    <Credentials>\n      <SessionToken>TOKEN/of+" + id +
                            "==</SessionToken>\n      <SecretAccessKey>SECRET</SecretAccessKey>\n      "
                            "<Expiration>2026-11-23T05:00:00Z</Expiration>\n      <AccessKeyId>" +
                            id + "</AccessKeyId>\n    </Credentials>\n  </" + action +
                            "Result>\n  <ResponseMetadata>\n    <RequestId>58c5dbae</RequestId>\n  "
                            "</ResponseMetadata>\n</" +
                            action + "Response>\n",
                        "Content-Type: text/xml\r\n");
  }
  static std::string sts_error(int status, const std::string& code, const std::string& headers = "") {
    return test::answer(status,
                        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"
                        "<Code>" +
                            code + "</Code><Message>because &amp; so</Message></Error></ErrorResponse>",
                        "Content-Type: text/xml\r\n" + headers);
  }
  static std::string local_keys(const std::string& id, const std::string& expiration) {
    return test::answer(200, R"({"Code":"Success","AccessKeyId":")" + id +
                                 R"(","SecretAccessKey":"SECRET","Token":"TOKEN","Expiration":")" + expiration + "\"}");
  }

  Home home_;
  Timestamp now_ = parse_iso8601("2026-11-23T04:00:00Z").value();
  std::unique_ptr<test::ScriptedServer> server_;
  std::mutex mutex_;
  std::vector<std::string> asked_;
  std::vector<bool> proxied_;
};

}  // namespace kcl::aws
