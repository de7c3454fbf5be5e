"""`kclpp consume` before it reaches a server: usage, environment, exit codes. Each test runs the real program.

usage: consume_test.py KCLPP [unittest arguments]
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

KCLPP = ""


class ConsumeTest(unittest.TestCase):
    def run_kclpp(self, *arguments, env=None, **options):
        """Nothing of the caller's environment or files reaches it: a test must not find anyone's account."""
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **(env or {})}
        done = subprocess.run([KCLPP, *arguments], env=environment, text=True, stdin=subprocess.DEVNULL,
                              stdout=options.pop("stdout", subprocess.PIPE), stderr=subprocess.PIPE, timeout=60,
                              check=False, **options)
        return done.returncode, done.stdout, done.stderr

    def refused(self, *arguments, says, code=2, **options):
        """It ends with this code and one line for each problem, of which one holds every text of `says`."""
        got, out, err = self.run_kclpp("consume", *arguments, **options)
        self.assertEqual(got, code, err)
        self.assertFalse(out, out)
        lines = [line for line in err.splitlines() if not line.startswith("Try ")]
        for line in lines:
            self.assertTrue(line.startswith("kclpp consume: "), line)
        self.assertTrue(any(all(text in line for text in says) for line in lines), err)
        if code == 2:
            self.assertIn("Try 'kclpp consume --help'.", err)
        return lines


class Usage(ConsumeTest):
    def test_help_tells_every_flag_with_its_twin_and_an_example(self):
        code, out, err = self.run_kclpp("consume", "--help")
        self.assertEqual((code, err), (0, ""))
        told = re.findall(r"^  --([a-z-]+).*?\(Env:(KCLPP_[A-Z_]+)\)", out, re.MULTILINE)
        self.assertGreater(len(told), 15, out)
        for flag, twin in told:
            self.assertEqual(twin, "KCLPP_" + flag.upper().replace("-", "_"))
        for text in ("What to read:", "Where records go:", "Sharing and checkpoints:", "AWS:", "Running:", "| jq",
                     "Exit codes: 0", "; 1 failed; 2 "):
            self.assertIn(text, out)

    def test_the_programs_help_names_the_command(self):
        code, out, _ = self.run_kclpp("--help")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"\n +consume ")

    def test_no_stream(self):
        self.assertEqual(len(self.refused(says=["--stream", "missing"])), 1)

    def test_unknown_flag(self):
        self.refused("--stream", "s", "--shards", "3", says=["--shards"])

    def test_something_that_is_no_flag(self):
        self.refused("--stream", "s", "orders", says=["orders"])

    def test_a_flag_without_its_value(self):
        self.refused("--stream", says=["--stream"])

    def test_a_flag_given_twice(self):
        self.refused("--stream", "a", "--stream", "b", says=["--stream"])

    def test_every_problem_at_once(self):
        lines = self.refused("--failover", "x", "--from", "soon", "--format", "xml", says=["--failover", "1 to 600"])
        self.assertEqual(len(lines), 4, lines)

    def test_memory_would_lose_an_applications_checkpoints(self):
        self.refused("--stream", "s", "--application", "billing", "--lease-store", "memory",
                     says=["--lease-store", "lose", "billing"])

    def test_an_empty_application_is_not_no_application(self):
        self.refused("--stream", "s", "--application", "", says=["--application", "empty"])

    def test_a_start_in_the_future(self):
        self.refused("--stream", "s", "--from", "2999-01-01", says=["--from", "2999-01-01", "future"])


class Environment(ConsumeTest):
    def test_twins_stand_for_flags(self):
        lines = self.refused(env={"KCLPP_STREAM": "s", "KCLPP_FAILOVER": "lots", "KCLPP_MAX_RECORDS": "0"},
                             says=["--failover", "lots"])
        self.assertEqual(len(lines), 2, lines)

    def test_a_flag_counts_more_than_its_twin(self):
        lines = self.refused("--stream", "s", "--failover", "3",
                             env={"KCLPP_FAILOVER": "lots", "KCLPP_FORMAT": "xml"}, says=["--format", "xml"])
        self.assertEqual(len(lines), 1, lines)

    def test_twins_of_switches(self):
        for on, problems in (("true", 1), ("1", 1), ("false", 0), ("0", 0)):
            with self.subTest(on=on):
                lines = self.refused("--stream", "s", "--log-level", "loud", env={"KCLPP_TEXT": on,
                                                                                 "KCLPP_FORMAT": "raw"}, says=["loud"])
                self.assertEqual(len(lines), 1 + problems, lines)
        self.refused("--stream", "s", env={"KCLPP_TEXT": "perhaps"}, says=["--text", "perhaps"])

    def test_an_empty_twin_is_none(self):
        self.refused("--log-level", "loud", env={"KCLPP_STREAM": "s", "KCLPP_APPLICATION": ""}, says=["loud"])

    def test_twins_that_mean_something_else_to_another_command(self):
        twins = {"KCLPP_LEASE_STORE": "dynamodb", "KCLPP_APPLICATION": "billing", "KCLPP_SHARDS": "none of its affair"}
        lines = self.refused("--stream", "s", "--log-level", "loud", env=twins, says=["loud"])
        self.assertEqual(len(lines), 1, lines)


class BadPlaces(ConsumeTest):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="kclpp-consume-test-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def with_leases_in(self, file):
        return ["--stream", "s", "--application", "billing", "--lease-store", "sqlite:" + file]

    def test_lease_store_in_a_directory_that_does_not_exist(self):
        nowhere = os.path.join(self.dir, "none", "leases")
        lines = self.refused(*self.with_leases_in(nowhere), code=1, says=[os.path.dirname(nowhere)])
        self.assertEqual(len(lines), 1, lines)

    def test_lease_store_that_is_not_a_database(self):
        file = os.path.join(self.dir, "letter")
        with open(file, "wb") as letter:
            letter.write(b"Dear Sir or Madam, " * 100)
        lines = self.refused(*self.with_leases_in(file), code=1, says=[file])
        self.assertEqual(len(lines), 1, lines)

    def test_stdout_that_is_closed(self):
        """Its number must not go to a file that is opened later, which would get the records."""
        file = os.path.join(self.dir, "leases")
        self.refused(*self.with_leases_in(file), code=1, says=["stdout", "not open for writing"],
                     preexec_fn=lambda: os.close(1))
        self.assertFalse(os.path.exists(file))

    def test_stdout_that_is_only_readable(self):
        with open("/dev/null", "rb") as null:
            self.refused("--stream", "s", code=1, says=["stdout", "not open for writing"], stdout=null)


if __name__ == "__main__":
    KCLPP = os.path.abspath(sys.argv.pop(1))
    unittest.main()
