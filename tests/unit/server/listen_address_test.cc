#include "server/listen_address.h"

#include <gtest/gtest.h>

namespace kcl::server {
namespace {

TEST(ListenAddress, IsAPortOrAHostAndAPort) {
  const auto text = [](const char* given) {
    const auto address = parse_listen_address(given);
    return address ? address->address + ' ' + std::to_string(address->port) : std::string("none");
  };
  EXPECT_EQ(text("9464"), "127.0.0.1 9464");
  EXPECT_EQ(text("localhost:0"), "127.0.0.1 0");
  EXPECT_EQ(text("0.0.0.0:80"), "0.0.0.0 80");
  EXPECT_EQ(text("[::1]:80"), "::1 80");
  for (const char* wrong :
       {"", ":", ":80", "host:", "1.2.3.4", "::1:80", "[1.2.3.4]:80", "1.2.3.4:70000", "1.2.3.4:-1"})
    EXPECT_EQ(text(wrong), "none") << wrong;
}

}  // namespace
}  // namespace kcl::server
