#!/usr/bin/env python3
"""Our style as far as a machine can check it. Each check is one function; its docstring gives the reason.

  tidy.py [CHECK...]      run the checks named, or all; prints path:line: message, exit code 1 when something is found
  tidy.py --list          name the checks

ctest runs each as Tidy.<check>; self_test.py proves that each can fail.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

sys.dont_write_bytecode = True

import co_await
from source import CODE, Finding, Skipped, Tree, bare, line_of

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = 120
LINES = 500

# Files that may be longer than LINES, each with the reason why it is one concept.
LONG_FILES = {}

# Headers of other projects: pattern of the include, the files that may have it. A header that is in no row is a
# finding: a new dependency is a decision, and this table is where it shows.
THIRD_PARTY = [
    (r"sqlite3\.h$", r"(src|tests/unit)/stores/"),
    (r"boost/beast/", r"src/server/request_reader\.cc$"),
    (r"boost/json", r"(src|tests/unit)/wire/([^/]*\.cc|item_json_value\.h)$"),
    (r"protozero/", r"src/wire/aggregate\.cc$"),
    (r"(spdlog|fmt)/", r"src/sinks/"),
    (r"CLI/", r"apps/kclpp/"),
    (r"openssl/", r"(src|tests/unit)/base/|tests/unit/http/scripted_server\.cc$"),
    (r"curl/", r"src/http/|bench/consuming\.cc"),  # what a bare libcurl loop costs is the measure there
    (r"libdeflate\.h$", r"src/base/(crc32|gzip)\.cc$|tests/unit/base/gunzip\.h$"),
    (r"(gtest|gmock|rapidcheck)(/|\.h$)", r"tests/"),
    (r"benchmark/", r"bench/"),
]
POSIX = (
    r"(sys|netinet|arpa|net|linux)/[\w/]+\.h$"
    r"|(unistd|fcntl|poll|signal|spawn|pthread|netdb|termios|dirent|errno|time|dlfcn|sched|ifaddrs)\.h$"
)
STANDARD = r"[a-z_0-9]+$"

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)


def includes(text):
    """(line, quoted or not, header) of each #include that is not commented out."""
    lines = text.splitlines()
    for number, code in enumerate(bare(text).splitlines(), 1):
        if re.match(r"[ \t]*#[ \t]*include\b", code):
            match = _INCLUDE.match(lines[number - 1])
            if match:
                yield number, match[1] == '"', match[2]


def layers(tree):
    text = tree.files.get("cmake/layers.txt", "")
    return [line.split()[0] for line in text.splitlines() if line and not line.startswith(("#", "----"))]


def layer_order(tree):
    """A layer that includes only layers before its own can be read, tested and linked without those after it."""
    order = layers(tree)
    folders = {f.split("/")[1] for f in tree.folders if f.startswith("src/")}
    for folder in sorted(folders - set(order)):
        yield Finding(f"src/{folder}", 1, "this folder is no layer: list it in cmake/layers.txt")
    for path, text in tree.code("src"):
        own = path.split("/")[1]
        for line, quoted, header in includes(text):
            if not quoted or own not in order:
                continue
            other = header.split("/")[0]
            if "/" not in header or other not in order:
                yield Finding(path, line, f'"{header}" names no layer: write the path from src/, as "layer/name.h"')
            elif order.index(other) > order.index(own):
                yield Finding(path, line, f'"{header}": layer {other} comes after {own} in cmake/layers.txt')
    for path, text in tree.code("examples"):
        for line, quoted, header in includes(text):
            if quoted and header.split("/")[0] in order:
                yield Finding(path, line, f'"{header}": examples show what users have: only <kcl/...>')


