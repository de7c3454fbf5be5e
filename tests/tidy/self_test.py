#!/usr/bin/env python3
"""A check that cannot fail is a defect: each one must find its bad snippets and leave its good ones alone."""

import re
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True

import tidy
from source import Skipped, Tree, bare

LAYERS = "# comment\nbase Threads::Threads\nwire\n---- a line ----\nstores SQLite::SQLite3\n"
HEAD = "#pragma once\n"
TAB = "\t"


def tree(**files):
    """A project of the files given; a name's `__` stands for "/", one `_` before the suffix for "."."""
    named = {re.sub(r"_(h|cc|md|py|txt)$", r".\1", name.replace("__", "/")): text for name, text in files.items()}
    return Tree({"cmake/layers.txt": LAYERS, **named})


DOCUMENTS = {"README_md": "Run scripts/demo, then scripts/test.\n", "CHANGELOG_md": "# Changes\n"}

# check: (files it must object to, one finding each; files it must accept)
CASES = {
    "layer_order": (
        [
            {"src__base__a_h": '#include "wire/b.h"\n'},
            {"src__wire__a_cc": '  #  include "stores/b.h"\n'},
            {"src__base__a_cc": '#include "a.h"\n'},
            {"src__base__a_cc": '#include "elsewhere/a.h"\n'},
            {"src__extra__a_cc": "int x;\n"},
            {"examples__a_cc": '#include "base/a.h"\n'},
        ],
        [
            {"src__stores__a_cc": '#include "base/b.h"\n#include "stores/a.h"\n#include <kcl/a.h>\n'},
            {"src__base__a_cc": '// #include "wire/b.h"\n/*\n#include "wire/b.h"\n*/\n'},
            {"tests__unit__base__a_cc": '#include "wire/b.h"\n'},
            {"examples__a_cc": "#include <kcl/kcl.h>\n"},
        ],
    ),
    "third_party": (
        [
            {"src__base__a_cc": "#include <sqlite3.h>\n"},
            {"src__wire__a_h": "#include <boost/json/value.hpp>\n"},
            {"src__base__a_cc": "#include <boost/json/value.hpp>\n"},
            {"src__server__a_cc": "#include <boost/beast/http/parser.hpp>\n"},
            {"src__worker__a_cc": "#include <protozero/pbf_reader.hpp>\n"},
            {"src__sinks__a_cc": "#include <spdlog/spdlog.h>\n", "src__sinks__b_cc": "#include <spdlog/logger.h>\n"},
            {"src__worker__a_cc": "#include <spdlog/spdlog.h>\n"},
            {"src__worker__a_cc": "#include <CLI/CLI.hpp>\n"},
            {"src__wire__a_cc": "#include <openssl/evp.h>\n"},
            {"src__wire__a_cc": "#include <curl/curl.h>\n"},
            {"src__base__a_cc": "#include <gtest/gtest.h>\n"},
            {"examples__a_cc": "#include <boost/json.hpp>\n"},
            {"src__base__a_cc": "#include <abseil/strings.h>\n"},
            {"src__base__a_cc": "#include <libdeflate.h>\n"},
        ],
        [
            {"src__stores__a_cc": "#include <sqlite3.h>\n"},
            {"src__wire__a_cc": "#include <boost/json/value.hpp>\n#include <vector>\n#include <sys/socket.h>\n"},
            {"src__sinks__a_cc": "#include <spdlog/spdlog.h>\n#include <spdlog/logger.h>\n"},
            {"apps__kclpp__a_cc": "#include <CLI/CLI.hpp>\n#include <unistd.h>\n"},
            {"src__base__a_cc": "#include <openssl/evp.h>\n#include <kcl/a.h>\n"},
            {"tests__unit__wire__a_cc": "#include <gtest/gtest.h>\n#include <rapidcheck.h>\n"},
            {"src__base__a_cc": "// #include <sqlite3.h>\n"},
        ],
    ),
    "public_headers": (
        [
            {"include__kcl__a_h": '#include "base/a.h"\n'},
            {"include__kcl__a_h": "#include <boost/json.hpp>\n"},
            {"include__kcl__a_h": "#include <unistd.h>\n"},
        ],
        [
            {"include__kcl__a_h": "#include <kcl/b.h>\n#include <string_view>\n"},
            {"src__base__a_h": '#include "base/b.h"\n'},
        ],
    ),
    "banned_calls": (
        [
            {"src__wire__a_cc": "auto t = std::chrono::system_clock::now();\n"},
            {"tests__simulation__a_cc": "auto t = std::chrono::steady_clock::now();\n"},
            {"src__wire__a_cc": "std::random_device chance;\n"},
            {"src__wire__a_cc": "int x = std::rand();\n"},
            {"src__wire__a_cc": "int x = rand();\n"},
            {"tests__unit__wire__a_cc": "std::this_thread::sleep_for(1s);\n"},
            {"src__wire__a_cc": "std::this_thread::sleep_until(then);\n"},
            {"src__wire__a_cc": "usleep(5);\n"},
            {"src__base__a_cc": "std::thread(f).detach();\n"},
            {"src__base__a_cc": "boost::asio::post(f);\n"},
            {"src__base__a_cc": "#include <boost/asio/post.hpp>\n"},
            {"src__base__a_cc": "volatile int x;\n"},
            {"src__base__a_cc": 'std::printf("hello");\n'},
            {"src__base__a_cc": 'puts("hello");\n'},
            {"src__base__a_cc": "std::cout << 1;\n"},
            {"src__base__a_cc": "std::fputs(text, stdout);\n"},
            {"src__base__a_h": "using namespace std;\n"},
        ],
        [
            {"src__base__a_cc": "auto t = steady_clock::now();\nstd::random_device r;\nthis_thread::sleep_for(t);\n"},
            {"src__wire__a_cc": "// system_clock::now(), volatile\nconst char* x = \"std::rand() asio\";\n"},
            {"src__wire__a_cc": 'std::snprintf(p, n, "%d", 1); std::fprintf(stderr, "x"); thread.join();\n'},
            {"src__wire__a_cc": "co_await base::sleep_for(loop, 1s);\n"},
            {"src__wire__a_cc": "int operand(); auto brand = operand(); loop.sleep(1s); random.rand();\n"},
            {"src__wire__a_cc": "using namespace std::chrono_literals;\n"},
            {"src__wire__a_cc": "char quote = '\"'; int million = 1'000'000; // volatile\n"},
            {"apps__kclpp__a_cc": "std::cout << 1;\n"},
            {"bench__a_cc": "auto t = steady_clock::now();\n"},
        ],
    ),
    "marks": (
        [{"src__base__a_cc": "// TO" "DO: later\n"}, {"scripts__a": "# FIX" "ME\n"}, {"a_h": "XX" "X\n"}],
        [{"src__base__a_cc": "// method XXXX, TODOS\n"}],
    ),
    "text_form": (
        [
            {"src__base__a_cc": "x" * 121 + "\n"},
            {"src__base__a_cc": f"{TAB}int x;\n"},
            {"src__base__a_cc": "int x;\r\n"},
            {"src__base__a_cc": "int x; \n"},
            {"src__base__a_cc": "int x;"},
            {"src__base__a_h": "int x;\n"},
            {"src__base__a_h": "// #pragma once\n"},
            {"scripts__a": "echo \n"},
        ],
        [
            {"src__base__a_cc": "x" * 120 + "\n"},
            {"src__base__a_h": f"// Contract.\n{HEAD}int x;\n"},
            {"docs__a_md": "y" * 300 + "  \n"},
        ],
    ),
    "co_await_temporaries": (
        [
            {"a_cc": "co_await put(Request{.table = s});\n"},
            {"a_cc": "co_await put_ref({.table = s});\n"},
            {"a_cc": "auto x = co_await put(\n    Request{\n        .table = s,\n    });\n"},
            {"a_cc": "co_return two(Request{.a = s}, co_await x);\n"},
            {"a_cc": "co_return two(co_await x, Request{.a = s});\n"},
            {"a_cc": 'co_await all({"a", "b"});\n'},
            {"a_cc": 'co_await all(std::vector<std::string>{\n  "a", "b"});\n'},
            {"a_cc": "co_await call([s] { return s; });\n"},
            {"a_cc": "co_await call([=](int x) { return x + s; });\n"},
            {"a_cc": "co_await call([this] { return s_; });\n"},
            {"a_cc": "co_await call([&, s = std::move(s)]() mutable { return s; });\n"},
            {"a_cc": "if (co_await put({.a = s})) {\n  f();\n}\n"},
            {"a_cc": "if (x) {\n  f();\n} else {\n  co_await put({.a = s});\n}\n"},
            {"a_cc": "co_await with([&] { f(); }, Request{.a = s});\n"},
            {"a_cc": "use([&] { f(); }, Request{.a = s}, co_await x);\n"},
            {"a_cc": "EXPECT_EQ(co_await get({.a = s}), 1);\n"},
            {"a_h": "Task<int> f() {\n  // why\n  const auto r = co_await put({.a = s});\n  co_return r;\n}\n"},
        ],
        [
            {"a_cc": "auto request = Request{.table = s};\nco_await put(std::move(request));\n"},
            {"a_cc": "co_await put(Request(s));\nauto next = Request{.a = s};\n"},
            {"a_cc": "// co_await put({.a = s});\n/* co_await put({.a = s}); */\nint x;\n"},
            {"a_cc": 'log("co_await put({.a = s});");\n'},
            {"a_cc": "co_await call([&] { return f(); });\n"},
            {"a_cc": "co_await call([&a, &b] { return a; });\n"},
            {"a_cc": "co_await call([] { return 1; });\n"},
            {"a_cc": "co_await call(values[i](x), table[this_row]);\n"},
            {"a_cc": 'co_await say(std::string("a"));\n'},
            {"a_cc": "co_await call([&] {\n  auto r = Request{.a = s};\n  f(r);\n});\n"},
            {"a_cc": "auto task = [s]() -> Task<int> {\n  co_return co_await f(s);\n};\n"},
            {"a_cc": "Task<int> f() {\n  co_return co_await x;\n}\nauto r = Request{.a = s};\n"},
            {"a_cc": "Task<int> f() {\n  if (co_await x) {\n    r = Request{.a = s};\n  }\n  co_return 1;\n}\n"},
            {"a_cc": 'for (auto name : {"a", "b"}) {\n  co_await f(name);\n}\n'},
            {"a_cc": "Request r{.a = s};\n#define X(a) {\nco_await f(r);\n"},
            {"a_cc": "Base() {}\nTask<int> f() {\n  [[maybe_unused]] auto x = co_await y;\n}\n"},
        ],
    ),
    "file_length": (
        [{"src__base__a_cc": "\n" * 501}],
        [{"src__base__a_cc": "\n" * 500}, {"docs__a_md": "\n" * 900}],
    ),
    "documents": (
        [
            {"CHANGELOG_md": ""} | {"README_md": "scripts/test\n"},
            {"CHANGELOG_md": "", "README_md": "scripts/test and scripts/demo\n"},
            {"README_md": "scripts/demo\n"},
            {"CHANGELOG_md": ""},
        ],
        [DOCUMENTS, {"CHANGELOG_md": "", "README_md": "scripts/demo\n"}],
    ),
}


