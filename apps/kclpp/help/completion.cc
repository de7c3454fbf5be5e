#include "help/completion.h"

#include <algorithm>

namespace kclpp::help {

namespace {

/// In single quotes, for any of the shells.
std::string quoted(std::string_view text, std::string_view quote_inside) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += quote_inside;
    } else {
      out += c == '\n' ? ' ' : c;
    }
  }
  return out + "'";
}

/// What one sees beside a name: the first sentence, or as much of it as fits beside others.
std::string brief(const std::string& help) {
  constexpr std::size_t kLongest = 90;
  std::string text = help.substr(0, std::min(help.find(". "), help.find("; ")));
  if (!text.empty() && text.back() == '.') text.pop_back();
  if (text.size() <= kLongest) return text;
  return text.substr(0, text.rfind(' ', kLongest)) + " ...";
}

template <class Has>
std::string names_of(const std::vector<Option>& options, Has has) {
  std::string names;
  for (const Option& option : options) {
    if (!has(option)) continue;
    for (const std::string& name : option.names) names += (names.empty() ? "" : " ") + name;
  }
  return names;
}

std::string in_pattern(std::string names) {
  std::ranges::replace(names, ' ', '|');
  return names;
}

// bash: what may come next depends on the command, which is the first word or the first two.

void bash_case(const Command& command, const std::string& path, std::string& out) {
  std::string words = names_of(command.options, [](const Option&) { return true; });
  for (const Command& below : command.commands) words += " " + below.name;
  const std::string files = names_of(command.options, [](const Option& o) { return o.takes_file(); });
  const std::string values = names_of(command.options, [](const Option& o) { return !o.value.empty(); });
  out += "    '" + path + "')\n      words=" + quoted(words, "'\\''") + "\n";
  if (!files.empty()) out += "      case $previous in " + in_pattern(files) + ") words=FILE ;; esac\n";
  if (!values.empty()) {
    out += "      case $words:$previous in FILE:*) ;; *:" + in_pattern(values) + ") return ;; esac\n";
  }
  if (command.arguments == "FILE") out += "      [[ $current == -* ]] || words=FILE\n";
  out += "      ;;\n";
  for (const Command& below : command.commands) {
    bash_case(below, path.empty() ? below.name : path + ' ' + below.name, out);
  }
}

std::string in_pattern_of(const std::vector<Command>& commands) {
  std::string names;
  for (const Command& command : commands) {
    if (!command.commands.empty()) names += (names.empty() ? "" : "|") + command.name;
  }
  return names;
}

std::string bash(const Command& program) {
  std::string out =
      "# bash completion for " + program.name + ", made by `" + program.name +
      " completion bash`\n_kclpp() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} path='' words=''\n"
      "  ((COMP_CWORD < 2)) || path=${COMP_WORDS[1]}\n"
      "  case $path in\n    " +
      in_pattern_of(program.commands) +
      ") ((COMP_CWORD < 3)) || path+=\" ${COMP_WORDS[2]}\" ;;\n  esac\n"
      "  COMPREPLY=()\n  case $path in\n";
  bash_case(program, "", out);
  out +=
      "  esac\n"
      "  if [[ $words == FILE ]]; then\n"
      "    compopt -o filenames 2>/dev/null\n"
      "    mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
      "  else\n"
      "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
      "  fi\n}\ncomplete -F _kclpp " +
      program.name + "\n";
  return out;
}

// zsh: _arguments knows most of it.

std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

void zsh_arguments(const Command& command, const std::string& indent, std::string& out) {
  out += indent + "_arguments";
  for (const Option& option : command.options) {
    for (const std::string& name : option.names) {
      std::string spec = name + '[' + zsh_text(brief(option.help)) + ']';
      if (!option.value.empty()) spec += ':' + zsh_text(option.value) + ':' + (option.takes_file() ? "_files" : "");
      out += " \\\n" + indent + "  " + quoted(spec, "'\\''");
    }
  }
  if (!command.arguments.empty()) {
    const bool file = command.arguments == "FILE";
    out += " \\\n" + indent + "  " + quoted("*:" + zsh_text(command.arguments) + ':' + (file ? "_files" : ""), "'\\''");
  }
  out += "\n";
}

/// Chooses by the word at `$words[2]`, which is the command once those above are shifted away.
void zsh_command(const Command& command, const std::string& indent, std::string& out) {
  if (command.commands.empty()) return zsh_arguments(command, indent, out);
  out += indent + "if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then\n" + indent + "  commands=(\n";
  for (const Command& below : command.commands) {
    out += indent + "    " + quoted(below.name + ':' + zsh_text(brief(below.help)), "'\\''") + "\n";
  }
  out += indent + "  )\n" + indent + "  _describe command commands\n" + indent + "  return\n" + indent + "fi\n";
  out += indent + "case $words[2] in\n";
  for (const Command& below : command.commands) {
    out += indent + "  " + below.name + ") shift words && ((CURRENT--))\n";
    zsh_command(below, indent + "    ", out);
    out += indent + "    ;;\n";
  }
  out += indent + "  *)\n";
  Command alone = command;
  alone.commands.clear();
  zsh_arguments(alone, indent + "    ", out);
  out += indent + "    ;;\n" + indent + "esac\n";
}

std::string zsh(const Command& program) {
  std::string out = "#compdef " + program.name + "\n# made by `" + program.name +
                    " completion zsh`\n_kclpp() {\n  local -a commands\n";
  zsh_command(program, "  ", out);
  out += "}\nif [[ $funcstack[1] == _kclpp ]]; then _kclpp \"$@\"; else compdef _kclpp " + program.name + "; fi\n";
  return out;
}

// fish: a line for each thing, with the condition under which it is offered.

void fish_command(const Command& command, const std::string& condition, const std::string& program, std::string& out) {
  constexpr std::string_view kQuote = "\\'";
  const std::string begin = "complete -c " + program + " -n " + quoted(condition, kQuote);
  for (const Option& option : command.options) {
    out += begin;
    for (const std::string& name : option.names) {
      out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    if (!option.value.empty()) out += option.takes_file() ? " -r -F" : " -x";
    out += " -d " + quoted(brief(option.help), kQuote) + "\n";
  }
  if (command.arguments == "FILE") out += begin + " -F\n";
  std::string names;
  for (const Command& below : command.commands) names += ' ' + below.name;
  const bool top = condition == "__fish_use_subcommand";
  const std::string none_yet = top ? condition : condition + "; and not __fish_seen_subcommand_from" + names;
  for (const Command& below : command.commands) {
    out += "complete -c " + program + " -n " + quoted(none_yet, kQuote) + " -a " + below.name + " -d " +
           quoted(brief(below.help), kQuote) + "\n";
  }
  for (const Command& below : command.commands) {
    std::string deeper = top ? "" : condition + "; and ";
    deeper.append("__fish_seen_subcommand_from ").append(below.name);
    fish_command(below, deeper, program, out);
  }
}

std::string fish(const Command& program) {
  std::string out = "# fish completion for " + program.name + ", made by `" + program.name +
                    " completion fish`\ncomplete -c " + program.name + " -f\n";
  fish_command(program, "__fish_use_subcommand", program.name, out);
  return out;
}

}  // namespace

std::optional<std::string> completion(std::string_view shell, const Command& program) {
  if (shell == "bash") return bash(program);
  if (shell == "zsh") return zsh(program);
  if (shell == "fish") return fish(program);
  return std::nullopt;
}

}  // namespace kclpp::help