def third_party(tree):
    """Each library we depend on is visible in one place only, so that it can be replaced and costs build time once."""
    spdlog_files = []
    for path, text in tree.code("include", "src", "apps", "tests", "bench", "examples"):
        for line, quoted, header in includes(text):
            if quoted or header.startswith("kcl/") or re.match(STANDARD, header) or re.match(POSIX, header):
                continue
            row = next((places for pattern, places in THIRD_PARTY if re.match(pattern, header)), None)
            if row is None:
                yield Finding(path, line, f"<{header}> is no known dependency: decide, then add a row in tests/tidy")
            elif not re.match(row, path):
                yield Finding(path, line, f"<{header}> is allowed only in {row}")
            elif header.startswith("spdlog/") and path not in spdlog_files:
                spdlog_files.append(path)
                if len(spdlog_files) > 1:
                    yield Finding(path, line, f"spdlog is included in one file only, and {spdlog_files[0]} has it")


def public_headers(tree):
    """Users compile include/kcl with nothing but the standard library: what we use inside must not become theirs."""
    for path, text in tree.code("include"):
        for line, quoted, header in includes(text):
            if quoted or not (header.startswith("kcl/") or re.match(STANDARD, header)):
                yield Finding(path, line, f"{header}: public headers include only <kcl/...> and the standard library")


class Ban(NamedTuple):
    pattern: str
    reason: str
    allowed: str = "^$"
    applies: str = ""


TIME_AND_CHANCE = r"src/base/|bench/|tests/unit/base/|tests/integration/"
BANS = [
    Ban(r"\b(system|steady|high_resolution)_clock::now\b|\bclock_gettime\b|\bgettimeofday\b",
        "time is injected (base::Loop): the simulation runs this code in virtual time", TIME_AND_CHANCE),
    Ban(r"\brandom_device\b|\bstd::s?rand\b|(?<![\w:.>])s?rand\s*\(",
        "chance is injected (base::Random): a seed must give the same run again", TIME_AND_CHANCE),
    Ban(r"\bthis_thread::sleep_(for|until)\b|(?<![\w:.>])(u|nano)?sleep\s*\(",
        "a sleeping thread obeys no clock of ours: await a timer of the loop", TIME_AND_CHANCE),
    Ban(r"(\.|->)\s*detach\s*\(", "a detached thread outlives what it uses: join it"),
    Ban(r"\basio\b", "asio's timers do not obey a hand-advanced clock: use base::Loop"),
    Ban(r"\bvolatile\b", "it orders nothing between threads: use std::atomic"),
    Ban(r"\bstd::cout\b|\bstdout\b|(?<![\w:.>])(std::)?(printf|puts|putchar)\s*\(",
        "stdout belongs to the program: the library writes to the injected log sink", applies=r"(src|include)/"),
    Ban(r"\busing\s+namespace\b", "in a header it reaches every file that includes it", applies=r".*\.h$"),
]


def banned_calls(tree):
    """Time, chance and output come from outside, so that a run can be repeated; some tools have no good use here."""
    for path, text in tree.code("include", "src", "apps", "tests", "bench", "examples"):
        code = bare(text)
        for ban in BANS:
            if re.match(ban.applies, path) and not re.match(ban.allowed, path):
                for match in re.finditer(ban.pattern, code):
                    yield Finding(path, line_of(code, match.start()), f"{match.group().strip()}: {ban.reason}")


def marks(tree):
    """A mark in the code is work nobody tracks: finish it, or write an issue."""
    pattern = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
    for path, text in [*tree.code(), *tree.scripts()]:
        for number, line in enumerate(text.splitlines(), 1):
            match = pattern.search(line)
            if match:
                yield Finding(path, number, f"{match.group()}: finish it or write an issue")


def text_form(tree):
    """Lines fit side by side in a review, and a diff shows no change that nobody sees."""
    for path, text in [*tree.code(), *tree.scripts()]:
        for number, line in enumerate(text.split("\n"), 1):
            if len(line) > COLUMNS:
                yield Finding(path, number, f"{len(line)} columns, more than {COLUMNS}")
            if "\t" in line or "\r" in line:
                yield Finding(path, number, "a tab or carriage return")
            if line.endswith(" "):
                yield Finding(path, number, "trailing blanks")
        if text and not text.endswith("\n"):
            yield Finding(path, text.count("\n") + 1, "no newline at the end of the file")
        if path.endswith(".h") and not re.search(r"^#pragma once$", text, re.MULTILINE):
            yield Finding(path, 1, "no #pragma once")


