"""Each fault of the fault proxy as a client sees it, in front of a server that counts what reached it."""
import email.utils
import http.client
import http.server
import json
import os
import subprocess
import sys
import threading
import time
import unittest
import urllib.request
import zlib

sys.dont_write_bytecode = True

from fault_proxy import FAULTS, FaultProxy

BODY = json.dumps({"Item": {"leaseKey": {"S": "shard"}}, "filler": "x" * 5000}).encode()


class _Upstream(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        if self.headers["X-Amz-Target"].endswith(".Chunked"):
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in (BODY[:100], BODY[100:]):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.send_header("Content-Length", str(len(BODY)))
            self.send_header("x-amz-crc32", str(zlib.crc32(BODY)))
            self.end_headers()
            self.wfile.write(BODY)

    def log_message(self, *_):
        pass


class ProxyTest(unittest.TestCase):
    def setUp(self):
        self.upstream = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Upstream)
        self.upstream.bodies = []
        threading.Thread(target=self.upstream.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(self.upstream.server_close)
        self.addCleanup(self.upstream.shutdown)
        self.proxy = self.enterContext(FaultProxy("127.0.0.1", self.upstream.server_port, control_port=0))

    def ask(self, operation="UpdateItem", key="shard-1", connection=None):
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.proxy.port, timeout=10)
            self.addCleanup(connection.close)
        body = json.dumps({"Key": {"leaseKey": {"S": key}}})
        connection.request("POST", "/", body, {"X-Amz-Target": f"DynamoDB_20120810.{operation}"})
        response = connection.getresponse()
        return response, response.read()


class Faults(ProxyTest):
    def broken(self, exception, fault, **rule):
        """The client gets this exception instead of an answer; returns how many requests reached the upstream."""
        self.proxy.rules = [{"fault": fault, **rule}]
        with self.assertRaises(exception):
            self.ask()
        return len(self.upstream.bodies)

    def answered(self, fault, **rule):
        self.proxy.rules = [{"fault": fault, **rule}]
        return self.ask()

    def test_without_rules_passes_everything_on_one_connection(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.port, timeout=10)
        self.addCleanup(connection.close)
        for _ in range(3):
            response, body = self.ask(connection=connection)
            self.assertEqual((response.status, body), (200, BODY))
            self.assertEqual(response.headers["x-amz-crc32"], str(zlib.crc32(BODY)))
        self.assertEqual(json.loads(self.upstream.bodies[0]), {"Key": {"leaseKey": {"S": "shard-1"}}})
        self.assertEqual([(e["operation"], e["key"], e["fault"]) for e in self.proxy.journal],
                         [("UpdateItem", "shard-1", None)] * 3)

    def test_passes_a_chunked_answer(self):
        self.assertEqual(self.ask("Chunked")[1], BODY)

    def test_reset_before(self):
        self.assertEqual(self.broken(ConnectionResetError, "reset_before"), 0)

    def test_lost_answer(self):
        self.assertEqual(self.broken(http.client.RemoteDisconnected, "lost_answer"), 1)
        self.assertEqual(self.proxy.journal[0]["status"], 200)

    def test_reset_after(self):
        self.assertEqual(self.broken(ConnectionResetError, "reset_after"), 1)

    def test_stall_before(self):
        begin = time.monotonic()
        self.assertEqual(self.answered("stall_before", seconds=0.3)[1], BODY)
        self.assertGreaterEqual(time.monotonic() - begin, 0.3)

    def test_stall_after(self):
        begin = time.monotonic()
        self.assertEqual(self.answered("stall_after", seconds=0.3)[1], BODY)
        self.assertGreaterEqual(time.monotonic() - begin, 0.3)

    def test_truncated(self):
        self.assertEqual(self.broken(http.client.IncompleteRead, "truncated"), 1)

    def test_oversized(self):
        body = self.answered("oversized", bytes=200_000)[1]
        self.assertEqual(body, BODY + b" " * 200_000)

    def test_wrong_crc32(self):
        response, body = self.answered("wrong_crc32")
        self.assertEqual(body, BODY)
        self.assertNotEqual(response.headers["x-amz-crc32"], str(zlib.crc32(BODY)))

    def test_wrong_length(self):
        self.assertEqual(self.answered("wrong_length")[1], BODY[: len(BODY) // 2])

    def test_skewed_date(self):
        date = email.utils.parsedate_to_datetime(self.answered("skewed_date", seconds=-3600)[0].headers["Date"])
        self.assertAlmostEqual(date.timestamp(), time.time() - 3600, delta=30)

    def test_error(self):
        response, body = self.answered("error", error="ProvisionedThroughputExceededException")
        self.assertEqual(response.status, 400)
        self.assertTrue(json.loads(body)["__type"].endswith("#ProvisionedThroughputExceededException"))
        self.assertEqual(len(self.upstream.bodies), 0)

    def test_error_after_commit(self):
        response, _ = self.answered("error", error="InternalServerError", status=500, commit=True)
        self.assertEqual((response.status, len(self.upstream.bodies)), (500, 1))

    def test_garbage(self):
        response, body = self.answered("garbage")
        self.assertEqual((response.status, len(self.upstream.bodies)), (500, 0))
        self.assertIn(b"<html>", body)

    def test_every_fault_has_a_test(self):
        self.assertEqual([fault for fault in FAULTS if not hasattr(self, f"test_{fault}")], [])

    def test_rules_pick_operation_key_and_number(self):
        self.proxy.rules = [{"operation": "GetItem", "fault": "garbage"},
                            {"operation": "UpdateItem", "key": "a", "skip": 1, "count": 1, "fault": "garbage"}]
        got = [self.ask(*request)[0].status for request in
               [("GetItem", "b"), ("UpdateItem", "b"), ("UpdateItem", "a"), ("UpdateItem", "a"), ("UpdateItem", "a")]]
        self.assertEqual(got, [500, 200, 200, 500, 200])

    def test_an_unknown_fault_is_refused(self):
        with self.assertRaisesRegex(ValueError, "los_answer"):
            self.proxy.rules = [{"fault": "los_answer"}]

    def test_the_seed_decides_by_chance(self):
        def faults(seed):
            with FaultProxy("127.0.0.1", self.upstream.server_port, seed=seed) as proxy:
                self.proxy, proxy.rules = proxy, [{"fault": "garbage", "probability": 0.5}]
                return [self.ask()[0].status for _ in range(40)]

        self.assertEqual(faults(1), faults(1))
        self.assertNotEqual(faults(1), faults(2))
        self.assertEqual(set(faults(1)), {200, 500})


class Control(ProxyTest):
    def test_sets_rules_and_tells_the_journal(self):
        url = f"http://127.0.0.1:{self.proxy.control_port}"
        rules = json.dumps([{"operation": "*", "fault": "garbage"}]).encode()
        urllib.request.urlopen(urllib.request.Request(url + "/rules", rules, method="PUT"), timeout=10).close()
        self.assertEqual(self.ask()[0].status, 500)
        with urllib.request.urlopen(url + "/journal", timeout=10) as answer:
            self.assertEqual([entry["fault"] for entry in json.load(answer)], ["garbage"])


class Program(unittest.TestCase):
    def test_runs_until_its_stdin_ends(self):
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fault_proxy.py")
        process = subprocess.Popen([sys.executable, program, "--upstream", "127.0.0.1:1"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        self.assertEqual(set(json.loads(process.stdout.readline())), {"port", "control_port"})
        process.communicate(timeout=10)
        self.assertEqual(process.returncode, 0)


if __name__ == "__main__":
    unittest.main()
