#!/usr/bin/env python3
"""Many records through a fleet of processes on `kclpp local`, with all going wrong that may: see scripts/million.

usage: million.py KCLPP [--records N] [--workers N] [--seed N] [--keep DIR]
"""
import argparse
import base64
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../interop"))
sys.dont_write_bytecode = True

from kinesis_client import Client, Refused
from local_server import LocalServer, clean_environment

STREAM = "million"
FEWEST_SHARDS, MOST_SHARDS = 4, 12
RECORDS_PER_PUT = 500
FAILOVER_SECONDS = 2
SECONDS_BETWEEN_ACTS = 1.0
# Slow enough that most of it happens while things go wrong.
PUTS_PER_SECOND = 12_000
PATIENCE_SECONDS = 900
# Of calls that a worker repeats. Puts are spared: one that is repeated unseen lands twice, and the count is of puts.
FAULTS = [("throttle", 0.03), ("internal_failure", 0.02), ("reset_before", 0.01), ("reset_after", 0.01),
          ("truncate", 0.01), ("expired_iterator", 0.01), ("kms_throttling", 0.01), ("slow", 0.02)]
READS = ("GetRecords", "GetShardIterator", "ListShards")


def fault_plan(seed):
    rules = [{"fault": fault, "operation": operation, "probability": chance, "delay_ms": 300}
             for fault, chance in FAULTS for operation in READS if fault != "expired_iterator" or operation == READS[0]]
    return {"seed": seed, "rules": [*rules, {"fault": "partial_list", "probability": 0.1}]}


class Fleet:
    """Workers by number; each life of one writes a file of its own."""

    def __init__(self, program, url, folder, count):
        self._program, self._folder = program, folder
        self._environment = clean_environment(AWS_ENDPOINT_URL_KINESIS=url, AWS_REGION="us-east-1",
                                              AWS_ACCESS_KEY_ID="local", AWS_SECRET_ACCESS_KEY="local")
        self.lives, self._live, self.kills = [], {}, 0
        for number in range(count):
            self.start(number)

    def start(self, number):
        out = os.path.join(self._folder, f"{len(self.lives):03}.out")
        self.lives.append(out)
        with open(out, "wb") as stdout, open(out.replace(".out", ".err"), "wb") as stderr:
            self._live[number] = subprocess.Popen(
                [self._program, "consume", "--stream", STREAM, "--application", "million", "--from", "TRIM_HORIZON",
                 "--lease-store", f"sqlite:{self._folder}/leases", "--failover", str(FAILOVER_SECONDS), "--format",
                 "raw"],
                stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=self._environment)

    def kill_one(self, chance):
        number = chance.choice(sorted(self._live))
        self._live[number].kill()
        self._live[number].wait()
        self.kills += 1
        self.start(number)

    def check(self):
        for number, process in self._live.items():
            if process.poll() is not None:
                raise RuntimeError(f"worker {number} ended by itself with {process.returncode}")

    def end(self):
        """exit codes"""
        for process in self._live.values():
            process.send_signal(signal.SIGTERM)
        return [process.wait(60) for process in self._live.values()]

    def put_away(self):
        for process in self._live.values():
            if process.poll() is None:
                process.kill()
                process.wait()


class Count:
    """Reads what the workers wrote, as it grows. A last line that is cut off belongs to a killed worker."""

    def __init__(self, records):
        self.seen, self.distinct, self.delivered = bytearray(records), 0, 0
        self._read = {}

    def look(self, files):
        for name in files:
            offset = self._read.get(name, 0)
            with open(name, "rb") as file:
                file.seek(offset)
                block = file.read()
            whole = block[:block.rfind(b"\n") + 1]
            self._read[name] = offset + len(whole)
            for line in whole.split():
                number = int(line)
                self.delivered += 1
                if not self.seen[number]:
                    self.seen[number] = 1
                    self.distinct += 1


