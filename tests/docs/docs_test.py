"""Documents that cannot drift: what they link to, show and name is there.

usage: docs_test.py KCLPP COMPILER [unittest arguments]
"""
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

from documents import ROOT, anchors, blocks, commands, documents, files, links, read, rows, spans

KCLPP = ""
COMPILER = ""
PROMISES = [f"C{number}" for number in range(1, 15)]


@functools.cache
def help_of(command):
    shown = subprocess.run([KCLPP, *command.split(), "--help"], capture_output=True, text=True, timeout=60, check=False)
    return shown.stdout if shown.returncode == 0 else None


@functools.cache
def known_tests():
    names = set()
    for path in files("tests", "_test.cc"):
        found = re.findall(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", read(path), re.MULTILINE)
        names |= {f"{suite}.{name}" for suite, name in found}
    return names


def known_metrics():
    code = "".join(read(path) for path in files("src", ".cc"))
    return set(re.findall(r'"(kclpp_\w+)"', code))


class Links(unittest.TestCase):
    def test_each_leads_to_a_file_and_a_heading_that_are_there(self):
        bad = []
        for path in documents():
            for target in links(path):
                file, _, anchor = target.partition("#")
                place = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
                there = os.path.exists(os.path.join(ROOT, place))
                if not there or (anchor and place.endswith(".md") and anchor not in anchors(place)):
                    bad.append(f"{path}: {target}")
        self.assertEqual(bad, [])

    def test_the_readme_leads_to_every_document_for_users(self):
        named = {os.path.normpath(target.partition("#")[0]) for target in links("README.md")}
        missing = [path for path in files("docs", ".md") if path.count("/") == 1 and path not in named]
        self.assertEqual(missing, [])


class Code(unittest.TestCase):
    def test_whole_programs_compile(self):
        """All at once, since the headers are what takes time: each program becomes a namespace."""
        includes, programs = [], []
        for path in documents():
            for block in blocks(path):
                if block.language != "cpp" or "int main(" not in block.text:
                    continue
                lines = block.text.splitlines()
                includes += [line for line in lines if line.startswith("#include")]
                body = ["" if line.startswith("#include") else line for line in lines]
                programs += [f"namespace program_{len(programs)} {{", f'#line {block.line} "{path}"', *body, "}"]
        self.assertGreater(len(includes), 0)
        source = "\n".join([*dict.fromkeys(includes), *programs, ""])
        flags = ["-std=c++20", "-Wall", "-Wextra", "-Werror", "-Wno-main", "-Wno-missing-field-initializers"]
        command = [COMPILER, *flags, "-fsyntax-only", "-I", os.path.join(ROOT, "include"), "-x", "c++", "-"]
        made = subprocess.run(command, input=source, capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual((made.returncode, made.stderr[:4000]), (0, ""))

    def test_flags_of_kclpp_exist(self):
        bad, seen = [], 0
        for path in documents():
            if path == "CHANGELOG.md":
                continue  # it also tells of what was
            texts = [block.text for block in blocks(path) if block.language in ("", "sh")] + spans(path)
            for command in [command for text in texts for command in commands(text)]:
                shown = help_of(command.name)
                if shown is None:
                    bad.append(f"{path}: kclpp {command.name} is no command")
                    continue
                seen += len(command.flags)
                bad += [f"{path}: kclpp {command.name} has no {flag}" for flag in command.flags
                        if not re.search(re.escape(flag) + r"\b(?!-)", shown)]
        self.assertEqual(bad, [])
        self.assertGreater(seen, 50)

    def test_flags_in_manifests_exist(self):
        for path in files("docs/kubernetes", ".yaml"):
            for flag in re.findall(r"^ *- (--[a-z-]+)", read(path), re.MULTILINE):
                with self.subTest(path):
                    self.assertRegex(help_of("consume"), re.escape(flag) + r"\b(?!-)")


class Names(unittest.TestCase):
    def test_tests_that_are_named_are_there(self):
        suites = {name.partition(".")[0] for name in known_tests()}
        bad = [f"{path}: {name}" for path in documents() for name in spans(path)
               if re.fullmatch(r"[A-Z]\w+\.[A-Z]\w+", name) and name.partition(".")[0] in suites
               and name not in known_tests()]
        self.assertEqual(bad, [])

    def test_files_that_are_named_are_there(self):
        top = "|".join(name for name in os.listdir(ROOT) if name != "build")
        bad = [f"{path}: {name}" for path in documents() if path != "CHANGELOG.md" for name in spans(path)
               if re.fullmatch(rf"(?:{top})/[\w./-]+", name) and not os.path.exists(os.path.join(ROOT, name))]
        self.assertEqual(bad, [])

    def test_metrics_that_are_named_are_there(self):
        known = known_metrics()
        bad = []
        for path in [*files("docs", ".md", ".yaml"), "README.md"]:
            pattern = r"\bkclpp_(?:\w+_(?:total|seconds|bytes)|fleet_\w+|shards?_\w+|leases_\w+)\b"
            named = re.findall(pattern, read(path))
            bad += [f"{path}: {name}" for name in named if name not in known]
        self.assertEqual(bad, [])

    def test_log_events_that_are_named_are_there(self):
        code = "".join(read(path) for path in files("src", ".cc") + files("apps", ".cc"))
        named = [(path, name) for path in documents() for name in re.findall(r"log events? `(\w+)`", read(path))]
        self.assertGreater(len(named), 5)
        self.assertEqual([pair for pair in named if f'"{pair[1]}"' not in code], [])

    def test_options_that_the_guides_name_are_there(self):
        config = read("include/kcl/worker_config.h")
        for path in ("docs/migrating-from-java-kcl.md", "docs/migrating-from-vmware-go.md"):
            named = [name for row in rows(path, "Options") for name in re.findall(r"`([a-z_]+)`", row[1])]
            self.assertGreater(len(named), 10)
            self.assertEqual([name for name in named if not re.search(rf"\b{name}(?: =|;|{{)", config)], [], path)

    def test_every_option_of_a_worker_is_documented_and_names_a_test(self):
        config = read("include/kcl/worker_config.h").split("\nstruct WorkerConfig {")[1]
        fields = re.findall(r"^  [A-Za-z][^()=;{]*?\b([a-z_]+)(?: = [^;]+|\{[^;]*\})?;", config, re.MULTILINE)
        self.assertGreater(len(fields), 50)
        table = rows("docs/options.md", "The table")
        self.assertEqual([row[0].strip("`") for row in table], fields)
        self.assertEqual([row[0] for row in table if row[7].strip("`") not in known_tests()], [], "no such test")

    def test_what_vmware_go_kcl_calls_an_option_is_the_same_in_the_guide(self):
        guide = rows("docs/migrating-from-vmware-go.md", "Options")
        for row in rows("docs/options.md", "The table"):
            theirs = row[6].strip("`")
            beside = [ours for names, ours, _ in guide if theirs and f"`{theirs}`" in names]
            if theirs:
                self.assertEqual(len(beside), 1, theirs)
                self.assertIn(row[0].strip("`"), re.findall(r"\w+", beside[0]), theirs)

    def test_every_promise_is_explained_and_says_how_it_is_proven(self):
        text = read("docs/guarantees.md")
        sections = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
        self.assertEqual([section.partition(":")[0] for section in sections], PROMISES)
        self.assertEqual([section[:20] for section in sections if "**Proof**" not in section], [])


class Grafana(unittest.TestCase):
    def setUp(self):
        self.board = json.loads(read("docs/grafana/kclpp.json"))
        self.panels = self.board["panels"]
        self.targets = [target for panel in self.panels for target in panel["targets"]]

    def test_every_metric_is_there_and_histograms_are_asked_as_such(self):
        known = known_metrics()
        texts = [target["expr"] for target in self.targets]
        texts += [variable["query"]["query"] for variable in self.board["templating"]["list"][1:]]
        named = {name for text in texts for name in re.findall(r"\bkclpp_\w+", text)}
        self.assertGreater(len(named), 20)
        self.assertEqual({re.sub(r"_bucket$", "", name) for name in named} - known, set())
        code = "".join(read(path) for path in files("src", ".cc"))
        histograms = set(re.findall(r'histogram\(\s*"(\w+)"', code))
        wrong = {name for name in named if (name.removesuffix("_bucket") in histograms) != name.endswith("_bucket")}
        self.assertEqual(wrong, set())

    def test_values_of_labels_are_those_of_the_code(self):
        code = "".join(read(path) for path in files("src/worker", ".cc"))
        for target in self.targets:
            for _, value in re.findall(r'(\w+)="([^"]+)"', target["expr"]):
                self.assertIn(f'"{value}"', code, target["expr"])

    def test_expressions_are_promql(self):
        if not shutil.which("promtool"):
            self.skipTest("promtool (Debian: prometheus) was not found")
        rules = "groups:\n- name: board\n  rules:\n"
        for number, target in enumerate(self.targets):
            expr = target["expr"].replace("$__rate_interval", "5m")
            expr = expr.replace("$application", ".*").replace("$stream", ".*")
            rules += f"  - record: board:{number}\n    expr: {json.dumps(expr)}\n"
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(rules)
            file.flush()
            checked = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True,
                                     timeout=60, check=False)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_it_can_be_imported_as_it_is(self):
        kinds = {variable["name"]: variable["type"] for variable in self.board["templating"]["list"]}
        self.assertEqual(kinds, {"datasource": "datasource", "application": "query", "stream": "query"})
        for target in self.targets:
            self.assertEqual(target["datasource"], {"type": "prometheus", "uid": "${datasource}"})
            self.assertIn("$application", target["expr"])
            self.assertIn("$stream", target["expr"])
        ids = [panel["id"] for panel in self.panels]
        self.assertEqual(len(ids), len(set(ids)))
        taken = set()
        for panel in self.panels:
            place = panel["gridPos"]
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                     for y in range(place["y"], place["y"] + place["h"])}
            self.assertFalse(cells & taken, panel["title"])
            self.assertLessEqual(place["x"] + place["w"], 24)
            taken |= cells

    def test_it_shows_what_people_ask_for(self):
        shown = " ".join(target["expr"] for target in self.targets)
        for name in ("kclpp_shard_behind_seconds", "kclpp_records_processed_total", "kclpp_leases_held",
                     "kclpp_leases_taken_total", "kclpp_shards_stalled", "kclpp_callback_failures_total",
                     "kclpp_buffered_bytes", 'operation="subscribe_to_shard"'):
            self.assertIn(name, shown)


if __name__ == "__main__":
    KCLPP, COMPILER = sys.argv[1:3]
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
