"""Memory and CPU of `kclpp multilang` with one child a shard, beside the JVM's daemon on the same stream with the same
child, one after the other in one run; those of the children apart.

usage: multilang.py KCLPP [--shards N]... [--records N] [--rate N] [--no-jvm] [--json]

Kinesis is `kclpp local`, with nghttpx before it for both, since the JVM's daemon speaks HTTP/2 without TLS; DynamoDB is
dynalite. Each daemon first reads what is there, stands idle, and then gets the records at the rate.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "../..")
sys.path.insert(0, os.path.join(ROOT, "tests/integration/aws"))
sys.dont_write_bytecode = True

import jvm_daemon
from fleet import ENDS_WITH_US, Putter, package_index
from measured import children_of, cost
from servers import Servers

WARM_UP_RECORDS = 5_000
IDLE_SECONDS = 20
PATIENCE_SECONDS = 600


class Figure(NamedTuple):
    name: str
    value: float
    unit: str


class Run:
    """One daemon on one stream. `figures` is what it cost."""

    def __init__(self, name, command, servers, kinesis_url, folder):
        self.name, self._servers, self._folder = name, servers, os.path.join(folder, name.split()[0])
        self._counts = os.path.join(self._folder, "counts")
        os.makedirs(self._counts)
        self.application = "bench-" + name.split()[0]
        properties = os.path.join(self._folder, "bench.properties")
        with open(properties, "w", encoding="latin-1") as out:
            out.write(f"""executableName = {sys.executable} {HERE}/child.py
