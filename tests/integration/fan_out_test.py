"""Enhanced fan-out, as users run it: `kclpp consume --fan-out` on `kclpp local`. Every record comes, in order, while
shards are split and merged, streams break and a worker is killed; parents are read to their end before their children.

usage: fan_out_test.py KCLPP [unittest arguments]
"""
import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../interop"))
sys.dont_write_bytecode = True

from kinesis_client import Client
from local_server import LocalServer, clean_environment

PROGRAM = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else None
STREAM = "orders"
KEYS = 50
PATIENCE_SECONDS = 90
# A worker that polls, be it once, is noticed: it is refused, and the refusals are counted.
NO_POLLING = [{"operation": operation, "fault": "access_denied"} for operation in ("GetRecords", "GetShardIterator")]
BROKEN_STREAMS = [{"operation": "SubscribeToShard", "fault": fault, "probability": 0.15}
                  for fault in ("stream_cut", "stream_bad_crc", "stream_exception")]


def shard_id(number):
    return f"shardId-{number:012}"


class Puts(threading.Thread):
    """Puts `rounds` requests, each with one record of every key: Kinesis promises no order within a request."""

    def __init__(self, url, rounds, pause=0.0):
        super().__init__(daemon=True)
        self._client, self._rounds, self._pause = Client(url), rounds, pause
        self.done, self.failure, self.wanted = 0, None, rounds * KEYS

    def run(self):
        try:
            for number in range(self._rounds):
                entries = [{"PartitionKey": f"key-{key}", "Data": base64.b64encode(b"%d" % number).decode()}
                           for key in range(KEYS)]
                if self._client.call("PutRecords", StreamName=STREAM, Records=entries)["FailedRecordCount"]:
                    raise RuntimeError("a put was refused")
                self.done = number + 1
                time.sleep(self._pause)
        except Exception as failure:  # told by the main thread
            self.failure = failure
        finally:
            self._client.close()

    def wait_for(self, rounds):
        while self.done < rounds and self.is_alive():
            time.sleep(0.02)
        if self.failure:
            raise self.failure


class Worker:
    """`kclpp consume --fan-out`, with files for what it says."""

    def __init__(self, url, folder, name, *flags):
        self.out, self.err = (os.path.join(folder, f"{name}.{end}") for end in ("out", "err"))
        environment = clean_environment(AWS_ENDPOINT_URL_KINESIS=url, AWS_REGION="us-east-1",
                                        AWS_ACCESS_KEY_ID="local", AWS_SECRET_ACCESS_KEY="local")
        with open(self.out, "wb") as stdout, open(self.err, "wb") as stderr:
            self.process = subprocess.Popen(
                [PROGRAM, "consume", "--stream", STREAM, "--application", "billing", "--lease-store",
                 f"sqlite:{folder}/leases", "--from", "TRIM_HORIZON", "--text", "--fan-out", *flags],
                stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=environment)

    def records(self):
        """A last line that is cut off belongs to a worker that was killed."""
        with open(self.out, encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.endswith("\n")]

    def errors(self):
        with open(self.err, encoding="utf-8") as file:
            return file.read()

    def kill(self):
        self.process.kill()
        self.process.wait()


