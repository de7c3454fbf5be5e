"""tests/servers/put.mjs in front of a Kinesis that refuses: the order per key, the limits of a request, and a journal
that is the whole truth. No emulator refuses, so a stand-in does.

usage: put_test.py KCLPP [unittest arguments] (KCLPP is not used; ctest starts all these tests alike)
"""
import base64
import collections
import hashlib
import http.server
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import unittest

sys.dont_write_bytecode = True

from fleet_case import main
from servers import TOOLS, environment, local_aws


class _Kinesis(http.server.BaseHTTPRequestHandler):
    """Refuses single records and whole requests by chance; keeps what it took in `server.taken`."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(request["Records"])
        chance = self.server.chance
        if chance.random() < self.server.refuse_request:
            self.answer(400, {"__type": "LimitExceededException", "message": "later"})
            return
        entries = []
        for record in request["Records"]:
            if chance.random() < self.server.refuse_record:
                entries.append({"ErrorCode": self.server.refusal, "ErrorMessage": "not now"})
            else:
                self.server.taken.append((record["PartitionKey"], base64.b64decode(record["Data"])))
                entries.append({"SequenceNumber": str(len(self.server.taken)), "ShardId": "shardId-000000000000"})
        self.answer(200, {"FailedRecordCount": 0, "Records": entries})

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Putting(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        local_aws("install")

    def setUp(self):
        self.dir = self.enterContext(tempfile.TemporaryDirectory(prefix="kclpp-put-test-"))
        self.kinesis = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Kinesis)
        self.kinesis.taken, self.kinesis.requests, self.kinesis.chance = [], [], random.Random(7)
        self.kinesis.refuse_request = self.kinesis.refuse_record = 0
        self.kinesis.refusal = "ProvisionedThroughputExceededException"
        threading.Thread(target=self.kinesis.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(self.kinesis.server_close)
        self.addCleanup(self.kinesis.shutdown)

    def index(self, keys, size=0):
        """A package index of these packages, each stanza of about `size` bytes; the stanzas."""
        stanzas = [f"Package: {key}\nVersion: {number}\nDescription: ü\n {'x' * max(1, size)}"
                   for number, key in enumerate(keys)]
        with open(os.path.join(self.dir, "packages"), "w", encoding="utf-8") as file:
            file.write("\n\n".join(stanzas) + "\n")
        return stanzas

    def put(self, *arguments):
        """Exit code, stdout, stderr, and the journal's lines."""
        journal = os.path.join(self.dir, "journal")
        env = environment(AWS_ENDPOINT_URL_KINESIS=f"http://127.0.0.1:{self.kinesis.server_port}",
                          AWS_REGION="us-east-1", AWS_ACCESS_KEY_ID="local", AWS_SECRET_ACCESS_KEY="local")
        got = subprocess.run(["node", os.path.join(TOOLS, "put.mjs"), "--stream", "s", "--input",
                              os.path.join(self.dir, "packages"), "--journal", journal, *arguments], env=env,
                             capture_output=True, text=True, timeout=60)
        with open(journal, encoding="utf-8") as lines:
            return got.returncode, got.stdout, got.stderr, [json.loads(line) for line in lines]

    def assert_journal_is_what_was_taken(self, journal):
        self.assertEqual([(line["key"], line["sha256"]) for line in journal],
                         [(key, hashlib.sha256(data).hexdigest()) for key, data in self.kinesis.taken])
        self.assertEqual([line["sequence_number"] for line in journal], [str(n + 1) for n in range(len(journal))])

    def test_keeps_the_order_of_each_key_whatever_is_refused(self):
        keys = [f"key-{int(7 * random.Random(n).random() ** 3)}" for n in range(200)]
        stanzas = self.index(keys)
        self.kinesis.refuse_record, self.kinesis.refuse_request = 0.3, 0.1
        code, out, err, journal = self.put()
        self.assertEqual(code, 0, err)
        self.assert_journal_is_what_was_taken(journal)
        self.assertEqual(json.loads(out)["records"], 200)
        self.assertGreater(json.loads(out)["refused"], 50)
        wanted, got = collections.defaultdict(list), collections.defaultdict(list)
        for key, stanza in zip(keys, stanzas):
            wanted[key].append(stanza)
        for key, data in self.kinesis.taken:
            got[key].append(data.decode())
        self.assertEqual(got, wanted)

    def test_no_request_holds_a_key_twice(self):
        self.index([f"key-{n // 3}" for n in range(300)])
        self.assertEqual(self.put()[0], 0)
        for request in self.kinesis.requests:
            keys = [record["PartitionKey"] for record in request]
            self.assertEqual(len(keys), len(set(keys)))

    def test_keeps_to_the_limits_of_a_request(self):
        self.index([f"key-{n}" for n in range(1200)])
        self.assertEqual(self.put()[0], 0)
        self.assertEqual([len(request) for request in self.kinesis.requests], [500, 500, 200])
        self.kinesis.requests.clear()
        self.index([f"key-{n}" for n in range(40)], size=300_000)
        self.assertEqual(self.put()[0], 0)
        for request in self.kinesis.requests:
            self.assertLessEqual(sum(len(base64.b64decode(record["Data"])) for record in request), 5 << 20)
        self.assertGreater(len(self.kinesis.requests), 2)

    def test_ends_when_the_fate_of_a_record_is_unknown(self):
        self.index([f"key-{n}" for n in range(1200)])
        self.kinesis.refuse_record, self.kinesis.refusal = 0.002, "InternalFailure"
        code, _, err, journal = self.put()
        self.assertEqual(code, 1)
        self.assertIn("unknown", err)
        self.assert_journal_is_what_was_taken(journal)

    def test_puts_as_many_as_it_is_told(self):
        self.index([f"key-{n}" for n in range(300)])
        self.assertEqual(len(self.put("--count", "120")[3]), 120)
        self.kinesis.taken.clear()
        self.assertEqual(len(self.put("--all")[3]), 300)

    def test_an_input_without_packages(self):
        with open(os.path.join(self.dir, "packages"), "w", encoding="utf-8") as file:
            file.write("Dear Sir or Madam,\n\nplease\n")
        open(os.path.join(self.dir, "journal"), "w", encoding="utf-8").close()
        code, _, err, _ = self.put()
        self.assertEqual(code, 1)
        self.assertIn("packages", err)


if __name__ == "__main__":
    main()
