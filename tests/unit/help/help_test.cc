#include <gtest/gtest.h>

#include "help/completion.h"
#include "help/man_page.h"
#include "help/multilang_usage.h"
#include "help/unknown_word.h"

namespace kclpp::help {
namespace {

Command program() {
  Command read{.name = "read",
               .help = "Reads what's there: [all] of it. And more.",
               .options = {{.names = {"-f", "--from"}, .value = "WHERE", .group = "What", .help = "A \\ and a 'quote'"},
                           {.names = {"--log"}, .value = "FILE", .group = "How", .help = ".Begins with a dot"},
                           {.names = {"--all"}, .group = "What", .help = "All", .environment = "KCLPP_ALL"}},
               .footer = "Example:\n  tool read"};
  Command list{.name = "list", .help = "All of them"};
  Command table{.name = "table", .help = "A table", .commands = {std::move(list)}};
  return {.name = "tool", .help = "A tool.", .commands = {std::move(read), std::move(table)}};
}

bool has(const std::optional<std::string>& text, std::string_view part) {
  return text && text->find(part) != std::string::npos;
}

TEST(UnknownWord, ATypoIsTold) {
  const Command read = program().commands[0];
  const auto said = [](const Command& command, std::vector<std::string> words) { return unknown_word(command, words); };
  EXPECT_EQ(said(read, {"--form", "here"}), "there is no flag --form; did you mean --from?");
  EXPECT_EQ(said(read, {"--lgo=x"}), "there is no flag --lgo; did you mean --log?");
  EXPECT_EQ(said(read, {"--nothing-like-it"}), "there is no flag --nothing-like-it");
  EXPECT_EQ(said(read, {"--from=x", "--log", "y", "-f", "z"}), "");
}

TEST(UnknownWord, AVerbIsOneOfTheCommands) {
  const Command table = program().commands[1];
  const auto said = [&](std::vector<std::string> words) { return unknown_word(table, words); };
  EXPECT_EQ(said({"lst"}), "there is no 'lst'; there are list");
  EXPECT_EQ(said({"list", "--all"}), "there is no flag --all");
  EXPECT_EQ(said({}), "");
}

TEST(Completion, IsOfKnownShellsOnly) {
  for (const auto shell : kShells) EXPECT_TRUE(completion(shell, program())) << shell;
  EXPECT_FALSE(completion("tcsh", program()));
}

TEST(Completion, QuotesWhatTheShellWouldRead) {
  EXPECT_TRUE(has(completion("fish", program()), R"(-d 'A \ and a \'quote\'')"));
  EXPECT_TRUE(has(completion("zsh", program()), R"('--from[A \\ and a '\''quote'\'']:WHERE:')"));
  EXPECT_TRUE(has(completion("zsh", program()), R"('read:Reads what'\''s there\: \[all\] of it')"));
}

TEST(Completion, ADeeperCommandHasItsOwnWords) {
  EXPECT_TRUE(has(completion("bash", program()), "'table list')"));
  EXPECT_TRUE(has(completion("fish", program()),
                  "-n '__fish_seen_subcommand_from table; and not __fish_seen_subcommand_from list' -a list"));
}

TEST(ManPage, KeepsTheGroupsTogether) {
  const auto page = man_page(program(), "read", "1.2");
  ASSERT_TRUE(page);
  const auto what = page->find(".SS \"What\"");
  const auto all = page->find("\\fB\\-\\-all\\fR");
  const auto how = page->find(".SS \"How\"");
  EXPECT_LT(what, all);
  EXPECT_LT(all, how);
}

TEST(ManPage, NoLineOfAHelpIsTakenForARequest) {
  EXPECT_TRUE(has(man_page(program(), "read", "1.2"), "\n\\&.Begins with a dot"));
  EXPECT_TRUE(has(man_page(program(), "read", "1.2"), "A \\e and a"));
}

TEST(ManPage, NamesTheOthers) {
  EXPECT_TRUE(has(man_page(program(), "table", "1.2"), "\\fBtool\\fR(1),\n\\fBtool\\-read\\fR(1)\n"));
  EXPECT_FALSE(man_page(program(), "nothing", "1.2"));
}

TEST(MultilangUsage, HelpAndCommandTellTheSameFlags) {
  const Command command = multilang_command("The daemon");
  EXPECT_EQ(command.options.size(), 6U);
  for (const Option& option : command.options) {
    if (option.names.back() == "--help") continue;
    EXPECT_TRUE(has(multilang_usage(), option.names.back() + ' ' + option.value)) << option.names.back();
  }
}

}  // namespace
}  // namespace kclpp::help
