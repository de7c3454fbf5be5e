#include "wire/form.h"

#include <gtest/gtest.h>

#include <string>

namespace kcl::wire {
namespace {

TEST(Form, EscapesAllButWhatStandsForItself) {
  EXPECT_EQ(encode_form({}), "");
  EXPECT_EQ(encode_form({{"a", ""}}), "a=");
  EXPECT_EQ(encode_form({{"Action", "AssumeRole"}, {"RoleArn", "arn:aws:iam::1:role/x"}}),
            "Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx");
  EXPECT_EQ(encode_form({{"a&b", "=+ %&#\n\"\xC3\xA9"}}), "a%26b=%3D%2B%20%25%26%23%0A%22%C3%A9");
  EXPECT_EQ(encode_form({{"x", "AZaz09-._~"}}), "x=AZaz09-._~");
  EXPECT_EQ(encode_form({{"x", std::string_view("\0\xFF", 2)}}), "x=%00%FF");
}

}  // namespace
}  // namespace kcl::wire
