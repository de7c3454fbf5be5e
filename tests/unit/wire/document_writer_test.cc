#include "wire/document_writer.h"

#include <gtest/gtest.h>

#include <string>

namespace kcl::wire {
namespace {

std::string written(Protocol protocol) {
  std::string out = "before ";
  DocumentWriter document(protocol, out);
  document.begin_map();
  document.name("Text");
  document.text("a\"\\\n\xC3\xA9");
  document.name("Items");
  document.begin_array();
  document.integer(-5);
  document.boolean(true);
  document.null();
  document.begin_map();
  document.end_map();
  document.bytes("\x01\x02");
  document.end_array();
  document.name("Time");
  document.time(Timestamp(std::chrono::milliseconds(1'500)));
  document.end_map();
  return out;
}

TEST(DocumentWriter, WritesJson) {
  EXPECT_EQ(written(Protocol::json),
            "before {\"Text\":\"a\\u0022\\u005c\\u000a\xC3\xA9\",\"Items\":[-5,true,null,{},\"AQI=\"],\"Time\":1.500}");
}

TEST(DocumentWriter, WritesCbor) {
  EXPECT_EQ(written(Protocol::cbor),
            "before \xBF\x64Text\x66"
            "a\"\\\n\xC3\xA9\x65Items\x9F\x24\xF5\xF6\xBF\xFF\x42\x01\x02\xFF\x64Time\xC1\x19\x05\xDC\xFF");
}

TEST(DocumentWriter, WritesTimesBefore1970) {
  std::string out;
  DocumentWriter(Protocol::json, out).time(Timestamp(std::chrono::milliseconds(-1'500)));
  EXPECT_EQ(out, "-1.500");
}

}  // namespace
}  // namespace kcl::wire
