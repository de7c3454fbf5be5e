"""Rough handling of a fleet: every few seconds something is done to one of its processes or to the stream, chosen by a
seed, and all promises hold. On failure the whole story is told.

KCLPP_TEST_SEED fixes the seed; without it each run has another. Chance is all that it fixes: processes keep their own
time.
"""
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

from fault_proxy import FaultProxy
from fencing import check_calls, check_writes, write_of
from fleet import ExecWorker, Worker
from fleet_case import FleetTest

WORKERS = 5
FAILOVER_SECONDS = 2
CHECKPOINT_SECONDS = 0.1
# The emulator is slow with more, and each reshard leaves its parents' rows in the table.
FEWEST_SHARDS, MOST_SHARDS = 4, 8

# Holds the lock with which a writer of an SQLite file keeps other writers out. The lock goes when stdin does.
_HOLD_LOCK = """import sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
database.execute("BEGIN " + sys.argv[2])
print("locked", flush=True)
sys.stdin.read()
database.execute("ROLLBACK")
"""


class RoughTest(FleetTest):
    shards = 6
    failover_seconds = FAILOVER_SECONDS
    records = 0
    reshards = 0
    put_arguments = ()

    def through_dynamodb(self):
        """Lines on stdout; the writes to the lease table are watched on their way."""
        upstream = int(self.servers.dynamodb_url.rpartition(":")[2])
        proxy = self.enterContext(FaultProxy("127.0.0.1", upstream, keep=("UpdateItem", "PutItem")))
        roughness = self.run_roughly("dynamodb", ("kill", "pause_with_a_checkpoint_under_way", "pause", "end", "twin",
                                                  "split", "merge"), proxy, AWS_ENDPOINT_URL_DYNAMODB=proxy.url)
        writes = check_writes([write for write in map(write_of, proxy.journal) if write])
        print(writes, file=sys.stderr)
        self.assertEqual(writes.problems, [], roughness.story())
        self.assertGreater(writes.takes, self.shards)
        self.assertGreater(writes.late_checkpoints, 0, "no late checkpoint was sent: the test tests nothing\n" +
                           roughness.story())

    def through_sqlite(self):
        """Batches to commands, which tell when they were started and for which epoch."""
        self.worker = ExecWorker
        file = os.path.join(self.dir, "leases")
        roughness = self.run_roughly(f"sqlite:{file}", ("kill", "pause", "pause_with_the_lock", "lock",
                                                        "lock_out_readers", "end", "twin", "split", "merge"), file)
        calls = check_calls([call for worker in roughness.fleet.workers for call in worker.calls()],
                            roughness.pauses, roughness.locks, self.failover_seconds)
        print(calls, file=sys.stderr)
        self.assertEqual(calls.problems, [], roughness.story())
        self.assertGreater(calls.epochs, self.shards)
        self.assertTrue(roughness.locks, "nobody was locked out: the test tests nothing\n" + roughness.story())
        with sqlite3.connect(file) as database:
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])

    def run_roughly(self, store, kinds, lever, **environment):
        """Returns when all has been delivered, all processes have ended, and what every fleet promises was checked."""
        seed = int(os.environ.get("KCLPP_TEST_SEED") or random.SystemRandom().randrange(1_000_000))
        print(f"KCLPP_TEST_SEED={seed}", file=sys.stderr, flush=True)
        flags = ["--checkpoint-interval", str(CHECKPOINT_SECONDS)]
        with self.history(store) as history, self.fleet(store, *flags, **environment) as fleet:
            self.roughness = roughness = Roughness(self, fleet, history, random.Random(seed), kinds, lever)
            try:
                putter = self.put(self.records, "--rate", 250, *self.put_arguments)
                while putter.process.poll() is None:
                    roughness.step()
                    time.sleep(0.02)
                summary = putter.wait()
                puts = putter.puts()
                self.assertEqual(summary["records"], len(puts))
                roughness.settle()
                self.wait_until_delivered(fleet, puts)
                self.end(fleet)
                self.assert_promises_kept(puts, fleet, history, roughness.pauses)
            except BaseException:
                print(f"KCLPP_TEST_SEED={seed}\n{roughness.story()}", file=sys.stderr, flush=True)
                raise
        print(", ".join(f"{count} {kind}" for kind, count in roughness.done.items()), file=sys.stderr)
        return roughness

    def all_run(self, fleet):
        self.roughness.assert_none_failed()


