"""Completions, man pages and the version, as `kclpp` itself writes them: they say what --help says.

usage: help_files_test.py KCLPP [unittest arguments]
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

KCLPP = ""
COMMANDS = ["consume", "demo", "doctor", "leases", "local", "multilang"]


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)


def kclpp(*arguments):
    done = run(KCLPP, *arguments)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def flags_of(*command):
    shown = kclpp(*command, "--help")
    return set(re.findall(r"^ +(?:-\w, ?)?(--[a-z][a-z-]*)", shown, re.MULTILINE))


def verbs():
    return re.findall(r"^  ([a-z]+) ", kclpp("leases", "--help").partition("Subcommands:")[2], re.MULTILINE)


class HelpFilesTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="kclpp-help-test-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def need(self, program):
        if not shutil.which(program):
            self.skipTest(f"no {program} here")


class Completion(HelpFilesTest):
    def bash(self, *words):
        script = self.write("bash", kclpp("completion", "bash"))
        ask = 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _kclpp; printf "%s\\n" "${COMPREPLY[@]}"'
        done = run("bash", "-c", ask, script, *words, cwd=self.dir)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return set(done.stdout.split())

    def test_bash_offers_commands_and_what_help_tells(self):
        self.assertEqual(self.bash("kclpp", ""), {*COMMANDS, "-h", "--help", "--version"})
        self.assertEqual(self.bash("kclpp", "leases", "re"), {"release", "rewind"})
        self.assertEqual(len(verbs()), 8)
        for command in [[name] for name in COMMANDS if name != "leases"] + [["leases", verb] for verb in verbs()]:
            with self.subTest(command):
                self.assertEqual(self.bash("kclpp", *command, "--"), flags_of(*command) | {"--help"})

    def test_bash_offers_files_where_one_is_taken_and_nothing_for_other_values(self):
        self.write("letters", "")
        self.assertEqual(self.bash("kclpp", "consume", "--dead-letter", "le"), {"letters"})
        self.assertEqual(self.bash("kclpp", "leases", "import", "le"), {"letters"})
        self.assertEqual(self.bash("kclpp", "multilang", "-p", "le"), {"letters"})
        self.assertEqual(self.bash("kclpp", "consume", "--stream", ""), set())

    def test_zsh_can_read_its_own(self):
        self.need("zsh")
        script = self.write("_kclpp", kclpp("completion", "zsh"))
        done = run("zsh", "-n", script)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        load = "autoload -Uz compinit; compinit -u -d $1/dump; source $1/_kclpp; print -r -- $_comps[kclpp]"
        done = run("zsh", "-f", "-c", load, "zsh", self.dir)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "_kclpp\n", ""))

    def test_fish_offers_the_same(self):
        self.need("fish")
        script = self.write("kclpp.fish", kclpp("completion", "fish"))

        def fish(line):
            home = {**os.environ, "HOME": self.dir, "XDG_CONFIG_HOME": self.dir, "XDG_DATA_HOME": self.dir}
            done = run("fish", "--no-config", "-c", f"source {script}; complete -C '{line}'", cwd=self.dir, env=home)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            return {line.split("\t")[0] for line in done.stdout.splitlines()}

        self.assertEqual(fish("kclpp "), set(COMMANDS))
        self.assertEqual(fish("kclpp leases re"), {"release", "rewind"})
        self.assertEqual(fish("kclpp consume --"), flags_of("consume"))
        self.assertEqual(fish("kclpp leases rewind --"), flags_of("leases", "rewind"))

    def test_another_shell_is_refused(self):
        done = run(KCLPP, "completion", "tcsh")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("bash", done.stderr)


class ManPages(HelpFilesTest):
    def test_each_command_has_one_that_tells_its_flags(self):
        self.assertEqual(sorted(re.findall(r"^  ([a-z]+) ", kclpp("--help").partition("Subcommands:")[2],
                                           re.MULTILINE)), COMMANDS)
        for command in COMMANDS:
            page = kclpp("man", command).replace("\\-", "-")
            told = flags_of(command) if command != "leases" else {
                flag for verb in verbs() for flag in flags_of("leases", verb)}
            with self.subTest(command):
                self.assertTrue(page.startswith(f'.TH "KCLPP-{command.upper()}" 1'), page[:80])
                self.assertEqual({flag for flag in told if f"\\fB{flag}\\fR" not in page}, set())

    def test_they_are_good_roff(self):
        self.need("groff")
        for page in [[], *([command] for command in COMMANDS)]:
            done = run("groff", "-man", "-Tutf8", "-ww", "-P-cbou", input=kclpp("man", *page))
            with self.subTest(page):
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertRegex(done.stdout, rf"\nNAME\n +{'-'.join(['kclpp', *page])}\s+-\s+\w")

    def test_there_is_none_of_what_is_no_command(self):
        done = run(KCLPP, "man", "nothing")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("'nothing'", done.stderr)


class Version(HelpFilesTest):
    def test_it_says_what_it_is_and_what_it_runs_on(self):
        lines = kclpp("--version").splitlines()
        self.assertRegex(lines[0], r"^kclpp \d+\.\d+\.\d+$")
        self.assertRegex(lines[-1], r"^libcurl \d+\.\d+\.\d+, OpenSSL \d+\.\d+\.\d+, HTTP/2$")
        for line in lines[1:-1]:
            self.assertRegex(line, r"^commit [0-9a-f]{12}(-dirty)?$")


if __name__ == "__main__":
    KCLPP = sys.argv[1]
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
