"""A fleet of `kclpp consume` that is treated roughly for hours, but for its steady members, which nobody touches."""
import json
import os
import select
import signal
import subprocess

import producer
from account import Account
from servers import ENDS_WITH_US

_CHUNK = 1 << 18


class Member:
    """One process. Its stdout is read by us and kept nowhere, its stderr goes to NAME.err."""

    def __init__(self, name, command, environment, folder):
        self.name, self._rest, self._err = name, b"", os.path.join(folder, name + ".err")
        self.pipe, write = os.pipe()
        os.set_blocking(self.pipe, False)
        with open(self._err, "ab") as err:
            self.process = subprocess.Popen([*ENDS_WITH_US, *command], env=environment, stdin=subprocess.DEVNULL,
                                            stdout=write, stderr=err)
        os.close(write)

    def gave_up_at_its_start(self):
        """The servers did not answer for so long that it never began, as a worker must: whoever supervises it starts it
        again."""
        with open(self._err, encoding="utf-8", errors="replace") as err:
            ends = [line for line in err if " consume_ended " in line]
        return self.process.returncode == 1 and any(" records=0 shards=0 " in line for line in ends)

    def lines(self):
        """The whole lines that are there, and whether there can be more. A last one that was cut off is none: the
        member was killed while it wrote."""
        whole = []
        while True:
            try:
                block = os.read(self.pipe, _CHUNK)
            except BlockingIOError:
                return whole, True
            if not block:
                return whole, False
            *lines, self._rest = (self._rest + block).split(b"\n")
            whole += lines


class Fleet:
    """`steady` members and `shaken` ones on one stream of their own, which a producer feeds."""

    def __init__(self, name, kclpp, servers, folder, chance, seconds, *, steady, shaken, shards, rate, flags=()):
        self.name, self._chance, self._servers = name, chance, servers
        self._stream = f"soak-{name}"
        servers.admin("create-stream", self._stream, shards)
        self.account = Account(int(seconds * rate * 1.1) + 10_000)
        self._command = [kclpp, "consume", "--stream", self._stream, "--application", f"soak-{name}", "--lease-store",
                         "dynamodb", "--from", "TRIM_HORIZON", "--failover", "5", *flags]
        self._folder, self._environment = folder, servers.environment()
        self._open, self._poll = {}, select.poll()
        self._started, self.failures = 0, []
        self.done = {"killed": 0, "ended": 0, "gave_up_at_start": 0, "splits": 0, "merges": 0}
        self.steady = [self._start(f"{name}-steady-{number + 1}") for number in range(steady)]
        self._shaken = [self._start_another() for _ in range(shaken)]
        self._leaving = []
        self._producer = producer.Producer(servers.kinesis_url, self._stream, rate, self.account)

    def _start(self, name):
        member = Member(name, [*self._command, "--worker-id", name], self._environment, self._folder)
        self._open[member.pipe] = member
        self._poll.register(member.pipe, select.POLLIN)
        return member

    def _start_another(self):
        self._started += 1
        return self._start(f"{self.name}-{self._started}")

    def read(self):
        """Everything that was written until now."""
        for descriptor, _ in self._poll.poll(0):
            lines, is_open = self._open[descriptor].lines()
            for line in lines:
                self.account.deliver(producer.ordinal_of(json.loads(line)["data"]))
            if not is_open:
                self._poll.unregister(descriptor)
                del self._open[descriptor]
                os.close(descriptor)
        self.account.end_round()

    def check(self):
        """Notes who ended that should not have, and starts them again."""
        if self._producer.failure:
            self.failures.append(f"the producer of {self.name}: {self._producer.failure}")
            self._producer.failure = None
        for members, start in ((self.steady, self._start), (self._shaken, lambda _: self._start_another())):
            for index, member in enumerate(members):
                if member.process.poll() is None:
                    continue
                if member.gave_up_at_its_start():
                    self.done["gave_up_at_start"] += 1
                else:
                    self.failures.append(f"{member.name} ended by itself with {member.process.returncode}")
                members[index] = start(member.name)
        for member in list(self._leaving):
            if member.process.poll() is not None:
                self._leaving.remove(member)
                if member.process.returncode != 0:
                    self.failures.append(f"{member.name} ended with {member.process.returncode} after SIGTERM")

    def shake(self):
        """One member goes, most times by kill -9, and another comes."""
        if not self._shaken:
            return
        member = self._shaken.pop(self._chance.randrange(len(self._shaken)))
        if self._chance.random() < 0.7:
            member.process.send_signal(signal.SIGKILL)
            member.process.wait(30)
            self.done["killed"] += 1
        else:
            member.process.terminate()
            self._leaving.append(member)
            self.done["ended"] += 1
        self._shaken.append(self._start_another())

    def reshard(self, fewest, most):
        shards = [shard for shard in self._servers.admin("list-shards", self._stream)
                  if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
        shards.sort(key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))
        ids = [shard["ShardId"] for shard in shards]
        if len(ids) <= fewest or (len(ids) < most and self._chance.random() < 0.5):
            self._servers.admin("split", self._stream, self._chance.choice(ids))
            self.done["splits"] += 1
        else:
            index = self._chance.randrange(len(ids) - 1)
            self._servers.admin("merge", self._stream, *ids[index:index + 2])
            self.done["merges"] += 1

    def stop_putting(self):
        self._producer.end()

    def has_caught_up(self):
        return self.account.lost == 0

    def end(self, patience_seconds=60):
        """SIGTERM to all; what they still wrote is read."""
        members = [*self.steady, *self._shaken, *self._leaving]
        for member in members:
            member.process.terminate()
        for member in members:
            try:
                if member.process.wait(patience_seconds) != 0:
                    self.failures.append(f"{member.name} ended with {member.process.returncode} after SIGTERM")
            except subprocess.TimeoutExpired:
                self.failures.append(f"{member.name} did not end within {patience_seconds} s of SIGTERM")
                member.process.kill()
                member.process.wait(30)
        while self._open:
            self.read()
        for _ in range(5):
            self.account.end_round()

    def kill(self):
        """Whatever became of the soak."""
        self._producer.end()
        for member in [*self.steady, *self._shaken, *self._leaving]:
            if member.process.poll() is None:
                member.process.kill()
                member.process.wait(30)
