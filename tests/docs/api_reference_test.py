"""The API reference: Doxygen reads the comments of include/kcl without a warning, and would warn.

usage: api_reference_test.py [unittest arguments]

Where there is no doxygen the test is skipped (77).
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
SKIPPED = 77


class ApiReferenceTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="kclpp-api-test-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def run_doxygen(self, *command, **options):
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False, **options)

    def test_every_header_is_read_without_a_warning(self):
        done = self.run_doxygen(os.path.join(ROOT, "scripts/docs"), "--into", self.dir)
        self.assertEqual((done.returncode, done.stderr), (0, ""), "doxygen's warnings")
        self.assertEqual(done.stdout.strip(), os.path.join(self.dir, "api/index.html"))
        pages = os.listdir(os.path.join(self.dir, "api"))
        for page in ("index.html", "classkcl_1_1Worker.html", "structkcl_1_1WorkerConfig.html",
                     "classkcl_1_1testing_1_1EmbeddedStream.html"):
            self.assertIn(page, pages)

    def test_a_comment_that_names_what_is_not_there_is_found(self):
        header = os.path.join(self.dir, "wrong.h")
        with open(header, "w", encoding="utf-8") as out:
            out.write("/// One more.\n/// @param missing is no parameter.\nint more(int number);\n")
        with open(os.path.join(ROOT, "docs/Doxyfile"), encoding="utf-8") as settings:
            text = settings.read() + f'\nINPUT = "{header}"\nOUTPUT_DIRECTORY = "{self.dir}"\n'
        done = self.run_doxygen("doxygen", "-", input=text)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("missing", done.stderr)


if __name__ == "__main__":
    if shutil.which("doxygen") is None:
        print("SKIPPED: doxygen was not found (scripts/setup --full installs it)", file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
