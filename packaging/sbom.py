#!/usr/bin/env python3
"""What kclpp is made of, as an SPDX 2.3 document (a software bill of materials) on stdout: kclpp itself and every row
of THIRD_PARTY.md, with the versions that this machine's Debian packages have.

usage: sbom.py VERSION

scripts/package sbom runs it. The time in it is SOURCE_DATE_EPOCH, or that of the last commit.
"""
import json
import os
import re
import subprocess
import sys
from datetime import datetime, timezone

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

# Row of THIRD_PARTY.md -> the Debian package whose version it has, the license as SPDX names it, and the shared
# libraries of it that a program may need.
COMPONENTS = {
    "Boost": ("libboost1.81-dev", "BSL-1.0", ["libboost_json"]),
    "protozero": ("libprotozero-dev", "BSD-2-Clause AND Apache-2.0", []),
    "CLI11": ("libcli11-dev", "BSD-3-Clause", []),
    "spdlog": ("libspdlog-dev", "MIT", ["libspdlog"]),
    "{fmt}": ("libfmt-dev", "MIT", ["libfmt"]),
    "libdeflate": ("libdeflate-dev", "MIT", ["libdeflate"]),
    "SQLite": ("libsqlite3-dev", "blessing", ["libsqlite3"]),
    "libcurl": ("libcurl4-openssl-dev", "curl", ["libcurl"]),
    "OpenSSL": ("libssl-dev", "Apache-2.0", ["libcrypto", "libssl"]),
    "GCC's libstdc++ and libgcc": ("libstdc++-12-dev", "GPL-3.0-or-later WITH GCC-exception-3.1",
                                   ["libstdc++", "libgcc_s"]),
}
# Of the system that it runs on.
SYSTEM_LIBRARIES = ["libc", "libm", "ld-linux-x86-64", "ld-linux-aarch64"]


def rows():
    """Name -> how it comes to be there, of the table in THIRD_PARTY.md."""
    with open(os.path.join(ROOT, "THIRD_PARTY.md"), encoding="utf-8") as file:
        cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in file if line.startswith("|")]
    return {re.match(r"\[?([^\]]+?)(\]|$| \()", name)[1]: how for name, _, _, how in cells[2:]}


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


def identifier(name):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-")


def component(name, how):
    package, license_id, _ = COMPONENTS[name]
    try:
        version = run("dpkg-query", "-W", "-f=${Version}", package)
    except (OSError, subprocess.CalledProcessError) as why:
        raise SystemExit(f"sbom.py: {package} is not installed here: run scripts/setup, on Debian 12") from why
    locator = f"pkg:deb/debian/{package}@{version.replace(':', '%3A').replace('+', '%2B')}?distro=debian-12"
    return {"name": name, "SPDXID": identifier(name), "versionInfo": version, "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False, "licenseConcluded": license_id, "licenseDeclared": license_id,
            "copyrightText": "NOASSERTION", "comment": how,
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                              "referenceLocator": locator}]}


def document(version):
    found = rows()
    if set(found) != set(COMPONENTS):
        raise SystemExit(f"sbom.py: THIRD_PARTY.md and COMPONENTS differ: {sorted(set(found) ^ set(COMPONENTS))}")
    commit = run("git", "rev-parse", "HEAD")
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH") or run("git", "log", "-1", "--format=%ct"))
    ours = {"name": "kclpp", "SPDXID": "SPDXRef-kclpp", "versionInfo": version, "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False, "licenseConcluded": "Apache-2.0", "licenseDeclared": "Apache-2.0",
            "copyrightText": "NOASSERTION", "sourceInfo": f"commit {commit}"}
    parts = [component(name, how) for name, how in found.items()]
    return {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
            "name": f"kclpp-{version}",
            "documentNamespace": f"https://spdx.org/spdxdocs/kclpp-{version}-{commit}",
            "creationInfo": {"created": datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
                             "creators": ["Tool: kclpp-packaging-sbom.py"]},
            "packages": [ours, *parts],
            "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
                               "relatedSpdxElement": "SPDXRef-kclpp"}] +
                             [{"spdxElementId": "SPDXRef-kclpp", "relationshipType": "DEPENDS_ON",
                               "relatedSpdxElement": part["SPDXID"]} for part in parts]}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    print(json.dumps(document(sys.argv[1]), indent=1))