def co_await_temporaries(tree):
    """g++ 12.2 destroys certain temporaries in a full-expression with co_await twice: a crash that no warning shows."""
    for path, text in tree.code():
        code = bare(text)
        for offset, what in co_await.hazards(code):
            yield Finding(path, line_of(code, offset), f"beside co_await, {what}: build it on its own line and move it")


def file_length(tree):
    """A long file usually holds two concepts; where it does not, LONG_FILES says why."""
    for path, text in [*tree.code(), *tree.scripts()]:
        lines = text.count("\n")
        if lines > LINES and path not in LONG_FILES:
            yield Finding(path, lines, f"{lines} lines, more than {LINES}: which second concept is in it?")
    for path in LONG_FILES:
        if tree.files.get(path, "").count("\n") <= LINES:
            yield Finding(path, 1, "is in LONG_FILES, but is not long: take it out there")


def documents(tree):
    """A newcomer reads README first and tries the demo before the tests; users look for changes in CHANGELOG."""
    for name in ("README.md", "CHANGELOG.md"):
        if name not in tree.files:
            yield Finding(name, 1, "does not exist")
    if "README.md" in tree.files:
        text = tree.files["README.md"]
        demo, test = text.find("scripts/demo"), text.find("scripts/test")
        if demo < 0 or (0 <= test < demo):
            yield Finding("README.md", 1, "name scripts/demo, and before scripts/test")


def forbidden_libraries(dynamic_section):
    """Names of shared libraries in the output of `readelf -d` that the simulation must not need."""
    return re.findall(r"\(NEEDED\).*\[(lib(?:curl|sqlite3)[^\]]*)\]", dynamic_section)


def forbidden_symbols(symbols):
    """Names in the output of `nm` that belong to libcurl or SQLite."""
    return sorted(set(re.findall(r"\b[A-Za-z] ((?:curl|sqlite3)_\w+)", symbols)))


def link_line(tree):
    """The simulation runs the layers above the line in cmake/layers.txt: libcurl or SQLite in it would be a leak."""
    program = (tree.built or ROOT / "build/dev") / "tests/simulation/simulation_test"
    if not program.exists():
        raise Skipped(f"{program} is not built: nothing was checked")

    def run(*command):
        return subprocess.run([*command, str(program)], check=True, capture_output=True, text=True).stdout

    for library in forbidden_libraries(run("readelf", "-d")):
        yield Finding("tests/simulation/simulation_test", 1, f"needs {library}")
    for symbol in forbidden_symbols(run("nm")):
        yield Finding("tests/simulation/simulation_test", 1, f"has the symbol {symbol}")


CHECKS = [
    layer_order,
    third_party,
    public_headers,
    banned_calls,
    marks,
    text_form,
    co_await_temporaries,
    file_length,
    documents,
    link_line,
]


def main():
    by_name = {check.__name__: check for check in CHECKS}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checks", nargs="*", metavar="CHECK", help="default: all")
    parser.add_argument("--list", action="store_true", help="name the checks")
    parser.add_argument("--root", type=Path, default=ROOT, help="the project (default: the one this file is in)")
    parser.add_argument("--built", type=Path, help="the build folder whose programs link_line reads (build/dev)")
    options = parser.parse_args()
    unknown = [name for name in options.checks if name not in by_name]
    if unknown:
        parser.error(f"no check named {', '.join(unknown)}; there are {', '.join(by_name)}")
    if options.list:
        print("\n".join(by_name))
        return 0

    tree = Tree.read(options.root, options.built)
    if not any(path.endswith(CODE) for path in tree.files):
        parser.error(f"{options.root} holds no C++ files")
    found, skipped = 0, 0
    for name in options.checks or by_name:
        try:
            for finding in by_name[name](tree):
                print(f"{finding} [{name}]")
                found += 1
        except Skipped as reason:
            print(f"SKIPPED {name}: {reason}")
            skipped += 1
    if found:
        print(f"{found} found")
        return 1
    return 77 if skipped and skipped == len(options.checks) else 0


if __name__ == "__main__":
    sys.exit(main())