class Roughness:
    """Workers with ids that outlive their processes, and what is done to them. `lever`: what an act needs beside them,
    the proxy before the lease table or the file that holds it."""

    def __init__(self, test, fleet, history, chance, kinds, lever):
        self.test, self.fleet, self._history, self._random = test, fleet, history, chance
        self._kinds, self._lever, self._hand = kinds, lever, []
        self._live, self._busy, self._due = {}, set(), []
        self._may_end_with = {}
        self._reshards, self._is_locked, self._lock_again = 0, False, 0.0
        self._events, self._begin = [], time.monotonic()
        self.pauses, self.locks, self.done = {}, [], {}
        for number in range(1, WORKERS + 1):
            self._start(f"worker-{number}")
        self._next = time.monotonic() + 2 * FAILOVER_SECONDS

    # --- the story ---

    def _tell(self, text):
        self._events.append(f"{time.monotonic() - self._begin:8.2f} {text}")

    def story(self):
        return "\n".join(["What happened, by seconds:", *self._events])

    def assert_none_failed(self):
        for worker in self.fleet.workers:
            right = (None, self._may_end_with.get(worker))
            self.test.assertIn(worker.process.poll(), right, f"{worker.name} ended:\n{worker.errors()}")

    # --- time ---

    def _later(self, seconds, act):
        self._due.append((time.monotonic() + seconds, act))

    def _run_due(self):
        now = time.monotonic()
        ready = [act for at, act in self._due if at <= now]
        self._due = [(at, act) for at, act in self._due if at > now]
        for act in ready:
            act()

    def step(self):
        self.assert_none_failed()
        self._run_due()
        if time.monotonic() < self._next:
            return
        # Each kind once before any comes again.
        if not self._hand:
            self._hand = self._random.sample(self._kinds, len(self._kinds))
        kind = self._hand.pop()
        if getattr(self, "_" + kind)():
            self.done[kind] = self.done.get(kind, 0) + 1
        self._next = time.monotonic() + self._random.uniform(0.5, 1.5) * FAILOVER_SECONDS

    def settle(self):
        """What was begun is ended; all workers run."""
        def is_settled():
            self.assert_none_failed()
            self._run_due()
            return not self._due

        self.test.wait_until("all acts ended", is_settled, 180)
        self._tell("settled")

    # --- processes ---

    def _start(self, name):
        self._live[name] = worker = self.fleet.start("--worker-id", name)
        self._tell(f"{name} is {worker.name}, pid {worker.process.pid}")
        return worker

    def _pick(self):
        """A worker whom nothing is being done to, rather one that has leases; None while too many are out of order. It
        has said that it started: until then it is a process like any other, which SIGTERM ends at once."""
        idle = [name for name in sorted(set(self._live) - self._busy) if self._live[name].errors()]
        if len(idle) <= WORKERS // 2:
            return None
        owners = {row.owner for row in self._history.polls[-1].rows.values()} if self._history.polls else set()
        name = self._random.choice([name for name in idle if name in owners] or idle)
        self._busy.add(name)
        return name

    def _restart(self, name):
        self._start(name)
        self._busy.discard(name)

    def _stop(self, worker):
        worker.process.send_signal(signal.SIGSTOP)
        return time.monotonic()

    def _go_on(self, worker, since):
        self.pauses.setdefault(worker.name, []).append((since, time.monotonic()))
        worker.process.send_signal(signal.SIGCONT)

    def _pause_for(self, name, seconds, since=None, why=""):
        worker = self._live[name]
        since = since or self._stop(worker)
        self._tell(f"SIGSTOP {worker.name} for {seconds:.1f} s{why}")

        def go_on():
            self._go_on(worker, since)
            self._tell(f"SIGCONT {worker.name}")
            self._busy.discard(name)
        self._later(seconds, go_on)
        return since

    def _terminate(self, worker, then):
        self._tell(f"SIGTERM {worker.name}")
        self._may_end_with[worker] = 0
        worker.process.terminate()
        patience = time.monotonic() + 90

        def look():
            if worker.process.poll() is not None:
                self._tell(f"{worker.name} has ended")
                return then()
            self.test.assertLess(time.monotonic(), patience, f"{worker.name} does not end:\n{worker.errors()}")
            self._later(0.05, look)
        look()

    # --- acts; true when done ---

    def _kill(self):
        if (name := self._pick()) is None:
            return False
        worker = self._live[name]
        self._tell(f"SIGKILL {worker.name}")
        self._may_end_with[worker] = -signal.SIGKILL
        worker.kill()
        self._later(self._random.uniform(0, 1.5) * FAILOVER_SECONDS, lambda: self._restart(name))
        return True

    def _end(self):
        if (name := self._pick()) is None:
            return False
        pause = self._random.uniform(0, FAILOVER_SECONDS)
        self._terminate(self._live[name], lambda: self._later(pause, lambda: self._restart(name)))
        return True

    def _pause(self):
        if (name := self._pick()) is None:
            return False
        self._pause_for(name, self._random.uniform(1.5, 3) * FAILOVER_SECONDS)
        return True

    def _pause_with_a_checkpoint_under_way(self):
        """Its checkpoint arrives when another has the lease."""
        if (name := self._pick()) is None:
            return False
        seconds = 3 * FAILOVER_SECONDS
        rule = {"operation": "UpdateItem", "fault": "stall_before", "seconds": seconds, "count": 1,
                "containing": [f'"{name}"', '"checkpoint"']}
        seen = len(self._lever.journal)
        self._lever.rules = [rule]
        patience = time.monotonic() + 2 * FAILOVER_SECONDS
        while not (held := [entry for entry in self._lever.journal[seen:] if entry["fault"]]):
            if time.monotonic() > patience:
                self._lever.rules = []
                self._busy.discard(name)
                self._tell(f"{name} sent no checkpoint")
                return False
            time.sleep(0.005)
        self._pause_for(name, seconds + 0.5, why=f", its checkpoint of {held[0]['key']} under way")
        return True

    def _pause_with_the_lock(self):
        """Stopped again and again, until it holds the lock of the lease file just then."""
        if self._must_not_lock() or (name := self._pick()) is None:
            return False
        worker = self._live[name]
        for attempt in range(1, 501):
            since = self._stop(worker)
            # A signal to another process is not there at once.
            time.sleep(0.002)
            if self._has_lock(worker.process.pid):
                seconds = self._random.uniform(1.5, 2.5) * FAILOVER_SECONDS
                self._pause_for(name, seconds, since, f", it holds the lock (try {attempt})")
                self._locked_for(seconds - 0.05, since + 0.01)
                return True
            self._go_on(worker, since)
            time.sleep(self._random.uniform(0.001, 0.02))
        self._busy.discard(name)
        self._tell(f"{worker.name} was stopped {attempt} times, and never held the lock")
        return False

    def _must_not_lock(self):
        return self._is_locked or time.monotonic() < self._lock_again

    def _locked_for(self, seconds, since):
        """Nobody writes from `since` on, which the caller sees to."""
        self._is_locked = True

        def unlock():
            self._is_locked = False
            # Who starts meanwhile tries again and again, ever more rarely, and gives up in the end.
            self._lock_again = time.monotonic() + 4 * FAILOVER_SECONDS
            self.locks.append((since, time.monotonic()))
        self._later(seconds, unlock)

    def _has_lock(self, pid):
        info = os.stat(self._lever)
        inode = f"{os.major(info.st_dev):02x}:{os.minor(info.st_dev):02x}:{info.st_ino}"
        with open("/proc/locks", encoding="ascii") as locks:
            return any(line.split()[3:6] == ["WRITE", str(pid), inode] for line in locks)

    def _lock(self, kind="IMMEDIATE"):
        """By another program, which is stopped itself."""
        if self._must_not_lock():
            return False
        holder = subprocess.Popen([sys.executable, "-c", _HOLD_LOCK, self._lever, kind], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        self.test.addCleanup(self._put_away, holder)
        self.test.assertEqual(holder.stdout.readline(), "locked\n")
        since = time.monotonic()
        holder.send_signal(signal.SIGSTOP)
        seconds = self._random.uniform(1.5, 2.5) * FAILOVER_SECONDS
        self._tell(f"BEGIN {kind} by pid {holder.pid}, stopped for {seconds:.1f} s")

        self._locked_for(seconds, since)

        def go_on():
            holder.send_signal(signal.SIGCONT)
            holder.stdin.close()
            self._tell(f"ROLLBACK by pid {holder.pid}")
        self._later(seconds, go_on)
        return True

    def _lock_out_readers(self):
        return self._lock("EXCLUSIVE")

    @staticmethod
    def _put_away(holder):
        if holder.poll() is None and not holder.stdin.closed:
            holder.kill()
            holder.stdin.close()
        holder.wait(30)
        holder.stdout.close()

    def _twin(self):
        """For a while two processes have one id; then either goes."""
        if (name := self._pick()) is None:
            return False
        pair = [self._live[name], self._start(name)]

        def part():
            goes, stays = self._random.sample(pair, 2)
            self._live[name] = stays
            self._terminate(goes, lambda: self._busy.discard(name))
        self._later(self._random.uniform(1, 2) * FAILOVER_SECONDS, part)
        return True

    # --- the stream ---

    def _open_shards(self):
        shards = [shard for shard in self.test.servers.admin("list-shards", self.test.stream)
                  if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
        shards.sort(key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))
        return [shard["ShardId"] for shard in shards]

    def _split(self):
        if self._is_locked:  # for no longer than was meant: this takes its time
            return False
        shards = self._open_shards()
        if self._reshards == self.test.reshards or len(shards) >= MOST_SHARDS:
            return False
        self._reshards += 1
        shard = self._random.choice(shards)
        self.test.servers.admin("split", self.test.stream, shard)
        self._tell(f"split {shard}")
        return True

    def _merge(self):
        if self._is_locked:
            return False
        shards = self._open_shards()
        if self._reshards == self.test.reshards or len(shards) <= FEWEST_SHARDS:
            return False
        self._reshards += 1
        index = self._random.randrange(len(shards) - 1)
        self.test.servers.admin("merge", self.test.stream, *shards[index:index + 2])
        self._tell(f"merged {shards[index]} and {shards[index + 1]}")
        return True