def found(check, files):
    return [str(finding) for finding in getattr(tidy, check)(tree(**files))]


class EachCheck(unittest.TestCase):
    def test_objects_to_the_bad_and_accepts_the_good(self):
        for check, (bad, good) in CASES.items():
            for files in bad:
                with self.subTest(check=check, bad=files):
                    self.assertEqual(len(found(check, files)), 1, found(check, files))
            for files in good:
                with self.subTest(check=check, good=files):
                    self.assertEqual(found(check, files), [])

    def test_is_tested(self):
        names = {check.__name__ for check in tidy.CHECKS}
        self.assertEqual(names - set(CASES), {"link_line"})

    def test_gives_its_reason(self):
        for check in tidy.CHECKS:
            self.assertGreater(len(check.__doc__), 40, check.__name__)

    def test_every_ban_and_every_third_party_row_can_fail(self):
        bad = "\n".join(text for files in CASES["banned_calls"][0] for text in files.values())
        for ban in tidy.BANS:
            self.assertRegex(bad, ban.pattern)
        headers = [h for files in sum(CASES["third_party"], []) for t in files.values() for _, _, h in tidy.includes(t)]
        for pattern, _ in tidy.THIRD_PARTY:
            if not pattern.startswith("benchmark"):
                self.assertTrue(any(re.match(pattern, header) for header in headers), pattern)


