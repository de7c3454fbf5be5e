// A client of one AWS service, the requests that its tests send, and providers of credentials.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <latch>
#include <mutex>
#include <string>
#include <vector>

#include "unit/aws/service_test.h"

namespace kcl::aws {

/// 20260102T030405Z.
inline Timestamp amz_date(const std::string& text) {
  std::tm parts{};
  EXPECT_NE(::strptime(text.c_str(), "%Y%m%dT%H%M%SZ", &parts), nullptr) << text;
  return Timestamp(std::chrono::seconds(::timegm(&parts)));
}

inline std::string access_key_of(const test::ReceivedRequest& request) {
  const std::string authorization = request.header("authorization");
  const auto begin = authorization.find("Credential=") + 11;
  return authorization.substr(begin, authorization.find('/') - begin);
}

/// Answers from a queue; the last answer stays. Remembers what was refused.
class Queue : public CredentialsProvider {
 public:
  explicit Queue(std::deque<CredentialsResult> answers) : answers_(std::move(answers)) {}

  CredentialsResult credentials(const Call&) override {
    const std::lock_guard lock(mutex_);
    ++asked_;
    auto answer = answers_.front();
    if (answers_.size() > 1) answers_.pop_front();
    return answer;
  }
  void invalidate(const Credentials& refused) override {
    const std::lock_guard lock(mutex_);
    refused_.push_back(refused.access_key_id);
  }
  std::vector<std::string> refused() const {
    const std::lock_guard lock(mutex_);
    return refused_;
  }

 private:
  mutable std::mutex mutex_;
  std::deque<CredentialsResult> answers_;
  int asked_ = 0;
  std::vector<std::string> refused_;
};

inline Credentials keys(const std::string& id) { return {id, "secret of " + id, "", {}}; }

/// Does not answer until it is let go.
class Silent : public CredentialsProvider {
 public:
  CredentialsResult credentials(const Call&) override {
    go_on_.wait();
    return keys("late");
  }
  void let_go() { go_on_.count_down(); }

 private:
  std::latch go_on_{1};
};

class ServiceClientTest : public ServiceTest {
 protected:
  static ServiceClient::Request read() {
    ServiceClient::Request request;
    request.target = "DynamoDB_20120810.GetItem";
    request.content_type = "application/x-amz-json-1.0";
    request.body = R"({"TableName":"t"})";
    request.repeatable = true;
    return request;
  }
  static ServiceClient::Request write() {
    auto request = read();
    request.target = "DynamoDB_20120810.UpdateItem";
    request.repeatable = false;
    return request;
  }

  ports::Answer<Result<CallAnswer, CallError>> call(const ServiceClient::Request& request,
                                                    base::Duration timeout = kPatience) {
    return wait_for([&] { return service_->call(request, loop_.now() + timeout); });
  }
  /// The error, or one that fits no expectation.
  CallError failure(const ServiceClient::Request& request, base::Duration timeout = kPatience) {
    auto answer = call(request, timeout);
    if (!answer.value) return answer.value.error();
    CallError none;
    none.message = "an answer: " + *answer.value->body;
    ADD_FAILURE() << none.message;
    return none;
  }
};

inline void expect(const CallError& error, CallError::Kind kind, bool not_done, const std::string& word = "") {
  EXPECT_EQ(error.kind, kind) << error.message;
  EXPECT_EQ(error.not_done, not_done) << error.message;
  EXPECT_NE(error.message.find(word), std::string::npos) << error.message;
  EXPECT_EQ(error.message.find('\n'), std::string::npos) << error.message;
}

struct Trouble {
  std::string name;
  Turn turn;
};

/// After these nobody knows whether the service did what it was asked.
inline std::vector<Trouble> doubts() {
  return {{"reset", reset()},
          {"hung up", hang_up()},
          {"cut short", cut_short()},
          {"500", error("InternalServerError", 500)},
          {"503", error("ServiceUnavailable", 503)},
          {"500 without a code", page(500)},
          {"502 of a load balancer", page(502)},
          {"an HTML page", page(400)},
          {"a redirection", answering(302, "", "Location: http://127.0.0.1:1/\r\n")},
          {"no content", {"HTTP/1.1 204 No Content\r\n\r\n", Turn::End::keep}},
          {"408", error("RequestTimeout", 400)},
          {"not HTTP", {"SSH-2.0-OpenSSH_9.2\r\n", Turn::End::close}},
          {"a wrong CRC-32", damaged()},
          {"a CRC-32 that is no number", answering(200, "{}", "x-amz-crc32: many\r\n")},
          {"an error with a wrong CRC-32", error("ConditionalCheckFailedException", 400, "x-amz-crc32: 1\r\n")}};
}

}  // namespace kcl::aws