class Consume(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(LocalServer(PROGRAM, "--stream", f"{STREAM}:2"))
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.client = Client(self.server.url)
        self.addCleanup(self.client.close)
        self.workers = []

    def worker(self, *flags):
        started = Worker(self.server.url, self.folder, f"worker-{len(self.workers)}", *flags)
        self.workers.append(started)
        self.addCleanup(started.process.wait)
        self.addCleanup(started.process.kill)
        return started

    def puts(self, rounds, pause=0.0):
        started = Puts(self.server.url, rounds, pause)
        started.start()
        return started

    def delivered(self):
        return [record for worker in self.workers for record in worker.records()]

    def wait_for_everything(self, puts):
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            distinct = len({(one["partition_key"], one["data"]) for one in self.delivered()})
            if puts.failure:
                raise puts.failure
            if distinct == puts.wanted:
                return
            if time.monotonic() > end:
                self.fail(f"{distinct} of {puts.wanted} records came; " + "".join(one.errors() for one in self.workers))
            time.sleep(0.2)

    def end(self, worker):
        worker.process.send_signal(signal.SIGTERM)
        self.assertEqual(worker.process.wait(60), 0, worker.errors())

    def leases(self):
        got = subprocess.run([PROGRAM, "leases", "list", "--application", "billing", "--lease-store",
                              f"sqlite:{self.folder}/leases", "--watch", "0", "--json"], env=clean_environment(),
                             capture_output=True, text=True, timeout=60)
        self.assertEqual(got.returncode, 0, got.stderr)
        return json.loads(got.stdout)["leases"]

    def assert_never_polled(self):
        hits = {rule["operation"]: rule["hits"] for rule in self.client.faults()["rules"][:len(NO_POLLING)]}
        self.assertEqual(set(hits.values()), {0}, hits)
        self.assertNotIn("fan_out_refused", "".join(one.errors() for one in self.workers))

    def active(self):
        while self.client.call("DescribeStreamSummary", StreamName=STREAM)["StreamDescriptionSummary"][
                "StreamStatus"] != "ACTIVE":
            time.sleep(0.05)

    def split(self, number):
        self.active()
        shard = shard_id(number)
        shards = {one["ShardId"]: one["HashKeyRange"]
                  for one in self.client.call("ListShards", StreamName=STREAM)["Shards"]}
        ends = (int(shards[shard]["StartingHashKey"]), int(shards[shard]["EndingHashKey"]))
        self.client.call("SplitShard", StreamName=STREAM, ShardToSplit=shard,
                         NewStartingHashKey=str(sum(ends) // 2 + 1))

    def merge(self, number, adjacent):
        self.active()
        self.client.call("MergeShards", StreamName=STREAM, ShardToMerge=shard_id(number),
                         AdjacentShardToMerge=shard_id(adjacent))

    def assert_in_order(self, records):
        """Of each key: every number once, the next after the one before, over splits and merges."""
        by_key = {}
        for one in records:
            by_key.setdefault(one["partition_key"], []).append(int(one["data"]))
        self.assertEqual(len(by_key), KEYS)
        for key, numbers in by_key.items():
            self.assertEqual(numbers, list(range(len(numbers))), key)

    def test_every_record_in_order_while_shards_are_split_and_merged(self):
        self.client.put_faults({"seed": 1, "rules": NO_POLLING})
        worker = self.worker("--consumer-name", "reader", "--failover", "5")
        puts = self.puts(100, pause=0.06)
        puts.wait_for(20)
        self.split(0)  # into 2 and 3
        puts.wait_for(40)
        self.merge(3, 1)  # into 4
        puts.wait_for(60)
        self.split(4)  # into 5 and 6
        self.wait_for_everything(puts)
        self.end(worker)
        records = worker.records()
        self.assertEqual(len(records), puts.wanted)
        self.assert_in_order(records)
        self.assertEqual({one["shard"] for one in records}, {shard_id(number) for number in range(7)})
        states = {one["shard"]: one["verdict"] for one in self.leases()}
        self.assertEqual({shard for shard, state in states.items() if state == "ended"},
                         {shard_id(number) for number in (0, 1, 3, 4)}, states)
        self.assert_never_polled()
        stream = self.client.call("DescribeStreamSummary", StreamName=STREAM)["StreamDescriptionSummary"]
        consumers = self.client.call("ListStreamConsumers", StreamARN=stream["StreamARN"])["Consumers"]
        self.assertEqual([one["ConsumerName"] for one in consumers], ["reader"])

    def test_streams_that_break_and_a_worker_that_is_killed_lose_nothing(self):
        self.client.put_faults({"seed": 2, "rules": NO_POLLING + BROKEN_STREAMS})
        first, second = self.worker("--failover", "2"), self.worker("--failover", "2")
        puts = self.puts(100, pause=0.05)
        puts.wait_for(40)
        first.kill()
        self.wait_for_everything(puts)
        self.end(second)
        broken = {rule["fault"]: rule["hits"] for rule in self.client.faults()["rules"][len(NO_POLLING):]}
        self.assertGreater(sum(broken.values()), 0, "no stream was broken: the test tests nothing")
        self.assert_never_polled()

    def test_it_ends_once_it_has_caught_up_and_goes_on_from_there(self):
        self.client.put_faults({"seed": 3, "rules": NO_POLLING})
        puts = self.puts(4)
        puts.wait_for(4)
        for records in (puts.wanted, 0):
            worker = self.worker("--exit-when-caught-up")
            self.assertEqual(worker.process.wait(60), 0, worker.errors())
            self.assertEqual(len(worker.records()), records)
            # Every shard has a connection of its own, at once: none waits for the stream of another to end.
            self.assertNotIn("waited for a free connection", worker.errors())
        self.assert_never_polled()

    def test_where_it_is_refused_shards_are_polled_if_that_was_asked_for(self):
        self.client.put_faults({"seed": 4, "rules": [{"operation": "SubscribeToShard", "fault": "access_denied"}]})
        puts = self.puts(4)
        worker = self.worker("--poll-if-refused")
        self.wait_for_everything(puts)
        self.end(worker)
        self.assertIn("fan_out_refused", worker.errors())


if __name__ == "__main__":
    unittest.main()
