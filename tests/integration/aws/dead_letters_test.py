"""`kclpp consume --on-error` on real servers: a worker that is killed again and again in the middle of its bisections,
and one that stops and is restarted.

usage: dead_letters_test.py KCLPP [unittest arguments]
"""
import json
import os
import sys

sys.dont_write_bytecode = True

from fleet_case import FleetTest, main

# Fails with every batch that holds a record whose key ends in one of these.
POISON = "dgk"
COMMAND = f"""
cat >"batch.$$" && ! grep -q '"partition_key":"[^"]*[{POISON}]"' "batch.$$" && cat "batch.$$" >>"$KCLPP_SHARD.taken"
code=$?; rm -f "batch.$$"; exit $code
"""


class OnError(FleetTest):
    shards = 2

    def setUp(self):
        super().setUp()
        self.place = os.path.join(self.dir, "command")
        self.dead = os.path.join(self.dir, "dead.jsonl")
        self.leases = "sqlite:" + os.path.join(self.dir, "leases.sqlite")
        os.mkdir(self.place)
        putter = self.put(400)
        putter.wait()
        self.puts = {(put.shard, put.number) for put in putter.puts()}
        self.poison = {(put.shard, put.number) for put in putter.puts() if put.key[-1] in POISON}
        self.assertGreater(len(self.poison), 15)

    def flags(self, command, *more):
        return ["--exec", f"cd '{self.place}' && {command}", "--max-records", "40", "--attempts", "1",
                "--checkpoint-interval", "0.5", *more]

    def lines(self, file):
        """Whole records; a line that a kill has cut is none."""
        records = []
        if os.path.exists(file):
            with open(file, encoding="utf-8") as lines:
                for line in lines:
                    try:
                        record = json.loads(line)
                    except json.JSONDecodeError:
                        continue
                    records.append((record["shard"], int(record["sequence_number"])))
        return records

    def taken(self):
        return {shard: self.lines(os.path.join(self.place, shard + ".taken"))
                for shard in sorted({shard for shard, _ in self.puts})}

    def assert_in_order(self, numbers, repeats):
        """First deliveries in order; none more than once where nothing was killed."""
        first = list(dict.fromkeys(numbers))
        self.assertEqual(first, sorted(first))
        if not repeats:
            self.assertEqual(first, numbers)

    def test_a_worker_killed_in_the_middle_of_bisections_loses_nothing(self):
        flags = self.flags(COMMAND, "--on-error", "bisect", "--dead-letter", self.dead)
        with self.fleet(self.leases, *flags) as fleet:
            for killed in range(1, 4):
                worker = fleet.start()
                self.wait_until(f"dead letters before kill {killed}", lambda: len(self.lines(self.dead)) >= killed * 4)
                self.assertIsNone(worker.process.poll(), worker.errors())
                worker.kill()
        self.assertLess(len(set(self.lines(self.dead))), len(self.poison), "killed too late to mean anything")
        self.assertEqual(self.run_until_caught_up(self.leases, *flags), [])
        self.assertEqual(set(self.lines(self.dead)), self.poison, "all of the poison, and nothing else")
        self.assertEqual({record for numbers in self.taken().values() for record in numbers}, self.puts - self.poison)
        for numbers in self.taken().values():
            self.assert_in_order(numbers, repeats=True)

    def test_bisect_without_a_kill_repeats_nothing(self):
        flags = self.flags(COMMAND, "--on-error", "bisect", "--dead-letter", self.dead)
        self.run_until_caught_up(self.leases, *flags)
        self.assertEqual(sorted(self.lines(self.dead)), sorted(self.poison))
        for numbers in self.taken().values():
            self.assert_in_order(numbers, repeats=False)
        self.assertEqual({record for numbers in self.taken().values() for record in numbers}, self.puts - self.poison)

    def test_a_stopped_shard_goes_on_after_a_restart_with_what_was_mended(self):
        with self.fleet(self.leases, *self.flags(COMMAND, "--on-error", "stop")) as fleet:
            worker = fleet.start()
            self.wait_until("both shards stopped", lambda: worker.errors().count("shard_stopped") == 2)
            worker.process.terminate()
            self.assertEqual(worker.process.wait(30), 0, worker.errors())
        self.run_until_caught_up(self.leases, *self.flags('cat >>"$KCLPP_SHARD.taken"', "--on-error", "stop"))
        for shard, numbers in self.taken().items():
            self.assertEqual(numbers, sorted(record for record in self.puts if record[0] == shard), "each once")


if __name__ == "__main__":
    main()
