#include "multilang/command_line.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "multilang/logback.h"

namespace kcl::multilang {
namespace {

using Words = std::vector<std::string>;

const std::string kClass = "software.amazon.kinesis.multilang.MultiLangDaemon";

CommandLine parsed(const Words& words) {
  auto line = parse_command_line(words);
  EXPECT_TRUE(line) << line.error();
  return line ? *line : CommandLine();
}

std::string error_of(const Words& words) {
  const auto line = parse_command_line(words);
  EXPECT_FALSE(line);
  return line ? "" : line.error();
}

TEST(MultilangCommandLine, IsItsOwnOrThatOfJava) {
  const Words java{"-cp", "/a/x.jar:/work:/props:/jars/*", kClass, "--properties-file", "p", "-l", "logback.xml"};
  EXPECT_EQ(parsed(java).properties_file, "p");
  EXPECT_EQ(parsed(java).log_configuration, "logback.xml");
  EXPECT_EQ(parsed(java).folders, (Words{"/work", "/props"}));
  EXPECT_EQ(parsed({"-Xmx64m", "-Daws.region=x", "-classpath", "", kClass, "-p", "p"}).properties_file, "p");
  EXPECT_EQ(parsed({"--properties-file=p", "--check", "--strict"}).properties_file, "p");
  EXPECT_TRUE(parsed({"p", "--check"}).check);
  EXPECT_EQ(parsed({"p", "--lease-format", "vmware-go"}).lease_format, "vmware-go");
  EXPECT_TRUE(parsed({"p", "--strict"}).strict);
  EXPECT_EQ(parsed({"sample.test.properties"}).properties_file, "sample.test.properties");
  EXPECT_TRUE(parsed({"--help"}).help);
  EXPECT_EQ(parsed({"-p", "a", "b"}).properties_file, "a");
  EXPECT_EQ(parsed({"-p", "a", "b"}).warnings.size(), 1U);
}

TEST(MultilangCommandLine, WhatIsWrongIsOneLine) {
  EXPECT_NE(error_of({}).find("--properties-file"), std::string::npos);
  EXPECT_EQ(error_of({"-p"}), "'-p' needs a value");
  EXPECT_EQ(error_of({"a", "b"}), "more than one properties file: a and b");
  EXPECT_EQ(error_of({"--frobnicate"}), "there is no option '--frobnicate'");
  EXPECT_EQ(error_of({"--check=yes", "p"}), "'--check' takes no value");
  EXPECT_NE(error_of({"-cp", "x", "software.amazon.kinesis.multilang.StreamsMultiLangDaemon", "-p", "p"}).find(kClass),
            std::string::npos);
}

TEST(MultilangCommandLine, JavaIsRecognisedByItsNameOrItsArguments) {
  EXPECT_TRUE(is_java_command_line("/opt/shim/bin/java", Words{"-p", "p"}));
  EXPECT_TRUE(is_java_command_line("kclpp", Words{"-cp", "x", kClass, "-p", "p"}));
  EXPECT_TRUE(is_java_command_line("kclpp", Words{"-Xmx1g", "-cp", "x", kClass}));
  EXPECT_FALSE(is_java_command_line("kclpp", Words{"consume", "--stream", "s"}));
  EXPECT_FALSE(is_java_command_line("kclpp", Words{}));
}

TEST(Logback, ItsLevelIsThatOfTheLibraryElseOfRoot) {
  const auto level = [](const std::string& xml) { return parse_logback(xml).level; };
  EXPECT_EQ(level(R"(<configuration><root level="WARN"><appender-ref ref="C"/></root></configuration>)"),
            LogLevel::warning);
  EXPECT_EQ(level(R"(<root level='INFO'/><logger name="software.amazon.kinesis" additivity="x" level="DEBUG"/>)"),
            LogLevel::debug);
  EXPECT_EQ(level(R"(<logger name="io.netty" level="DEBUG"/><root  level = "ERROR" >)"), LogLevel::error);
  EXPECT_EQ(level(R"(<!-- <root level="ERROR"> --><root level="info">)"), LogLevel::info);
  EXPECT_EQ(level("<configuration/>"), std::nullopt);
  EXPECT_EQ(level("<root level="), std::nullopt);
  EXPECT_EQ(level("<root level=\"DEBUG"), LogLevel::debug);
}

TEST(Logback, WhatIsNotFollowedIsTold) {
  EXPECT_EQ(parse_logback(R"(<root level="info"/>)").warnings.size(), 0U);
  EXPECT_EQ(parse_logback(R"(<appender class="ch.qos.logback.core.rolling.RollingFileAppender"/><root level="info"/>)")
                .warnings.size(),
            1U);
  EXPECT_EQ(parse_logback("").warnings.size(), 1U);
}

}  // namespace
}  // namespace kcl::multilang
