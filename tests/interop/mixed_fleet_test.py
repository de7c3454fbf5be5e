"""A live fleet of `kclpp consume --lease-format vmware-go` and workers of vmware-go-kcl-v2 on one lease table, its
lease stealing on: joins, ends in order, kill -9 on both sides, splits and merges. Nothing is lost by kclpp; what
Go's workers lose by their defects is told apart and listed.

And what an operator may do there: leases are set back once the Go worker that held them is dead, and not before.

usage: mixed_fleet_test.py KCLPP [unittest arguments]

Needs go and its module proxy (or a filled module cache) to build tests/interop/go; else skipped, with the reason.
"""
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import unittest

sys.dont_write_bytecode = True

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(_HERE, "..", "integration", "aws"))

from fleet import Fleet, Worker
from fleet_case import FleetTest, main
from mixed_check import check_mixed
from servers import ENDS_WITH_US

FAILOVER_SECONDS = 5
# Of Go's workers: a minute unless said otherwise, in which a test can wait for nothing.
GO_SYNC_MS = 3000


def build_go_worker(folder):
    """The program, or why there is none."""
    if shutil.which("go") is None:
        return None, "go was not found; 1.21 or newer is needed, Debian 12 has an older one"
    program = os.path.join(folder, "goworker")
    try:
        built = subprocess.run(["go", "build", "-mod=readonly", "-o", program, "."], cwd=os.path.join(_HERE, "go"),
                               capture_output=True, text=True, timeout=540)
    except subprocess.TimeoutExpired:
        return None, "go build did not end within 9 minutes"
    if built.returncode != 0:
        return None, f"go build failed: {built.stderr[-400:]}"
    return program, None


class Rows:
    """Reads the lease rows five times a second until `with` ends."""

    def __init__(self, servers, table):
        self._servers, self._table, self.polls, self.odd = servers, table, [], []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join(60)

    def _run(self):
        while not self._end.wait(0.2):
            self.poll()

    def poll(self):
        items = self._servers.scan(self._table) or []
        text = lambda item, name: item.get(name, {}).get("S")
        shards = [item for item in items if text(item, "ShardID").startswith("shardId-")]
        known = {"ShardID", "AssignedTo", "LeaseTimeout", "Checkpoint", "ParentShardId", "ClaimRequest"}
        self.odd += [item for item in shards if set(item) - known]
        self.polls.append({text(item, "ShardID"): (text(item, "AssignedTo"), text(item, "Checkpoint"))
                           for item in shards})

    def owners(self):
        return {owner for owner, checkpoint in (self.polls[-1] if self.polls else {}).values()
                if owner and checkpoint != "SHARD_END"}


class GoWorker(Worker):
    """One of theirs, which may hang at its end (its defect 14)."""

    def end(self, seconds=20):
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            print(f"{self.name} hangs at its end", file=sys.stderr)
            self.kill()


