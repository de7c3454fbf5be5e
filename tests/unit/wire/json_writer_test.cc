#include "wire/json_writer.h"

#include <gtest/gtest.h>

#include "wire/json_reader.h"

namespace kcl::wire {
namespace {

TEST(JsonWriter, SetsCommasWhereTheyBelong) {
  JsonWriter json;
  json.begin_object().name("a").number(1).name("b").begin_array().text("x").boolean(false).null();
  json.begin_object().end_object().end_array().name("c").begin_array().end_array().name("d").json("[2]").end_object();
  EXPECT_EQ(json.str(), R"({"a":1,"b":["x",false,null,{}],"c":[],"d":[2]})");
}

TEST(JsonWriter, ATextIsReadAsItWasWritten) {
  const std::string text("quotes \" and \\, \n, \x01, ü, \0 inside", 33);
  JsonWriter json;
  json.begin_object().name(text).text(text).end_object();
  JsonReader reader(json.str());
  ASSERT_TRUE(reader.enter_map());
  ASSERT_TRUE(reader.more());
  EXPECT_EQ(reader.name(), text);
  EXPECT_EQ(reader.text(), text);
  EXPECT_TRUE(reader.ok()) << reader.error();
}

// Programs that read line by line end one at U+2028 (Node.js 24), and terminals obey what C1 has.
TEST(JsonWriter, WhatSomeTakeForTheEndOfALineIsEscaped) {
  JsonWriter json;
  json.text(
      "a\xe2\x80\xa8"
      "b\xe2\x80\xa9"
      "c\xc2\x85"
      "d\x7f\xc2\xa0\xe2\x80\xaa");
  EXPECT_EQ(json.str(), "\"a\\u2028b\\u2029c\\u0085d\\u007f\xc2\xa0\xe2\x80\xaa\"");
}

}  // namespace
}  // namespace kcl::wire
