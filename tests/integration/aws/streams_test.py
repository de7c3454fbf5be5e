"""`kclpp consume --streams` on real servers: several streams read by one fleet in one lease table, while workers are
killed and a stream is split.

usage: streams_test.py KCLPP [unittest arguments]
"""
import json
import sys

sys.dont_write_bytecode = True

from fleet import Putter, Worker, package_index
from fleet_case import FleetTest, main


class StreamsWorker(Worker):
    """Its lines name the stream."""

    def numbers(self):
        records = [json.loads(line) for line, _, _ in list(self.lines)]
        return {(record["stream"], record["shard"], int(record["sequence_number"])) for record in records}


class Streams(FleetTest):
    shards = 2
    worker = StreamsWorker
    stream_flag = "--streams"

    def setUp(self):
        super().setUp()
        self.names = [self.stream, f"{self.stream}-other"]
        self.servers.admin("create-stream", self.names[1], 1)
        self.stream = ",".join(self.names)

    def put_into(self, name, index):
        putter = Putter(self.servers, name, index, self.dir, "--count", 600, "--rate", 50)
        self.addCleanup(putter.end)
        return putter

    def test_a_fleet_of_several_streams_loses_nothing_when_workers_are_killed_and_one_is_split(self):
        with self.fleet("dynamodb", "--checkpoint-interval", "0.5") as fleet:
            first = fleet.start()
            index = package_index(self.dir, 600)
            putters = {name: self.put_into(name, index) for name in self.names}
            fleet.start()
            self.wait_until_put(putters[self.names[1]], fleet, 150)
            first.kill()
            shard = self.servers.admin("list-shards", self.names[0])[0]["ShardId"]
            self.servers.admin("split", self.names[0], shard)
            fleet.start()
            wanted = set()
            for name, putter in putters.items():
                putter.wait(300)
                wanted |= {(name, put.shard, put.number) for put in putter.puts()}
            self.wait_until("everything is delivered", lambda: wanted <= fleet.numbers(), 120)
            self.end(fleet)
            self.assertEqual(fleet.numbers() - wanted, set(), "what nobody put")
        keys = {row["leaseKey"]["S"] for row in self.servers.scan(self.application)}
        self.assertEqual({key.split(":")[1] for key in keys}, set(self.names))
        ended = [row for row in self.servers.scan(self.application) if row["checkpoint"]["S"] == "SHARD_END"]
        self.assertEqual([(row["shardId"]["S"], row["streamName"]["S"].split(":")[1]) for row in ended],
                         [(shard, self.names[0])])
        self.assertEqual(len(ended[0]["childShardIds"]["SS"]), 2)
        self.assertTrue(all(child.startswith("shardId-") for child in ended[0]["childShardIds"]["SS"]))


if __name__ == "__main__":
    main()
