"""What the tests of `kclpp consume` on real servers share: servers, a stream and a folder for each test."""
import os
import shutil
import sys
import tempfile
import time
import unittest

from checker import check
from fleet import Fleet, Putter, Worker, package_index
from servers import LeaseHistory, Servers, skip, sqlite_items


class FleetTest(unittest.TestCase):
    """KCLPP_TEST_KEEP names a directory that keeps what a failed test left behind."""

    kclpp = ""
    # Kinesis is `kclpp local`, behind a proxy for TLS and HTTP/2, whatever the environment says.
    on_kclpp_local = False
    shards = 8
    failover_seconds = 3
    worker = Worker
    stream_flag = "--stream"

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="kclpp-aws-test-")
        self.addCleanup(self.put_away)
        kinesis = {"kclpp_kinesis": self.kclpp} if self.on_kclpp_local else {}
        self.servers = self.enterContext(Servers(self.dir, **kinesis))
        self.stream = f"stream-{os.getpid()}"
        self.application = f"application-{os.getpid()}"
        if self.shards:
            self.servers.admin("create-stream", self.stream, self.shards)

    def put_away(self):
        result = self._outcome.result
        if os.environ.get("KCLPP_TEST_KEEP") and any(test is self for test, _ in result.errors + result.failures):
            shutil.copytree(self.dir, os.path.join(os.environ["KCLPP_TEST_KEEP"], self.id()), dirs_exist_ok=True)
        shutil.rmtree(self.dir, ignore_errors=True)

    def put(self, count, *arguments):
        index = package_index(self.dir, count)
        putter = Putter(self.servers, self.stream, index, self.dir, "--count", count, *arguments)
        self.addCleanup(putter.end)
        return putter

    def fleet(self, store, *arguments, **environment):
        flags = [self.stream_flag, self.stream, "--application", self.application, "--lease-store", store, "--from",
                 "TRIM_HORIZON", "--failover", str(self.failover_seconds), *arguments]
        return Fleet(self.kclpp, flags, self.servers.environment(**environment), self.dir, self.worker)

    def history(self, store):
        kind, _, file = store.partition(":")
        if kind == "sqlite":
            return LeaseHistory(lambda: sqlite_items(file, self.application))
        return LeaseHistory(lambda: self.servers.scan(self.application))

    def all_run(self, fleet):
        """None but those we killed has ended: there is nothing to wait for from one that did."""
        for worker in fleet.workers:
            self.assertIn(worker.process.poll(), (None, -9), f"{worker.name} ended:\n{worker.errors()}")

    def wait_until(self, what, done, seconds=60):
        end = time.monotonic() + seconds
        while not done():
            self.assertLess(time.monotonic(), end, f"not within {seconds} s: {what}")
            time.sleep(0.05)

    def wait_until_put(self, putter, fleet, count):
        while putter.acknowledged() < count and putter.process.poll() is None:
            self.all_run(fleet)
            time.sleep(0.05)

    def wait_until_delivered(self, fleet, puts, idle_seconds=60):
        """Until all are, or nothing has come for so long that nothing will: the checker then says what is missing."""
        wanted = {(put.shard, put.number) for put in puts}
        count, since = -1, time.monotonic()
        while not wanted <= fleet.numbers():
            self.all_run(fleet)
            if fleet.delivered() != count:
                count, since = fleet.delivered(), time.monotonic()
            if time.monotonic() > since + idle_seconds:
                return
            time.sleep(0.5)

    def run_until_caught_up(self, store, *arguments, **environment):
        """One worker that ends by itself; what it delivered."""
        with self.fleet(store, "--exit-when-caught-up", *arguments, **environment) as fleet:
            worker = fleet.start()
            self.assertEqual(worker.process.wait(120), 0, worker.errors())
            fleet.end()
            return fleet.deliveries()

    def end(self, fleet):
        codes = fleet.end()
        for worker in fleet.workers:
            self.assertEqual(codes.get(worker.name, 0), 0, f"{worker.name}: {worker.errors()}")

    def assert_promises_kept(self, puts, fleet, history, pauses=None):
        verdict = check(puts, fleet.deliveries(), history.checked(), self.servers.parents(self.stream), pauses)
        print(verdict, file=sys.stderr)
        if verdict.problems:
            errors = "\n".join(f"{worker.name}:\n{worker.errors()[-3000:]}" for worker in fleet.workers)
            self.fail(f"{verdict}\n{errors}")
        return verdict


def main():
    """unittest.main for a process that ctest runs: what was skipped must not look like what passed."""
    FleetTest.kclpp = os.path.abspath(sys.argv.pop(1))
    result = unittest.main(module="__main__", exit=False, verbosity=2).result
    if not result.wasSuccessful():
        sys.exit(1)
    if result.skipped or result.testsRun == 0:
        skip("; ".join(reason for _, reason in result.skipped) or "no test has this name")
