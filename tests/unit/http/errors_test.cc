#include "http/errors.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kcl::http {
namespace {

using Kind = Error::Kind;

TEST(HttpErrors, EveryFailureHasItsKind) {
  struct Case {
    CURLcode code;
    Stage stage;
    Kind kind;
    bool sent;
  };
  const std::vector<Case> cases{
      {CURLE_URL_MALFORMAT, Stage::queued, Kind::bad_request, false},
      {CURLE_LOGIN_DENIED, Stage::queued, Kind::bad_request, false},
      {CURLE_COULDNT_RESOLVE_HOST, Stage::resolving, Kind::unresolved, false},
      {CURLE_OPERATION_TIMEDOUT, Stage::resolving, Kind::unresolved, false},
      {CURLE_COULDNT_RESOLVE_PROXY, Stage::resolving, Kind::unreachable, false},
      {CURLE_COULDNT_CONNECT, Stage::connecting, Kind::unreachable, false},
      {CURLE_OPERATION_TIMEDOUT, Stage::connecting, Kind::unreachable, false},
      {CURLE_OPERATION_TIMEDOUT, Stage::queued, Kind::unreachable, false},
      {CURLE_PROXY, Stage::connecting, Kind::unreachable, false},
      // A proxy that hangs up.
      {CURLE_RECV_ERROR, Stage::connecting, Kind::unreachable, false},
      {CURLE_GOT_NOTHING, Stage::connecting, Kind::unreachable, false},
      // The second try of a request whose first one went out.
      {CURLE_COULDNT_CONNECT, Stage::sent, Kind::unreachable, true},
      {CURLE_COULDNT_RESOLVE_HOST, Stage::sent, Kind::unresolved, true},
      {CURLE_SSL_CONNECT_ERROR, Stage::connecting, Kind::tls, false},
      {CURLE_PEER_FAILED_VERIFICATION, Stage::connecting, Kind::untrusted, false},
      {CURLE_PEER_FAILED_VERIFICATION, Stage::sent, Kind::untrusted, true},
      {CURLE_SSL_CACERT_BADFILE, Stage::connecting, Kind::tls, false},
      {CURLE_SSL_CONNECT_ERROR, Stage::sent, Kind::tls, true},
      {CURLE_SEND_ERROR, Stage::sent, Kind::broken, true},
      {CURLE_RECV_ERROR, Stage::sent, Kind::broken, true},
      {CURLE_GOT_NOTHING, Stage::sent, Kind::broken, true},
      {CURLE_PARTIAL_FILE, Stage::sent, Kind::broken, true},
      {CURLE_WEIRD_SERVER_REPLY, Stage::sent, Kind::broken, true},
      {CURLE_UNSUPPORTED_PROTOCOL, Stage::sent, Kind::broken, true},
      {CURLE_OUT_OF_MEMORY, Stage::sent, Kind::broken, true},
      {CURLE_FILESIZE_EXCEEDED, Stage::sent, Kind::too_large, true},
      {CURLE_ABORTED_BY_CALLBACK, Stage::cancelled, Kind::cancelled, true},
  };
  for (const Case& each : cases) {
    const Error error = explain({.code = each.code, .stage = each.stage, .target = "host:1"});
    SCOPED_TRACE(error.message);
    EXPECT_EQ(name_of(error.kind), name_of(each.kind)) << each.code;
    EXPECT_EQ(error.sent, each.sent);
    EXPECT_NE(error.message.find("host:1"), std::string::npos);
  }
}

TEST(HttpErrors, WhatWeCutOffOurselvesIsToldFromWhatBroke) {
  Failed failed{.code = CURLE_WRITE_ERROR, .stage = Stage::sent, .target = "host:1"};
  failed.max_body_bytes = 77;
  EXPECT_EQ(explain(failed).kind, Kind::broken);
  failed.cut = Cut::headers_too_long;
  EXPECT_EQ(explain(failed).kind, Kind::broken);
  failed.cut = Cut::no_memory;
  EXPECT_EQ(explain(failed).kind, Kind::broken);
  EXPECT_NE(explain(failed).message.find("memory"), std::string::npos);
  failed.cut = Cut::no_known_end;
  EXPECT_EQ(explain(failed).kind, Kind::broken);
  failed.cut = Cut::body_too_long;
  EXPECT_EQ(explain(failed).kind, Kind::too_large);
  EXPECT_NE(explain(failed).message.find("77 bytes"), std::string::npos);
}

TEST(HttpErrors, AProxyThatRefusesIsUnreachableAndToldWithItsStatus) {
  Failed failed{.code = CURLE_RECV_ERROR, .stage = Stage::connecting, .target = "host:1"};
  failed.proxy_status = 407;
  failed.peer = "10.0.0.1:3128";
  EXPECT_EQ(explain(failed).kind, Kind::unreachable);
  EXPECT_NE(explain(failed).message.find("407"), std::string::npos);
  EXPECT_NE(explain(failed).message.find("10.0.0.1:3128"), std::string::npos);
  // It made the connection, and what was behind it failed.
  failed.proxy_status = 200;
  failed.code = CURLE_PEER_FAILED_VERIFICATION;
  EXPECT_EQ(explain(failed).kind, Kind::untrusted);
}

TEST(HttpErrors, WordsThatQuoteAPasswordAreNotPassedOn) {
  Failed failed{.code = CURLE_COULDNT_RESOLVE_PROXY, .stage = Stage::queued, .target = "host:1"};
  failed.detail = "Unsupported proxy syntax in 'http://user:secret@proxy:port'";
  EXPECT_EQ(explain(failed).message.find("secret"), std::string::npos);
  failed.detail = "Could not resolve proxy: proxy.example\n";
  EXPECT_NE(explain(failed).message.find("proxy.example"), std::string::npos);
  EXPECT_EQ(explain(failed).message.find('\n'), std::string::npos);
}

TEST(HttpErrors, ATimeoutSaysHowFarItCame) {
  using std::chrono::milliseconds;
  EXPECT_EQ(explain_timeout("h:1", Stage::sent, milliseconds(3'005)).message,
            "no answer from h:1 within 3.005 s: the request was sent, and its answer did not come, or not to its end");
  EXPECT_FALSE(explain_timeout("h:1", Stage::queued, milliseconds(1)).sent);
  EXPECT_FALSE(explain_timeout("h:1", Stage::resolving, milliseconds(1)).sent);
  EXPECT_FALSE(explain_timeout("h:1", Stage::connecting, milliseconds(1)).sent);
  EXPECT_TRUE(explain_timeout("h:1", Stage::sent, milliseconds(1)).sent);
  // Nothing is certain.
  EXPECT_TRUE(explain_timeout("h:1", Stage::cancelled, milliseconds(1)).sent);
  EXPECT_NE(explain_timeout("h:1", Stage::resolving, milliseconds(1)).message.find("name servers"), std::string::npos);
}

}  // namespace
}  // namespace kcl::http
