"""`kclpp multilang` before there is anything to read: what is wrong is told, all of it at once, with exit code 1.

usage: multilang_test.py KCLPP [unittest arguments]
"""
import os
import subprocess
import sys
import tempfile
import unittest

KCLPP = ""
GOOD = "executableName = cat\napplicationName = billing\nstreamName = orders\nretrievalMode = POLLING\n"


class Multilang(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kclpp-multilang-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def run_daemon(self, *arguments, **environment):
        return subprocess.run([KCLPP, *arguments], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=30, check=False,
                              env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environment})

    def multilang(self, text, *arguments, **environment):
        with open(os.path.join(self.folder, "orders.properties"), "w", encoding="latin-1") as out:
            out.write(text)
        return self.run_daemon("multilang", "--properties-file", "orders.properties", *arguments, **environment)

    def assert_refused(self, done, *said):
        self.assertEqual(done.returncode, 1, done.stderr)
        for part in said:
            self.assertIn(part, done.stderr)

    def test_a_check_prints_each_value_with_its_source_and_no_secret(self):
        text = GOOD + "kinesisEndpoint = http://me:hush@localhost:1\ntableName = ${STAGE}-leases\n"
        done = self.multilang(text, "--check", STAGE="prod", KCLPP_MAX_RECORDS="77")
        self.assertEqual(done.returncode, 0, done.stderr)
        for line in (r"applicationName = billing +# orders.properties:2",
                     r"tableName = \$\{STAGE\}-leases +# orders.properties:6",
                     r"maxRecords = 77 +# KCLPP_MAX_RECORDS", r"failoverTimeMillis = 10000 +# default"):
            self.assertRegex(done.stdout, line)
        self.assertNotIn("hush", done.stdout + done.stderr)

    def test_what_changes_nothing_is_told_and_an_error_when_that_is_asked_for(self):
        text = GOOD + "maxRecord = 5\nmaxLeasesForWorker = many\n"
        lenient = self.multilang(text, "--check")
        self.assertEqual(lenient.returncode, 0, lenient.stderr)
        said = ("there is no key 'maxRecord'", "did you mean maxRecords?", "'many' is no whole number")
        for part in said:
            self.assertIn(part, lenient.stderr)
        self.assert_refused(self.multilang(text, "--check", "--strict"), *said, "is an error by --strict")
        self.assert_refused(self.multilang(text, "--strict"), *said, "is an error by --strict")

    def test_everything_that_is_wrong_is_told_at_once(self):
        self.assert_refused(self.multilang("retrievalMode = PULL\nfailoverTimeMillis = 1\n"), "executableName",
                            "applicationName", "streamName", "retrievalMode", "failoverTimeMillis")

    def test_files_and_arguments_that_are_wrong(self):
        self.assert_refused(self.run_daemon("multilang", "-p", "nowhere.properties"), "there is no such file")
        self.assert_refused(self.run_daemon("multilang"), "Try 'kclpp multilang --help'")
        self.assert_refused(self.multilang("a\\u12G4 = 1\n"), "orders.properties")
        self.assert_refused(self.run_daemon("-cp", "x", "software.amazon.kinesis.multilang.Other"), "Other")


if __name__ == "__main__":
    KCLPP = os.path.abspath(sys.argv.pop(1))
    unittest.main()
