#include "wire/protocol.h"

#include <gtest/gtest.h>

namespace kcl::wire {
namespace {

TEST(Protocol, IsKnownByItsContentType) {
  for (const Protocol protocol : {Protocol::cbor, Protocol::json}) {
    EXPECT_EQ(protocol_of(content_type(protocol)), protocol);
  }
  for (const char* type : {"application/x-amz-json-1.0", "application/json", "Application/JSON; charset=utf-8",
                           "application/x-amz-json-1.1 ;x=y"}) {
    EXPECT_EQ(protocol_of(type), Protocol::json) << type;
  }
  EXPECT_EQ(protocol_of("application/cbor"), Protocol::cbor);
  for (const char* type : {"", "text/html", "application/x-amz-json-1.10", "application/jso", "json", ";"}) {
    EXPECT_FALSE(protocol_of(type)) << type;
  }
}

}  // namespace
}  // namespace kcl::wire
