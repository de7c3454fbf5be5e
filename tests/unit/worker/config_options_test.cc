// The table of options against WorkerConfig's defaults, and docs/options.md against the table.
#include "worker/config_options.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <set>
#include <string>
#include <vector>

namespace kcl::worker {
namespace {

std::string count_text(std::size_t count) {
  constexpr std::size_t kMebibyte = 1UL << 20;
  if (count == SIZE_MAX) return "no limit";
  return count % kMebibyte == 0 ? std::to_string(count / kMebibyte) + " MiB" : std::to_string(count);
}

/// The cells of default and bounds.
struct Value {
  std::string operator()(std::string_view text) const { return std::string(text) + " | "; }
  std::string operator()(const DurationBounds& bounds) const {
    std::string text =
        text_of(WorkerConfig{}.*bounds.value) + " | " + text_of(bounds.least) + " to " + text_of(bounds.most);
    for (const ConfigOption& other : config_options()) {
      const auto* of_other = std::get_if<DurationBounds>(&other.value);
      if (of_other == nullptr || of_other->value != bounds.not_below) continue;
      text += ", not below `" + std::string(other.name) + '`';
    }
    return text;
  }
  std::string operator()(const CountBounds& bounds) const {
    const std::string text = count_text(WorkerConfig{}.*bounds.value) + " | ";
    if (bounds.most == SIZE_MAX) return text + "at least " + count_text(bounds.least);
    return text + count_text(bounds.least) + " to " + count_text(bounds.most);
  }
};

std::string code(std::string_view text, std::string_view before = {}) {
  return text.empty() ? std::string() : '`' + std::string(before) + std::string(text) + '`';
}

std::vector<std::string> rows() {
  std::vector<std::string> rows;
  for (const ConfigOption& option : config_options()) {
    std::string row =
        "| " + code(option.name) + " | " + std::string(option.does) + " | " + std::visit(Value{}, option.value);
    for (const std::string& cell : {code(option.flag, "--"), code(option.property), code(option.vmware_go)}) {
      row += " | " + cell;
    }
    rows.push_back(row + " | " + code(option.test) + " |");
  }
  return rows;
}

TEST(ConfigOptions, TheDocumentIsWhatTheTableSays) {
  std::ifstream document(KCLPP_DOCS "/options.md");
  std::vector<std::string> written;
  for (std::string line; std::getline(document, line);) {
    if (line.starts_with("| `")) written.push_back(line);
  }
  std::string wanted;
  for (const std::string& row : rows()) wanted += row + '\n';
  EXPECT_EQ(written, rows()) << "docs/options.md should have these rows:\n" << wanted;
}

TEST(ConfigOptions, DefaultsLieWithinTheirBounds) {
  const WorkerConfig config;
  std::set<std::string_view> names;
  for (const ConfigOption& option : config_options()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    EXPECT_FALSE(option.does.empty()) << option.name;
    EXPECT_NE(option.test.find('.'), std::string_view::npos) << option.name;
    if (const auto* duration = std::get_if<DurationBounds>(&option.value)) {
      EXPECT_GE(config.*duration->value, duration->least) << option.name;
      EXPECT_LE(config.*duration->value, duration->most) << option.name;
      EXPECT_EQ(&bounds_of(duration->value), duration) << option.name;
    } else if (const auto* count = std::get_if<CountBounds>(&option.value)) {
      EXPECT_GE(config.*count->value, count->least) << option.name;
      EXPECT_LE(config.*count->value, count->most) << option.name;
      EXPECT_EQ(&bounds_of(count->value), count) << option.name;
    } else {
      EXPECT_FALSE(std::get<std::string_view>(option.value).empty()) << option.name;
    }
  }
}

}  // namespace
}  // namespace kcl::worker
