"""The main job on real servers: a fleet of `kclpp consume` reads everything that was put, in order, while one of its
workers is killed and shards are split and merged. Records come from AWS's SDK for JavaScript, are read by kclpp, and
checker.py compares the two.

usage: consume_main_job_test.py KCLPP [unittest arguments]

KCLPP_TEST_RECORDS says how many records the big runs put (10000).
"""
import os
import sys

sys.dont_write_bytecode = True

from checker import check
from fleet_case import FleetTest, main

RECORDS = int(os.environ.get("KCLPP_TEST_RECORDS", "10000"))
# More than the emulator can take: it is the limit, and puts come as a flow all the same, not in lumps.
PUTS_PER_SECOND = 1000


class MainJob(FleetTest):
    def run_fleet(self, store, *put_arguments):
        with self.history(store) as history, self.fleet(store) as fleet:
            workers = [fleet.start() for _ in range(3)]
            putter = self.put(RECORDS, "--rate", PUTS_PER_SECOND, *put_arguments)
            self.wait_until_put(putter, fleet, RECORDS // 4)
            workers[0].kill()
            self.wait_until_put(putter, fleet, RECORDS * 2 // 5)
            self.servers.admin("split", self.stream, "shardId-000000000000")
            self.wait_until_put(putter, fleet, RECORDS // 2)
            self.servers.admin("merge", self.stream, "shardId-000000000003", "shardId-000000000004")
            self.wait_until_put(putter, fleet, RECORDS * 3 // 5)
            fleet.start()
            summary = putter.wait()
            puts = putter.puts()
            self.assertEqual(summary["records"], len(puts))
            self.wait_until_delivered(fleet, puts)
            self.end(fleet)
            verdict = self.assert_promises_kept(puts, fleet, history)
            rows = history.polls[-1].rows

        self.assertGreater(verdict.moves, 0)
        born = self.servers.parents(self.stream)
        self.assertEqual(len(born), self.shards + 3)
        of_children = [put for put in puts if born[put.shard]]
        self.assertTrue(of_children, "nothing was put on the shards that were born: the test tests nothing")
        for shard in ("shardId-000000000000", "shardId-000000000003", "shardId-000000000004"):
            if shard in rows:
                self.assertEqual(rows[shard].checkpoint, "SHARD_END")
        # After an exit in order, nothing is to be delivered again.
        last = {put.shard: put.number for put in sorted(puts, key=lambda put: put.number)}
        for shard, row in rows.items():
            if row.checkpoint != "SHARD_END" and shard in last:
                self.assertEqual(row.checkpoint, str(last[shard]), shard)

    def test_through_dynamodb(self):
        self.run_fleet("dynamodb")

    def test_through_sqlite(self):
        # Packages of one source share a key, so that keys come more than once.
        self.run_fleet(f"sqlite:{self.dir}/leases", "--key", "Source")


class CatchUp(FleetTest):
    shards = 3

    def ends_and_goes_on_where_it_ended(self, store):
        putter = self.put(500)
        putter.wait()
        with self.history(store) as history:
            verdict = check(putter.puts(), self.run_until_caught_up(store), history.checked())
            self.assertEqual((verdict.problems, verdict.delivered), ([], 500))
        self.assertEqual(self.run_until_caught_up(store), [])

    def test_ends_and_goes_on_where_it_ended_through_dynamodb(self):
        self.ends_and_goes_on_where_it_ended("dynamodb")

    def test_ends_and_goes_on_where_it_ended_through_sqlite(self):
        self.ends_and_goes_on_where_it_ended(f"sqlite:{self.dir}/leases")

    def test_an_empty_stream_is_caught_up_at_once(self):
        self.assertEqual(self.run_until_caught_up("dynamodb"), [])


if __name__ == "__main__":
    main()
