"""The public DynamoDB store on a server: the conformance suite, answers that are lost after the write was done, and
several processes on one table. What the tables hold in the end is read without kclpp.

usage: dynamodb_conformance_test.py INTEGRATION_DYNAMODB [unittest arguments]

Where dynalite is not DynamoDB:
 - It ignores ReturnValuesOnConditionCheckFailure, so a refusal tells no row. The suite allows that ("if the store
   tells"); that we read the row where it is told is tested in unit_stores, against an answer as AWS documents it.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

sys.dont_write_bytecode = True

from fault_proxy import FaultProxy
from fleet_case import FleetTest, main
from servers import ROOT, TOOLS, environment, local_aws

HOME = os.path.join(ROOT, "build/local-aws")


class Dynalite:
    """DynamoDB from `with` to its end, whose tables take `create_ms` until they are ACTIVE."""

    def __init__(self, folder, create_ms=0):
        self._ports, self._create_ms = os.path.join(folder, "ports"), create_ms
        self._log = os.path.join(folder, "dynalite.log")

    def __enter__(self):
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                ["node", "-r", os.path.join(TOOLS, "loopback.cjs"), "node_modules/dynalite/cli.js", "--port", "1",
                 "--createTableMs", str(self._create_ms), "--deleteTableMs", "0", "--updateTableMs", "0"], cwd=HOME,
                env=environment(KCLPP_PORTS=self._ports), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + 60
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > end:
                with open(self._log, encoding="utf-8", errors="replace") as log:
                    raise RuntimeError(f"dynalite did not start: {log.read()[-2000:]}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait(30)

    def _listens(self):
        """Sets `port` once it does."""
        if not os.path.exists(self._ports):
            return False
        with open(self._ports, encoding="ascii") as ports:
            line = re.match(r"1 (\d+)\n", ports.read())
        if line:
            self.port = int(line[1])
        return line is not None

    def get(self, table, key):
        """The row, by plain HTTP; None without one."""
        headers = {"X-Amz-Target": "DynamoDB_20120810.GetItem", "Content-Type": "application/x-amz-json-1.0",
                   "X-Amz-Date": "20260101T000000Z",
                   "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, "
                                    "SignedHeaders=host;x-amz-date;x-amz-target, Signature=0"}
        request = {"TableName": table, "Key": {"leaseKey": {"S": key}}, "ConsistentRead": True}
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}/", json.dumps(request).encode(), headers)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.load(answer).get("Item")


class DynamoDbTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        local_aws("install")

    def setUp(self):
        self.dir = self.enterContext(tempfile.TemporaryDirectory(prefix="kclpp-dynamodb-test-"))
        self.run_name = f"run-{os.getpid()}"

    def start(self, url, filter_, writer="w"):
        env = environment(AWS_ENDPOINT_URL_DYNAMODB=url, AWS_REGION="us-east-1", AWS_ACCESS_KEY_ID="local",
                          AWS_SECRET_ACCESS_KEY="local", KCLPP_TEST_RUN=self.run_name, KCLPP_TEST_WRITER=writer)
        process = subprocess.Popen([FleetTest.kclpp, f"--gtest_filter={filter_}", "--gtest_brief=1"], env=env,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        process.kill()
        process.communicate()

    def finish(self, process, tests, seconds=300):
        """It ran so many tests, and all passed: a filter that matches nothing passes, too."""
        said = process.communicate(timeout=seconds)[0]
        self.assertEqual(process.returncode, 0, said[-6000:])
        self.assertRegex(said, rf"\[==========\] {tests} tests? from", said)
        self.assertNotIn("SKIPPED", said)

    def counted(self, dynalite, writers, increments):
        row = dynalite.get(f"{self.run_name}-counted", "counter")
        self.assertEqual(int(row["counter"]["N"]), len(writers) * increments, row)
        for writer in writers:
            self.assertEqual(int(row[f"count-{writer}"]["N"]), increments, row)

    def test_keeps_every_promise_of_the_conformance_suite(self):
        with Dynalite(self.dir) as dynalite:
            cases = subprocess.run([FleetTest.kclpp, "--gtest_list_tests", "--gtest_filter=Each/Conformance.*"],
                                   capture_output=True, text=True, timeout=60, check=True).stdout.count("\n  ")
            self.assertGreater(cases, 15)
            url = f"http://127.0.0.1:{dynalite.port}"
            self.finish(self.start(url, "Each/Conformance.*:OneTable.*"), cases + 2)

    def test_keeps_them_in_one_table_with_another_key(self):
        with Dynalite(self.dir) as dynalite:
            self.finish(self.start(f"http://127.0.0.1:{dynalite.port}", "ConformanceSuite.*"), 1)

    # Of each kind of fault enough to be met by a few hundred writes; the rest goes through.
    FAULTS = [{"operation": "UpdateItem", "probability": 0.04, **fault} for fault in (
        {"fault": "lost_answer"}, {"fault": "reset_after"}, {"fault": "truncated"}, {"fault": "wrong_crc32"},
        {"fault": "wrong_length"}, {"fault": "garbage", "commit": True}, {"fault": "garbage"},
        {"fault": "error", "error": "InternalServerError", "status": 500, "commit": True},
        {"fault": "reset_before"}, {"fault": "error", "error": "ThrottlingException"})] + [
        {"operation": "GetItem", "probability": 0.02, "fault": "lost_answer"}]

    def assert_met(self, proxy):
        met = {entry["fault"] for entry in proxy.faults()}
        self.assertGreaterEqual(met, {"lost_answer", "reset_after", "truncated", "wrong_crc32", "wrong_length",
                                      "garbage", "error", "reset_before"})

    def test_settles_answers_that_were_lost_after_the_write_was_done(self):
        with Dynalite(self.dir) as dynalite, FaultProxy("127.0.0.1", dynalite.port, seed=7) as proxy:
            proxy.rules = self.FAULTS
            cases = "Each/Conformance.*/unknown_answers_are_settled_by_tokens:Each/Conformance.*/threads_raise_*"
            self.finish(self.start(proxy.url, cases), 2)
            self.assert_met(proxy)

    def test_processes_raise_one_counter_exactly_whatever_is_lost(self):
        with Dynalite(self.dir) as dynalite, FaultProxy("127.0.0.1", dynalite.port, seed=11) as proxy:
            proxy.rules = self.FAULTS
            writers = ["a", "b"]
            started = [self.start(proxy.url, "OneOfSeveral.RaisesACounterExactly", writer) for writer in writers]
            for process in started:
                self.finish(process, 1)
            self.counted(dynalite, writers, 60)
            self.assert_met(proxy)

    def test_no_conditional_write_is_sent_twice(self):
        """Each write carries a token of its own: no two requests that reach the server are the same."""
        with Dynalite(self.dir) as dynalite, FaultProxy("127.0.0.1", dynalite.port, seed=13) as proxy:
            proxy.rules = [rule for rule in self.FAULTS if rule.get("error") != "ThrottlingException"]
            self.finish(self.start(proxy.url, "OneOfSeveral.RaisesACounterExactly"), 1)
            row = dynalite.get(f"{self.run_name}-counted", "counter")
            attempts = int(re.fullmatch(r"w:(\d+)", row["token-w"]["S"])[1])
            sent = sum(entry["operation"] == "UpdateItem" for entry in proxy.journal)
            self.assertEqual(sent, attempts)
            self.assertGreater(attempts, 60)

    def test_processes_that_ensure_one_table_at_once_all_find_it_ready(self):
        with Dynalite(self.dir, create_ms=700) as dynalite, FaultProxy("127.0.0.1", dynalite.port) as proxy:
            writers = ["a", "b", "c", "d"]
            # All ask while the table is not there: whoever is first waits for the others' first look.
            proxy.rules = [{"operation": "DescribeTable", "fault": "stall_after", "seconds": 1, "count": len(writers)}]
            started = [self.start(proxy.url, "OneOfSeveral.EnsuresATableThatIsThenReady", name) for name in writers]
            for process in started:
                self.finish(process, 1)
            for writer in writers:
                self.assertIsNotNone(dynalite.get(f"{self.run_name}-ensured", writer))
            created = [entry["status"] for entry in proxy.journal if entry["operation"] == "CreateTable"]
            self.assertEqual(created.count(200), 1, created)
            self.assertEqual(set(created) - {200}, {400}, "nobody met another one's creation")
            looks = sum(entry["operation"] == "DescribeTable" for entry in proxy.journal)
            self.assertGreater(looks, 2 * len(writers), "nobody saw the table being created")


if __name__ == "__main__":
    main()