def put_all(url, records, failures):
    try:
        client, begin = Client(url), time.monotonic()
        for first in range(0, records, RECORDS_PER_PUT):
            entries = [{"PartitionKey": f"key-{number % 997}", "Data": base64.b64encode(b"%d" % number).decode()}
                       for number in range(first, min(first + RECORDS_PER_PUT, records))]
            answer = client.call("PutRecords", StreamName=STREAM, Records=entries)
            if answer["FailedRecordCount"]:
                raise RuntimeError("a put was refused")
            time.sleep(max(0.0, begin + first / PUTS_PER_SECOND - time.monotonic()))
    except Exception as failure:  # told by the main thread
        failures.append(failure)


class Reshards:
    def __init__(self, client, chance):
        self._client, self._chance, self.splits, self.merges = client, chance, 0, 0

    def _open(self):
        shards, token = [], {"StreamName": STREAM}
        while True:
            page = self._client.call("ListShards", **token)
            shards += page["Shards"]
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
        shards = [one for one in shards if "EndingSequenceNumber" not in one["SequenceNumberRange"]]
        return sorted(shards, key=lambda one: int(one["HashKeyRange"]["StartingHashKey"]))

    def act(self):
        """A split or a merge; neither when a fault is in the way."""
        try:
            shards = self._open()
            split = len(shards) <= FEWEST_SHARDS or len(shards) < MOST_SHARDS and self._chance.random() < 0.5
            if split:
                shard = self._chance.choice(shards)
                ends = [int(shard["HashKeyRange"][name]) for name in ("StartingHashKey", "EndingHashKey")]
                self._client.call("SplitShard", StreamName=STREAM, ShardToSplit=shard["ShardId"],
                                  NewStartingHashKey=str(sum(ends) // 2 + 1))
                self.splits += 1
            else:
                index = self._chance.randrange(len(shards) - 1)
                self._client.call("MergeShards", StreamName=STREAM, ShardToMerge=shards[index]["ShardId"],
                                  AdjacentShardToMerge=shards[index + 1]["ShardId"])
                self.merges += 1
        except (Refused, OSError, ValueError):
            self._client.close()


def run(program, options, folder):
    chance = random.Random(options.seed)
    with LocalServer(program, "--no-limits", "--stream", f"{STREAM}:6") as server:
        begin = time.monotonic()
        client = Client(server.url)
        client.put_faults(fault_plan(options.seed))
        failures, count = [], Count(options.records)
        putter = threading.Thread(target=put_all, args=(server.url, options.records, failures), daemon=True)
        putter.start()
        reshards = Reshards(Client(server.url), chance)
        fleet = Fleet(program, server.url, folder, options.workers)
        try:
            next_act = begin + SECONDS_BETWEEN_ACTS
            while count.distinct < options.records and time.monotonic() < begin + PATIENCE_SECONDS and not failures:
                time.sleep(0.3)
                fleet.check()
                count.look(fleet.lives)
                if time.monotonic() >= next_act:
                    fleet.kill_one(chance) if chance.random() < 0.5 else reshards.act()
                    next_act = time.monotonic() + SECONDS_BETWEEN_ACTS
            codes = fleet.end()
            count.look(fleet.lives)
            hits = sum(rule["hits"] for rule in client.faults()["rules"])
        finally:
            fleet.put_away()
        if failures:
            raise failures[0]
        if any(codes):
            raise RuntimeError(f"workers ended with {codes}")
    lost = options.records - count.distinct
    duplicated = count.delivered - count.distinct
    print(f"put {options.records}, lost {lost}, duplicated {duplicated}; "
          f"{options.workers} workers, {fleet.kills} kills, "
          f"{reshards.splits} splits, {reshards.merges} merges, {hits} faults; "
          f"{time.monotonic() - begin:.0f} s; seed {options.seed}")
    return 0 if lost == 0 else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=5)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--keep")
    options = parser.parse_args()
    if options.keep:
        os.makedirs(options.keep)
        return run(options.program, options, os.path.abspath(options.keep))
    with tempfile.TemporaryDirectory() as folder:
        return run(options.program, options, folder)


if __name__ == "__main__":
    sys.exit(main())
