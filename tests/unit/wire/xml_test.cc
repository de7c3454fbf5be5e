#include "wire/xml.h"

#include <gtest/gtest.h>

#include <string>

namespace kcl::wire {
namespace {

std::string text(std::string_view document, std::string_view path) {
  const auto texts = read_xml(document);
  if (!texts) return "refused";
  const auto found = texts->find(path);
  return found == texts->end() ? "absent" : found->second;
}

TEST(Xml, TextsAreFoundByTheirPath) {
  const std::string document =
      "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- a <comment> -->\n<a xmlns='urn:x' b = \"1>\" >\n"
      "  <b>one</b><b>two</b>\n  <c><d/><e.f-1_:g> x </e.f-1_:g></c></a>\n<!-- end -->\n";
  EXPECT_EQ(text(document, "a/b"), "one");
  EXPECT_EQ(text(document, "a/c/d"), "");
  EXPECT_EQ(text(document, "a/c/e.f-1_:g"), " x ");
  EXPECT_EQ(text(document, "a"), "absent");
  EXPECT_EQ(text(document, "b"), "absent");
}

TEST(Xml, ReferencesAreReplaced) {
  EXPECT_EQ(text("<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x4a;</a>", "a"), "<>&\"'AJ");
  EXPECT_EQ(text("<a>&#xE9;&#x20AC;&#x1F600;</a>", "a"), "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_EQ(text("<a>&amp;lt;</a>", "a"), "&lt;");
  EXPECT_EQ(text("<a>1<![CDATA[<&lt;>]]>2<!-- c -->3</a>", "a"), "1<&lt;>23");
}

TEST(Xml, WhatIsNoDocumentIsRefused) {
  for (const char* document : {"",
                               " ",
                               "text",
                               "<a>",
                               "</a>",
                               "<a></b>",
                               "<a/><b/>",
                               "<a/>text",
                               "text<a/>",
                               "<a><b></a></b>",
                               "<a",
                               "<a b>",
                               "<a b=1/>",
                               "<a b='1/>",
                               "<a b='<'/>",
                               "<a b='1'c='2'/>",
                               "<1/>",
                               "< a/>",
                               "<a>&</a>",
                               "<a>&lt</a>",
                               "<a>&nbsp;</a>",
                               "<a>&#0;</a>",
                               "<a>&#x;</a>",
                               "<a>&#xD800;</a>",
                               "<a>&#x110000;</a>",
                               "<a>&#99999999999;</a>",
                               "<a>text<b/></a>",
                               "<a><b/>text</a>",
                               "<a>\x01</a>",
                               "<!DOCTYPE a><a/>",
                               "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
                               "<?xml version='1.0'",
                               "<a><?pi?></a>",
                               "<a><!-- </a>",
                               "<a><![CDATA[x</a>",
                               "<![CDATA[x]]><a/>",
                               "<a/ >"}) {
    EXPECT_EQ(text(document, "a"), "refused") << document;
  }
}

TEST(Xml, WhatItMayCostIsBounded) {
  std::string open;
  std::string close;
  for (std::size_t depth = 0; depth < kMaxXmlDepth; ++depth) {
    open += "<a>";
    close += "</a>";
  }
  EXPECT_TRUE(read_xml(open + close));
  EXPECT_FALSE(read_xml("<a>" + open + close + "</a>"));

  const std::string name(kMaxXmlName, 'n');
  EXPECT_TRUE(read_xml("<" + name + "/>"));
  EXPECT_FALSE(read_xml("<" + name + "n/>"));

  std::string children;
  for (std::size_t child = 0; child < kMaxXmlTexts; ++child) children += "<c" + std::to_string(child) + "/>";
  EXPECT_TRUE(read_xml("<a>" + children + "</a>"));
  EXPECT_FALSE(read_xml("<a>" + children + "<d/></a>"));

  const std::string text(kMaxXmlBytes - 7, 't');
  EXPECT_TRUE(read_xml("<a>" + text + "</a>"));
  EXPECT_FALSE(read_xml("<a>" + text + "t</a>"));
}

}  // namespace
}  // namespace kcl::wire
