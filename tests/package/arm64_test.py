"""The program for 64-bit ARM, under qemu, on another machine: that it starts, consumes, keeps its promises under chaos,
and speaks Kinesis's protocol with itself. scripts/cross runs it.

usage: arm64_test.py KCLPP SYSROOT [unittest arguments]
"""
import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../interop"))

from kinesis_client import Client
from local_server import LocalServer, clean_environment

KCLPP, SYSROOT = "", ""
# What a server or a worker may take here is many times what it takes on its own processor.
PATIENCE_SECONDS = 180


def member(tag, content):
    """Of a protocol buffers message: length delimited."""
    size, length = len(content), b""
    while size >= 128:
        length, size = length + bytes([size % 128 | 128]), size // 128
    return bytes([tag << 3 | 2]) + length + bytes([size]) + content


def aggregate_of(texts):
    """As the KPL writes it: user records of one key."""
    message = member(1, b"key") + b"".join(member(3, b"\x08\x00" + member(3, text.encode())) for text in texts)
    return b"\xf3\x89\x9a\xc2" + message + hashlib.md5(message).digest()


class Arm64Test(unittest.TestCase):
    def run_kclpp(self, *arguments, **environment):
        done = subprocess.run([KCLPP, *arguments], env=clean_environment(**environment), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_it_says_what_it_is(self):
        self.assertTrue(self.run_kclpp("--version").startswith("kclpp "))

    def test_the_demo_loses_nothing_under_chaos(self):
        said = json.loads(self.run_kclpp("demo", "--chaos", "--json", "--seconds", "5", "--rate", "200", "--shards",
                                         "4"))
        self.assertEqual((said["put"], said["lost"], said["out_of_order_or_unexplained"]), (1000, 0, 0))

    def test_it_consumes_what_it_serves(self):
        """CBOR, de-aggregation and SQLite included."""
        with LocalServer(KCLPP, "--stream", "orders:2") as server:
            client = Client(server.url)
            self.addCleanup(client.close)
            # Enough in one answer for checksums that are looked at side by side.
            aggregates = [[f"order {number}.{part}: " + part * "a pear " for part in range(number + 1)]
                          for number in range(20)]
            plain = [f"order {number}: a pear" for number in range(100)]
            texts = plain + [text for aggregate in aggregates for text in aggregate]
            datas = [text.encode() for text in plain] + [aggregate_of(texts) for texts in aggregates]
            records = [{"Data": base64.b64encode(data).decode(), "PartitionKey": f"key {number}"}
                       for number, data in enumerate(datas)]
            self.assertEqual(client.call("PutRecords", StreamName="orders", Records=records)["FailedRecordCount"], 0)
            with tempfile.TemporaryDirectory() as folder:
                out = self.run_kclpp(
                    "consume", "--stream", "orders", "--application", "billing", "--from", "TRIM_HORIZON", "--text",
                    "--lease-store", f"sqlite:{folder}/leases", "--exit-when-caught-up",
                    AWS_ENDPOINT_URL_KINESIS=server.url, AWS_REGION="us-east-1", AWS_ACCESS_KEY_ID="local",
                    AWS_SECRET_ACCESS_KEY="local")
        self.assertEqual(sorted(json.loads(line)["data"] for line in out.splitlines()), sorted(texts))


if __name__ == "__main__":
    KCLPP, SYSROOT = sys.argv[1], sys.argv[2]
    del sys.argv[1:3]
    # One word, as programs are named: qemu and the libraries of the other architecture before it.
    with tempfile.TemporaryDirectory() as home:
        wrapper = os.path.join(home, "kclpp")
        with open(wrapper, "w", encoding="ascii") as script:
            script.write(f'#!/bin/sh\nexec qemu-aarch64-static -L "{SYSROOT}" "{os.path.abspath(KCLPP)}" "$@"\n')
        os.chmod(wrapper, 0o755)
        KCLPP = wrapper
        unittest.main(verbosity=2)