class Findings(unittest.TestCase):
    def test_name_the_line(self):
        text = '/* one\ntwo */\n#include <vector>\nauto x = R"(\n)";\nvolatile int y;\n'
        self.assertRegex(found("banned_calls", {"src__base__a_cc": text})[0], r"^src/base/a\.cc:6: volatile")

    def test_name_the_line_of_the_co_await(self):
        text = "Task<void> f() {\n  g();\n\n  co_await put(\n      {.a = s});\n}\n"
        self.assertRegex(found("co_await_temporaries", {"a_cc": text})[0], r"^a\.cc:4: ")

    def test_long_files_with_a_reason_are_accepted_until_they_are_short(self):
        tidy.LONG_FILES["src/base/a.cc"] = "a table"
        try:
            self.assertEqual(found("file_length", {"src__base__a_cc": "\n" * 501}), [])
            self.assertEqual(len(found("file_length", {"src__base__a_cc": "\n" * 5})), 1)
        finally:
            del tidy.LONG_FILES["src/base/a.cc"]


class Bare(unittest.TestCase):
    def test_keeps_lines_and_drops_comments_and_string_contents(self):
        self.assertEqual(bare('a /* x\ny */ b // c\n"d\\"e" f'), 'a \n b  \n"" f')
        self.assertEqual(bare('R"x(a)"\n)x" b'), '"\n" b')
        self.assertEqual(bare("1'000 + 'a' + '\\'' + 0x1'f"), "1'000 + ' ' + ' ' + 0x1'f")


class LinkLine(unittest.TestCase):
    def test_finds_libraries(self):
        line = " 0x0000000000000001 (NEEDED)             Shared library: [{}]\n"
        section = "".join(line.format(name) for name in ("libcurl.so.4", "libsqlite3.so.0", "libc.so.6"))
        self.assertEqual(tidy.forbidden_libraries(section), ["libcurl.so.4", "libsqlite3.so.0"])
        self.assertEqual(tidy.forbidden_libraries(line.format("libc.so.6")), [])

    def test_finds_symbols(self):
        ours = "0000000000001234 T _Z12sqlite3_fakev\n"
        symbols = "                 U sqlite3_open\n0000000000001234 T curl_easy_init\n" + ours
        self.assertEqual(tidy.forbidden_symbols(symbols), ["curl_easy_init", "sqlite3_open"])
        self.assertEqual(tidy.forbidden_symbols(ours), [])

    def test_skips_loudly_without_a_program(self):
        with self.assertRaises(Skipped):
            list(tidy.link_line(Tree({}, built=Path("no such folder"))))


if __name__ == "__main__":
    unittest.main()