applicationName = {self.application}
streamName = bench
AwsCredentialsProvider = DefaultCredentialsProvider
initialPositionInStream = TRIM_HORIZON
regionName = us-east-1
kinesisEndpoint = {kinesis_url}
dynamoDBEndpoint = {servers.dynamodb_url}
retrievalMode = POLLING
idleTimeBetweenReadsInMillis = 1000
metricsLevel = NONE
shutdownGraceMillis = 20000
""")
        self._command = [*command, "--properties-file", properties]
        self.figures = []

    def _say(self, name, value, unit):
        self.figures.append(Figure(name, value, unit))

    def _given(self):
        """Records and batches, to all children together."""
        records = batches = 0
        for count in os.listdir(self._counts):
            with open(os.path.join(self._counts, count), encoding="ascii") as file:
                words = [int(word) for word in file.read().split()] or [0, 0]
            records, batches = records + words[0], batches + words[1]
        return records, batches

    def _wait(self, what, done):
        end = time.monotonic() + PATIENCE_SECONDS
        while not done():
            if self.daemon.poll() is not None or time.monotonic() > end:
                with open(self._folder + "/daemon.log", encoding="utf-8", errors="replace") as log:
                    raise RuntimeError(f"{self.name}: not all {what}; its log:\n{log.read()[-3000:]}")
            time.sleep(0.2)

    def measure(self, shards, on_stream, index, records, rate):
        """`on_stream` records are there; how many are there afterwards."""
        with open(self._folder + "/daemon.log", "wb") as log:
            self.daemon = subprocess.Popen([*ENDS_WITH_US, *self._command], cwd=self._folder, stdout=log, stderr=log,
                                           env=self._servers.environment(KCLPP_BENCH_COUNTS=self._counts),
                                           stdin=subprocess.DEVNULL)
        try:
            return self._measure(shards, on_stream, index, records, rate)
        finally:
            if self.daemon.poll() is None:
                self.daemon.terminate()
                self.daemon.wait(90)

    def _measure(self, shards, on_stream, index, records, rate):
        begin = time.monotonic()
        self._wait("children run", lambda: len(children_of(self.daemon.pid)) >= shards)
        self._say("all children run after", time.monotonic() - begin, "s")
        self._wait("records came", lambda: self._given()[0] >= on_stream)
        time.sleep(5)
        before, begin = cost(self.daemon.pid), time.monotonic()
        time.sleep(IDLE_SECONDS)
        idle = cost(self.daemon.pid)
        self._say("idle, of a core", (idle.cpu_seconds - before.cpu_seconds) / (time.monotonic() - begin) * 100, "%")
        self._say("idle, memory", idle.rss_megabytes, "MB")
        self._say("threads", idle.threads, "")

        children = [cost(pid).cpu_seconds for pid in children_of(self.daemon.pid)]
        batches = self._given()[1]
        before = cost(self.daemon.pid)
        putter = Putter(self._servers, "bench", index, self._folder, "--count", records, "--rate", rate)
        putter.wait(PATIENCE_SECONDS)
        on_stream += len(putter.puts())
        self._wait("records came", lambda: self._given()[0] >= on_stream)
        after = cost(self.daemon.pid)
        family = [cost(pid) for pid in children_of(self.daemon.pid)]
        put = len(putter.puts())
        self._say("records in a batch", put / (self._given()[1] - batches), "")
        self._say("CPU of a record", (after.cpu_seconds - before.cpu_seconds) / put * 1e6, "us")
        self._say("memory, busy", after.rss_megabytes, "MB")
        self._say("memory at most", after.most_megabytes, "MB")
        theirs = sum(one.cpu_seconds for one in family) - sum(children)
        self._say("the children's CPU of a record", theirs / put * 1e6, "us")
        self._say("a child's memory", sum(one.rss_megabytes for one in family) / len(family), "MB")
        return on_stream


def tell(shards, runs, missing, as_json):
    """`runs`: kclpp's, and the JVM's unless `missing` says why there is none."""
    ours, theirs = runs[0], runs[1:]
    for i, figure in enumerate(ours.figures):
        name = f"multilang, {shards} shards: {figure.name}"
        line = {"name": name, "value": round(figure.value, 3), "unit": figure.unit}
        if theirs:
            against = theirs[0].figures[i].value
            line |= {"against": theirs[0].name, "against_value": round(against, 3),
                     "ratio": round(figure.value / against, 3) if against else None}
        else:
            line |= {"against": "not measured: " + missing}
        if as_json:
            print(json.dumps(line), flush=True)
        else:
            other = "not measured"
            if theirs:
                other = f"{line['against_value']:>10.4g} {figure.unit:<3} {line['ratio']} x"
            print(f"{name:<56} {figure.value:>8.4g} {figure.unit:<3} {other}", flush=True)


def measure(arguments, shards, jvm, missing):
    with tempfile.TemporaryDirectory(prefix="kclpp-bench-") as folder, \
            Servers(folder, kclpp_kinesis=arguments.kclpp) as servers:
        url, front = servers.kinesis_url, None
        if jvm:
            url, front = jvm_daemon.http2_front(url, folder, ENDS_WITH_US)
        try:
            servers.admin("create-stream", "bench", shards)
            warm_up = Putter(servers, "bench", package_index(folder, WARM_UP_RECORDS), folder, "--count",
                             WARM_UP_RECORDS)
            warm_up.wait(PATIENCE_SECONDS)
            on_stream = len(warm_up.puts())
            index = package_index(folder, arguments.records)
            runs = [Run("kclpp", [arguments.kclpp, "multilang"], servers, url, folder)]
            if jvm:
                runs.append(Run(jvm_daemon.NAME, jvm, servers, url, folder))
                servers.create_table(jvm_daemon.lease_table(runs[1].application))
            for run in runs:
                on_stream = run.measure(shards, on_stream, index, arguments.records, arguments.rate)
        finally:
            if front:
                front.kill()
                front.wait()
    tell(shards, runs, missing, arguments.json)


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench multilang")
    parser.add_argument("kclpp")
    parser.add_argument("--shards", type=int, action="append")
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--rate", type=int, default=500, help="records a second")
    parser.add_argument("--no-jvm", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    arguments.kclpp = os.path.abspath(arguments.kclpp)
    jvm, missing = None, "--no-jvm"
    if not arguments.no_jvm:
        try:
            jvm = jvm_daemon.command(os.path.join(ROOT, "build"))
        except jvm_daemon.NotHere as reason:
            missing = str(reason)
            print(f"the JVM's daemon is not measured: {missing}", file=sys.stderr)
    for shards in arguments.shards or [16, 64]:
        measure(arguments, shards, jvm, missing)


main()