class MixedFleetTest(FleetTest):
    shards = 4
    failover_seconds = FAILOVER_SECONDS
    _program, _why = None, None

    @classmethod
    def setUpClass(cls):
        import tempfile
        cls._folder = tempfile.mkdtemp(prefix="kclpp-goworker-")
        cls.addClassCleanup(shutil.rmtree, cls._folder, ignore_errors=True)
        cls._program, cls._why = build_go_worker(cls._folder)

    def setUp(self):
        if self._program is None:
            self.skipTest(self._why)
        super().setUp()
        self._names, self._go = {}, []
        self._started = 0

    # --- processes ---

    def start_ours(self, fleet):
        self._started += 1
        name = f"ours-{self._started}"
        worker = fleet.start("--worker-id", name)
        self._names[worker.name] = name
        return worker

    def start_theirs(self, fleet):
        """The fleet empties its pipe like the others'."""
        self._started += 1
        name = f"theirs-{self._started}"
        command = [self._program, "-stream", self.stream, "-application", self.application, "-worker-id", name,
                   "-failover-ms", str(FAILOVER_SECONDS * 1000), "-sync-ms", str(GO_SYNC_MS), "-parent-poll-ms", "1000"]
        worker = GoWorker(f"go{len(self._go) + 1}", command, self.servers.environment(), self.dir)
        self._go.append(worker)
        fleet.workers.append(worker)
        fleet.read(worker)
        self._names[worker.name] = name
        return worker

    def all_run(self, fleet):
        """Whoever is killed or ended on purpose has an exit code; a failure of ours has 1."""
        for worker in fleet.workers:
            if worker not in self._go:
                self.assertIn(worker.process.poll(), (None, 0, -9), f"{worker.name} ended:\n{worker.errors()}")

    def wait_for_share(self, rows, worker, seconds=150):
        self.wait_until(f"{worker.name} has a shard", lambda: self._names[worker.name] in rows.owners(), seconds)

    def open_shards(self):
        shards = [shard for shard in self.servers.admin("list-shards", self.stream)
                  if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
        shards.sort(key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))
        return [shard["ShardId"] for shard in shards]

    def mixed(self):
        return self.fleet("dynamodb", "--lease-format", "vmware-go", "--checkpoint-interval", "0.5")

    def finish(self, fleet, rows, putter):
        putter.wait(600)
        puts = putter.puts()
        # A claim that its maker did not live to use keeps a shard from all others for two minutes: their rule, and ours
        # beside them.
        self.wait_until_delivered(fleet, puts, idle_seconds=180)
        for worker in self._go:
            if worker.process.poll() is None:
                worker.end()
        self.end(fleet)
        rows.poll()
        lines = {worker.name: [(delivery.shard, delivery.number) for delivery in worker.deliveries()]
                 for worker in fleet.workers}
        verdict = check_mixed([(put.shard, put.number) for put in puts], lines, rows.polls, self._names)
        setbacks = sum(worker.errors().count("checkpoint_moved_back") for worker in fleet.workers)
        print(verdict, f"{setbacks} alerts of a checkpoint that went back", sep="\n", file=sys.stderr)
        self.assertEqual(verdict.ours, [], "\n".join(f"{worker.name}:\n{worker.errors()[-2000:]}"
                                                     for worker in fleet.workers))
        self.assertEqual([item for item in rows.odd], [], "rows with attributes that Go's workers do not know")
        for kind in ("kclpp", "Go"):
            self.assertGreater(verdict.delivered.get(kind, 0), 0, f"{kind} delivered nothing: the test tests nothing")
        return verdict


class MixedFleet(MixedFleetTest):
    def test_go_workers_join_and_leave_a_fleet_of_ours(self):
        with Rows(self.servers, self.application) as rows, self.mixed() as fleet:
            first = self.start_ours(fleet)
            putter = self.put(3000, "--rate", 60)
            self.wait_until_put(putter, fleet, 100)
            theirs = self.start_theirs(fleet)
            self.wait_for_share(rows, theirs)
            second = self.start_ours(fleet)
            self.wait_for_share(rows, second)
            theirs.end()
            first.kill()
            self.finish(fleet, rows, putter)


class Operator(MixedFleetTest):
    """`kclpp leases rewind` beside a real Go worker."""

    shards = 1
    SHARD = "shardId-000000000000"

    def rewind(self, number, *flags):
        command = [self.kclpp, "leases", "rewind", self.SHARD, "--to", str(number), "--application", self.application,
                   "--lease-format", "vmware-go", "--failover", str(FAILOVER_SECONDS), "--yes", *flags]
        done = subprocess.run(command, env=self.servers.environment(), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=180, cwd=self.dir, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_a_live_go_worker_keeps_its_lease_and_what_a_dead_one_had_is_set_back(self):
        with Rows(self.servers, self.application) as rows, self.mixed() as fleet:
            theirs = self.start_theirs(fleet)
            self.wait_for_share(rows, theirs)
            putter = self.put(300, "--rate", 100)
            putter.wait()
            puts = sorted(put.number for put in putter.puts())
            self.wait_until("it has a checkpoint", lambda: (rows.polls[-1][self.SHARD][1] or "") >= str(puts[100]))
            for flags in ((), ("--force",)):
                code, said = self.rewind(puts[9], *flags)
                self.assertEqual(code, 1, said)
                self.assertIn("a Go worker, lives", said)
            theirs.kill()
            code, said = self.rewind(puts[9])
            self.assertEqual(code, 0, said)
            rows.poll()
            self.assertEqual(rows.polls[-1][self.SHARD], (None, str(puts[9])), said)
            ours = self.start_ours(fleet)
            self.wait_until("ours goes on from there", lambda: len(ours.lines) == 290)
            self.end(fleet)
            self.assertEqual(sorted(one.number for one in ours.deliveries()), puts[10:])


if __name__ == "__main__":
    main()
