"""Where `kclpp consume` puts its records and when it ends, on real servers: a command that fails now and then, a reader
that goes away or stands still, an end in the middle of the stream, an end with all that a dead worker left undone.

usage: output_test.py KCLPP [unittest arguments]
"""
import glob
import json
import os
import select
import sys
import time
from datetime import datetime, timezone

sys.dont_write_bytecode = True

from checker import check
from fleet_case import FleetTest, main

# Takes each batch but every third one, which it reads to the end and then refuses.
COMMAND = """
exec 9>>lock && flock 9
runs=$(($(cat runs 2>/dev/null || echo 0) + 1)) && echo $runs >runs
cat >batch.$runs
[ $((runs % 3)) -ne 0 ] && cat batch.$runs >>"$KCLPP_SHARD.taken"
"""


def whole_lines(text):
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def numbers(records):
    return [(record["shard"], int(record["sequence_number"])) for record in records]


class OutputTest(FleetTest):
    shards = 3

    def put_all(self, count):
        putter = self.put(count)
        putter.wait()
        return putter.puts()

    def in_order(self, puts):
        return sorted((put.shard, put.number) for put in puts)

    def rows(self):
        return {item["leaseKey"]["S"]: item for item in self.servers.scan(self.application) or []}

    def owners(self):
        return {shard: row.get("leaseOwner", {}).get("S") for shard, row in self.rows().items()}


class Commands(OutputTest):
    def test_a_command_that_fails_every_third_time_gets_every_record_in_order(self):
        puts = self.put_all(600)
        place = os.path.join(self.dir, "command")
        os.mkdir(place)
        flags = ["--exec", f"cd '{place}' && {COMMAND}", "--max-records", "20"]
        delivered = self.run_until_caught_up("dynamodb", *flags)
        self.assertEqual(delivered, [], "with a command, stdout is its own")

        taken = {}
        for file in glob.glob(os.path.join(place, "*.taken")):
            with open(file, encoding="utf-8") as lines:
                taken[os.path.basename(file).removesuffix(".taken")] = numbers(whole_lines(lines.read()))
        self.assertEqual([number for shard in sorted(taken) for number in taken[shard]], self.in_order(puts))
        with open(os.path.join(place, "runs"), encoding="utf-8") as runs:
            self.assertGreater(int(runs.read()), 600 // 20 * 4 // 3, "hardly a batch failed: the test tests nothing")
        self.assertEqual(self.run_until_caught_up("dynamodb"), [])


class Readers(OutputTest):
    shards = 1

    def test_a_reader_that_goes_away_ends_it_and_loses_nothing(self):
        # One batch, many times what a pipe holds: it is never taken as a whole.
        puts = self.put_all(500)
        with self.fleet("dynamodb") as fleet:
            worker = fleet.start(is_read=False)
            self.wait_until("something to read", lambda: select.select([worker.pipe], [], [], 0)[0])
            os.read(worker.pipe, 1000)
            worker.close()
            self.assertEqual(worker.process.wait(30), 1, worker.errors())
            errors = [line for line in worker.errors().splitlines() if " error " in line]
            self.assertEqual(len(errors), 1, worker.errors())
            self.assertIn("output_gone", errors[0])
        self.assertEqual(list(self.owners().values()), [None])
        delivered = self.run_until_caught_up("dynamodb")
        self.assertEqual(self.in_order(delivered), self.in_order(puts))


class StandingReaders(OutputTest):
    def test_a_reader_that_stands_still_costs_no_lease_and_no_record(self):
        puts = self.put_all(1500)
        with self.history("dynamodb") as history, self.fleet("dynamodb", "--checkpoint-interval", "0.5") as fleet:
            worker = fleet.start(is_read=False)
            self.wait_until("a worker with all leases", lambda: len(self.owners()) == 3 and all(self.owners().values()))
            first = self.owners()
            time.sleep(20)
            self.assertEqual(self.owners(), first)
            self.assertEqual({row["checkpoint"]["S"] for row in self.rows().values()}, {"TRIM_HORIZON"})
            fleet.read(worker)
            self.wait_until_delivered(fleet, puts)
            self.end(fleet)
            verdict = self.assert_promises_kept(puts, fleet, history)
        self.assertEqual((verdict.delivered, verdict.repeated), (1500, 0))


class Ends(OutputTest):
    def test_an_end_in_the_middle_of_the_stream_and_the_rest_later(self):
        before = self.put_all(300)
        time.sleep(0.1)
        middle = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        time.sleep(0.1)
        after = self.put_all(200)
        with self.fleet("dynamodb", "--to", middle) as fleet:
            worker = fleet.start()
            self.assertEqual(worker.process.wait(60), 0, worker.errors())
            fleet.end()
            self.assertEqual(self.in_order(fleet.deliveries()), self.in_order(before))
        rest = self.run_until_caught_up("dynamodb")
        self.assertEqual(self.in_order(rest), self.in_order(after))

    def test_a_dead_workers_shards_are_read_before_the_end(self):
        puts = self.put_all(1500)
        with self.history("dynamodb") as history, self.fleet("dynamodb") as fleet:
            # Has all shards and gets nowhere with them: the other asks for its share and does not get it.
            stuck = fleet.start(is_read=False)
            self.wait_until("a worker with all leases", lambda: len(self.owners()) == 3 and all(self.owners().values()))
            last = fleet.start("--exit-when-caught-up")
            self.wait_until("a second one that asks", lambda: "lease_claimed" in last.errors())
            self.assertIsNone(last.process.poll(), last.errors())
            stuck.kill()
            self.assertEqual(last.process.wait(60), 0, last.errors())
            fleet.end()
            # What the dead one wrote stayed in its pipe, unread: it counts for nothing.
            verdict = check(puts, last.deliveries(), history.checked(), self.servers.parents(self.stream))
            self.assertEqual(verdict.problems, [])


if __name__ == "__main__":
    main()
