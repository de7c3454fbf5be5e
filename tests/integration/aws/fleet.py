"""A fleet of `kclpp consume` and what its workers wrote, each line with the bounds of when; and the putter."""
import base64
import hashlib
import json
import os
import select
import signal
import subprocess
import threading
import time

from checker import Delivery, Put
from fencing import Call
from servers import ENDS_WITH_US, TOOLS

_CHUNK = 1 << 20


class Worker:
    """One process. Its stdout is a pipe that the fleet empties into NAME.out, its stderr goes to NAME.err."""

    def __init__(self, name, command, environment, folder):
        self.name, self.out, self.err = name, os.path.join(folder, name + ".out"), os.path.join(folder, name + ".err")
        self.lines, self._rest = [], b""
        read, write = os.pipe()
        os.set_blocking(read, False)
        self.pipe, self.empty_at = read, time.monotonic()
        self._copy = open(self.out, "wb")
        with open(self.err, "wb") as err:
            self.process = subprocess.Popen([*ENDS_WITH_US, *command], env=environment, stdin=subprocess.DEVNULL,
                                            stdout=write, stderr=err)
        os.close(write)

    def read(self):
        """Takes what the pipe holds; false when its other end is closed and nothing is left."""
        while True:
            before = time.monotonic()
            try:
                block = os.read(self.pipe, _CHUNK)
            except BlockingIOError:
                self.empty_at = before
                return True
            if not block:
                self.close()
                return False
            self._copy.write(block)
            *whole, self._rest = (self._rest + block).split(b"\n")
            after = time.monotonic()
            self.lines += [(line, self.empty_at, after) for line in whole]

    def close(self):
        """Its reader goes away. Harmless when that has happened."""
        if not self._copy.closed:
            os.close(self.pipe)
            self._copy.close()

    def numbers(self):
        """The records delivered by now, as (shard, number). For a look while all runs: hashes nothing."""
        records = [json.loads(line) for line, _, _ in list(self.lines)]
        return {(record["shard"], int(record["sequence_number"])) for record in records}

    def deliveries(self):
        """A last line that was cut off is none: the worker was killed while it wrote, and nothing vouches for it."""
        return [self.delivery(json.loads(line), low, high) for line, low, high in list(self.lines)]

    def delivery(self, record, low, high):
        sha256 = hashlib.sha256(base64.b64decode(record["data"], validate=True)).hexdigest()
        number = int(record["sequence_number"])
        return Delivery(self.name, record["shard"], number, record["partition_key"], sha256, low, high)

    def errors(self):
        """What it wrote to stderr, for a message."""
        with open(self.err, encoding="utf-8", errors="replace") as err:
            return err.read()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)


# Tells of its run on stdout, in lines that no other's can get into, and keeps the batch in a file of its own. /proc
# knows when the process was made, which is when kclpp began the call.
_TELLING = """read -r stat </proc/$$/stat
printf 'begin %s %s %s %s\\n' "$KCLPP_SHARD" "$KCLPP_EPOCH" "$KCLPP_FIRST_SEQUENCE" "$stat"
file=$KCLPP_TEST_BATCHES/$$.$KCLPP_EPOCH.$KCLPP_FIRST_SEQUENCE
cat >"$file"
printf 'end %s %s %s\\n' "$KCLPP_RECORDS" "$file" "$stat"
"""
_BORN_FIELD = 19  # of /proc/PID/stat, counted from behind the name


class ExecWorker(Worker):
    """One with --exec: each batch goes to a command that tells when it was started and for which epoch."""

    def __init__(self, name, command, environment, folder):
        self._batches, self._known = os.path.join(folder, name + ".batches"), {}
        os.mkdir(self._batches)
        super().__init__(name, [*command, "--exec", _TELLING], {**environment, "KCLPP_TEST_BATCHES": self._batches},
                         folder)

    def _told(self, what):
        return [(line.decode().split(), low, high) for line, low, high in list(self.lines)
                if line.startswith(what + b" ")]

    @staticmethod
    def _born(stat):
        """By time.monotonic, at the earliest: whole ticks since the system was started."""
        behind_name = " ".join(stat).rpartition(")")[2].split()
        since_boot = int(behind_name[_BORN_FIELD]) / os.sysconf("SC_CLK_TCK")
        return since_boot - (time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic())

    def calls(self):
        return [Call(self.name, shard, int(epoch), self._born(stat))
                for (_, shard, epoch, _, *stat), _, _ in self._told(b"begin")]

    def _records(self, file, count):
        """None of a batch that is not there as a whole: kclpp was killed while it wrote it."""
        if file not in self._known:
            with open(file, encoding="utf-8") as batch:
                records = [json.loads(line) for line in batch if line.endswith("\n")]
            self._known[file] = records if len(records) == int(count) else []
        return self._known[file]

    def numbers(self):
        return {(record["shard"], int(record["sequence_number"]))
                for (_, count, file, *_), _, _ in self._told(b"end") for record in self._records(file, count)}

    def deliveries(self):
        return [self.delivery(record, self._born(stat), high)
                for (_, count, file, *stat), _, high in self._told(b"end") for record in self._records(file, count)]


