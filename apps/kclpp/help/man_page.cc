#include "help/man_page.h"

#include <algorithm>
#include <vector>

namespace kclpp::help {

namespace {

/// A line must not begin with what would be a request, and dashes are those of a keyboard.
std::string roff(std::string_view text) {
  std::string out;
  bool begin = true;
  for (const char c : text) {
    if (begin && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    begin = c == '\n';
  }
  return out;
}

std::string capitals(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return text;
}

/// For NAME, which is one line and begins with the page's name: the first sentence.
std::string brief(const Command& command) {
  std::string text = command.help.substr(0, command.help.find(". "));
  if (text.starts_with(command.name + ": ")) text.erase(0, command.name.size() + 2);
  if (!text.empty() && text.back() == '.') text.pop_back();
  return text;
}

void append_option(const Option& option, std::string& out) {
  out += ".TP\n";
  std::string names;
  for (const std::string& name : option.names) {
    names += (names.empty() ? "" : ", ") + std::string("\\fB") + roff(name) + "\\fR";
  }
  if (!option.value.empty()) names += " \\fI" + roff(option.value) + "\\fR";
  out += names + "\n" + roff(option.help) + ".\n";
  if (!option.range.empty()) out += "Range: " + roff(option.range) + ".\n";
  if (!option.fallback.empty()) out += "Default: " + roff(option.fallback) + ".\n";
  if (!option.environment.empty()) out += "Environment: " + roff(option.environment) + ".\n";
}

/// Under their headings, in the order in which these come.
void append_options(const std::vector<Option>& options, std::string_view heading, std::string& out) {
  std::vector<std::string> groups;
  for (const Option& option : options) {
    if (std::ranges::find(groups, option.group) == groups.end()) groups.push_back(option.group);
  }
  for (const std::string& group : groups) {
    if (groups.size() > 1) out += std::string(heading) + " \"" + roff(group) + "\"\n";
    for (const Option& option : options) {
      if (option.group == group) append_option(option, out);
    }
  }
}

void append_synopsis(const std::string& name, const Command& command, std::string& out) {
  out += "\\fB" + roff(name) + "\\fR";
  if (!command.commands.empty()) out += " \\fICOMMAND\\fR";
  out += " [\\fIOPTION\\fR...]";
  if (!command.arguments.empty()) out += " [\\fI" + roff(command.arguments) + "\\fR...]";
  out += "\n";
}

void append_as_it_is(const std::string& text, std::string& out) { out += ".nf\n" + roff(text) + "\n.fi\n"; }

void append_commands(const Command& program, std::string& out) {
  out += ".SH COMMANDS\n";
  for (const Command& command : program.commands) {
    out += ".TP\n\\fB" + roff(program.name + ' ' + command.name) + "\\fR\n" + roff(command.help) + "\n";
  }
}

void append_verbs(const std::string& name, const Command& command, std::string& out) {
  out += ".SH COMMANDS\n";
  for (const Command& verb : command.commands) {
    out += ".SS \"" + roff(name + ' ' + verb.name) + "\"\n" + roff(verb.help) + ".\n";
    if (!verb.arguments.empty()) {
      out += ".TP\n\\fI" + roff(verb.arguments) + "\\fR\n" + roff(verb.arguments_help) + ".\n";
    }
    for (const Option& option : verb.options) append_option(option, out);
  }
}

void append_see_also(const Command& program, const std::string& own, std::string& out) {
  std::vector<std::string> pages{program.name};
  for (const Command& command : program.commands) pages.push_back(program.name + '-' + command.name);
  std::erase(pages, own);
  out += ".SH \"SEE ALSO\"\n";
  for (const std::string& page : pages) {
    out += "\\fB" + roff(page) + "\\fR(1)" + (page == pages.back() ? "\n" : ",\n");
  }
}

}  // namespace

std::optional<std::string> man_page(const Command& program, std::string_view name, std::string_view version) {
  const auto found = std::ranges::find(program.commands, name, &Command::name);
  if (!name.empty() && found == program.commands.end()) return std::nullopt;
  const bool top = name.empty();
  const Command& command = top ? program : *found;
  const std::string page = top ? program.name : program.name + '-' + command.name;
  const std::string typed = top ? program.name : program.name + ' ' + command.name;

  std::string out = ".TH \"" + roff(capitals(page)) + "\" 1 \"\" \"" + roff(program.name) + ' ' + roff(version) +
                    "\" \"User Commands\"\n";
  out += ".SH NAME\n" + roff(page) + " \\- " + roff(brief(command)) + "\n.SH SYNOPSIS\n";
  append_synopsis(typed, command, out);
  out += ".SH DESCRIPTION\n" + roff(command.help) + "\n.SH OPTIONS\n";
  append_options(command.options, ".SS", out);
  if (top) {
    append_commands(command, out);
  } else if (!command.commands.empty()) {
    append_verbs(typed, command, out);
  }
  if (!command.footer.empty()) {
    out += ".SH NOTES\n";
    append_as_it_is(command.footer, out);
  }
  append_see_also(program, page, out);
  return out;
}

}  // namespace kclpp::help
