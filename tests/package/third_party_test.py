"""Nothing that kclpp is made of is missing from THIRD_PARTY.md and the bill of materials: neither a header that is
included nor a library that the program needs.

usage: third_party_test.py KCLPP [unittest arguments]
"""
import json
import os
import re
import shutil
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
sys.path[:0] = [os.path.join(ROOT, "packaging"), os.path.join(ROOT, "tests/tidy")]

import sbom
import tidy

KCLPP = ""
# What a row of tidy's table of dependencies includes -> row of THIRD_PARTY.md; nothing: for tests and measurements.
OF_INCLUDES = {"sqlite3": "SQLite", "boost/beast": "Boost", "boost/json": "Boost", "protozero": "protozero",
               "spdlog": "spdlog", "fmt": "{fmt}", "CLI": "CLI11", "openssl": "OpenSSL", "curl": "libcurl",
               "libdeflate": "libdeflate", "gtest": None, "gmock": None, "rapidcheck": None, "benchmark": None}


class ThirdParty(unittest.TestCase):
    def test_the_bill_and_the_document_have_the_same_rows(self):
        self.assertEqual(set(sbom.rows()), set(sbom.COMPONENTS))

    def test_every_header_of_others_is_of_something_that_is_named(self):
        for pattern, _ in tidy.THIRD_PARTY:
            for word in re.sub(r"\(/\|\\\.h\$\)|\\\.h\$|/$|[()]", "", pattern).split("|"):
                self.assertIn(word.rstrip("/"), OF_INCLUDES, f"{pattern}: whose is it, and under which license?")
        self.assertLessEqual({name for name in OF_INCLUDES.values() if name}, set(sbom.COMPONENTS))

    @unittest.skipUnless(shutil.which("readelf"), "readelf was not found")
    def test_every_library_that_the_program_needs_is_named(self):
        told = subprocess.run(["readelf", "-d", KCLPP], capture_output=True, text=True, timeout=60, check=True)
        needed = re.findall(r"\(NEEDED\).*\[(.+?)\.so", told.stdout)
        self.assertIn("libcurl", needed)
        known = {library for _, _, libraries in sbom.COMPONENTS.values() for library in libraries}
        self.assertEqual(set(needed) - known - set(sbom.SYSTEM_LIBRARIES), set(), "in neither table")

    @unittest.skipUnless(shutil.which("dpkg-query"), "dpkg-query was not found")
    def test_the_bill_is_whole(self):
        document = json.loads(json.dumps(sbom.document("1.2.3")))
        names = {package["SPDXID"]: package["versionInfo"] for package in document["packages"]}
        self.assertEqual(len(names), len(sbom.COMPONENTS) + 1, "identifiers are unique")
        self.assertEqual(names["SPDXRef-kclpp"], "1.2.3")
        for relationship in document["relationships"]:
            self.assertIn(relationship["relatedSpdxElement"], names)
        for package in document["packages"]:
            self.assertRegex(package["SPDXID"], r"^SPDXRef-[A-Za-z0-9.-]+$")
            self.assertTrue(package["versionInfo"], package)


if __name__ == "__main__":
    KCLPP = sys.argv.pop(1)
    unittest.main(verbosity=2)