class Fleet:
    """Starts workers of `kind`, and empties their pipes on a thread of its own until `with` ends, which ends those that
    run."""

    def __init__(self, kclpp, arguments, environment, folder, kind=Worker):
        self._kind = kind
        self._command, self._environment, self._folder = [kclpp, "consume", *arguments], environment, folder
        self.workers, self._open = [], {}
        self._poll, self._end = select.poll(), threading.Event()
        self._thread = threading.Thread(target=self._empty, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.kill()
        self._end.set()
        self._thread.join(60)
        for worker in self.workers:
            worker.close()

    def start(self, *arguments, is_read=True, **environment):
        worker = self._kind(f"w{len(self.workers) + 1}", [*self._command, *arguments],
                            {**self._environment, **environment}, self._folder)
        self.workers.append(worker)
        if is_read:
            self.read(worker)
        return worker

    def read(self, worker):
        """From now on, of one that was started with `is_read=False`: until then its pipe fills up and stays full."""
        self._open[worker.pipe] = worker
        self._poll.register(worker.pipe, select.POLLIN)

    def running(self):
        return [worker for worker in self.workers if worker.process.poll() is None]

    def _empty(self):
        while self._open or not self._end.is_set():
            for descriptor, _ in self._poll.poll(20):
                if not self._open[descriptor].read():
                    self._poll.unregister(descriptor)
                    del self._open[descriptor]

    def delivered(self):
        """How many lines there are by now."""
        return sum(len(worker.lines) for worker in self.workers)

    def numbers(self):
        """As Worker.numbers, of all."""
        return set().union(*(worker.numbers() for worker in self.workers))

    def deliveries(self):
        return [delivery for worker in self.workers for delivery in worker.deliveries()]

    def end(self, seconds=60):
        """SIGTERM to all that run; their exit codes by name, once everything they wrote was read."""
        ended = self.running()
        for worker in ended:
            worker.process.terminate()
        codes = {worker.name: worker.process.wait(seconds) for worker in ended}
        self._end.set()
        self._thread.join(60)
        return codes


class Putter:
    """tests/servers/put.mjs beside the test; straight to the server, whatever proxy the workers go through."""

    def __init__(self, servers, stream, index, folder, *arguments):
        self.journal = os.path.join(folder, f"{stream}.puts")
        with open(self.journal, "w", encoding="utf-8"):
            pass
        self.process = subprocess.Popen(
            [*ENDS_WITH_US, "node", os.path.join(TOOLS, "put.mjs"), "--stream", stream, "--input", index,
             "--journal", self.journal, *map(str, arguments)], env=servers.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def acknowledged(self):
        """How many records are on the stream by now."""
        with open(self.journal, "rb") as journal:
            return sum(block.count(b"\n") for block in iter(lambda: journal.read(_CHUNK), b""))

    def puts(self):
        with open(self.journal, encoding="utf-8") as journal:
            return [Put(line["shard"], int(line["sequence_number"]), line["key"], line["sha256"], line["ordinal"])
                    for line in map(json.loads, journal)]

    def wait(self, seconds=300):
        out, err = self.process.communicate(timeout=seconds)
        if self.process.returncode != 0:
            raise RuntimeError(f"put.mjs: {err}")
        return json.loads(out)

    def end(self):
        """Whatever became of the test."""
        if self.process.returncode is None:
            self.process.kill()
            self.process.communicate()


def package_index(folder, count):
    """So many stanzas of this machine's index of Debian packages, or all that there are: those that apt knows, or,
    where apt has no lists, those that are installed."""
    file = os.path.join(folder, "packages")
    missing = count
    with open(file, "wb") as out, subprocess.Popen(["apt-cache", "dumpavail"], stdin=subprocess.DEVNULL,
                                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as index:
        for line in index.stdout:
            out.write(line)
            missing -= line == b"\n"
            if missing == 0:
                break
        index.kill()
    return file if missing < count / 2 else "/var/lib/dpkg/status"
