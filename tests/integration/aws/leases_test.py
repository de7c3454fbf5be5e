"""`kclpp leases` on tables that a live fleet of `kclpp consume` uses: on real servers, and in an SQLite file.

usage: leases_test.py KCLPP [unittest arguments]
"""
import collections
import datetime
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request

sys.dont_write_bytecode = True

from fleet_case import FleetTest, main


class LeasesTest(FleetTest):
    shards = 3

    def leases(self, store, verb, *arguments, code=0):
        command = [self.kclpp, "leases", verb, *map(str, arguments), "--application", self.application,
                   "--lease-store", store]
        done = subprocess.run(command, env=self.servers.environment(), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=120, cwd=self.dir, check=False)
        self.assertEqual(done.returncode, code, f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def listed(self, store, *arguments):
        out = self.leases(store, "list", "--json", "--stream", self.stream, *arguments)
        return json.loads(out)

    def put_all(self, count):
        putter = self.put(count)
        putter.wait()
        return putter.puts()


class Looking(LeasesTest):
    def test_a_shard_without_a_lease_is_the_first_line(self):
        puts = self.put_all(300)
        self.run_until_caught_up("dynamodb")
        orphan = puts[0].shard
        self.servers.admin("delete-item", self.application, json.dumps({"leaseKey": {"S": orphan}}))
        seen = self.listed("dynamodb")
        self.assertEqual(seen["leases"][0]["shard"], orphan)
        self.assertEqual(seen["leases"][0]["verdict"], "no_row")
        self.assertEqual(seen["counts"], {"no_row": 1, "unowned": 2})
        text = self.leases("dynamodb", "list", "--stream", self.stream)
        first = next(line for line in text.splitlines() if line.startswith("shardId-"))
        self.assertTrue(first.startswith(orphan), text)

    def test_the_lag_of_a_java_fleet_that_stopped_is_measured(self):
        puts = sorted(self.put_all(300), key=lambda put: put.number)
        self.servers.admin("create-table", self.application, "leaseKey")
        ends = {}
        for shard in self.servers.admin("list-shards", self.stream):
            of_shard = [put for put in puts if put.shard == shard["ShardId"]]
            at_end = not ends
            ends[shard["ShardId"]] = at_end
            self.servers.admin("put-item", self.application, json.dumps({
                "leaseKey": {"S": shard["ShardId"]}, "leaseOwner": {"S": "java-1"}, "leaseCounter": {"N": "41"},
                "checkpoint": {"S": str(of_shard[-1 if at_end else 0].number)},
                "checkpointSubSequenceNumber": {"N": "0"}, "ownerSwitchesSinceCheckpoint": {"N": "2"}}))
        seen = self.listed("dynamodb", "--probe-lag", "--watch", 2, "--failover", 2)
        self.assertEqual(seen["counts"], {"silent": 3})
        for lease in seen["leases"]:
            self.assertFalse(lease["owner_is_kclpp"])
            self.assertTrue(lease["behind_is_measured"], lease)
            self.assertEqual(lease["behind_ms"] == 0, ends[lease["shard"]], lease)


class VmwareGo(LeasesTest):
    failover_seconds = 6

    def test_rows_of_vmware_go_are_read(self):
        puts = self.put_all(60)
        with self.fleet("dynamodb", "--lease-format", "vmware-go", "--checkpoint-interval", "0.5") as fleet:
            fleet.start()
            self.wait_until_delivered(fleet, puts)
            rows = self.servers.scan
            self.wait_until("every shard has a checkpoint",
                            lambda: sum("Checkpoint" in row for row in rows(self.application)) == 3)
            seen = self.listed("dynamodb", "--lease-format", "vmware-go", "--probe-lag")
            rows = self.leases("dynamodb", "export", "--lease-format", "vmware-go").splitlines()
            self.end(fleet)
        self.assertEqual(seen["counts"], {"held": 3})
        for lease in seen["leases"]:
            self.assertNotIn("owner_is_kclpp", lease, "such rows do not tell")
            self.assertTrue(lease["behind_is_measured"])
        keys = {json.loads(row)["ShardID"]["S"] for row in rows[1:]}
        self.assertEqual(keys, {lease["shard"] for lease in seen["leases"]} | {"kclpp"})


class WatchMany(LeasesTest):
    shards = 1

    def test_every_lease_table_whose_name_begins_so_is_watched(self):
        first, go, other, later = (f"{self.application}-{name}" for name in ("first", "go", "other", "later"))
        row = {"leaseKey": {"S": "shardId-000000000000"}, "leaseOwner": {"S": "java-1"}, "leaseCounter": {"N": "41"},
               "checkpoint": {"S": "LATEST"}, "checkpointSubSequenceNumber": {"N": "0"}}
        go_row = {"ShardID": {"S": "shardId-000000000000"}, "Checkpoint": {"S": "4711"}}
        for table, key in ((first, "leaseKey"), (go, "ShardID"), (other, "id:N"), ("elsewhere", "leaseKey")):
            self.servers.admin("create-table", table, key)
        self.servers.admin("put-item", first, json.dumps(row))
        self.servers.admin("put-item", go, json.dumps(go_row))
        command = [self.kclpp, "leases", "watch", "--table-prefix", self.application, "--listen", "127.0.0.1:0",
                   "--interval", "1"]
        with subprocess.Popen(command, env=self.servers.environment(), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watch:
            try:
                url = watch.stdout.readline().split()[-1]
                self.wait_until_served(url, f'kclpp_fleet_up{{application="{first}"}} 1',
                                       f'kclpp_fleet_up{{application="{go}"}} 1', "kclpp_fleet_listing_up 1",
                                       f'kclpp_fleet_owner_leases{{application="{first}",owner="java-1"}} 1',
                                       f'kclpp_fleet_leases{{application="{go}",verdict="unowned"}}')
                served = self.served(url)
                self.assertNotIn(other, served)
                self.assertNotIn("elsewhere", served)
                self.servers.admin("create-table", later, "leaseKey")
                self.wait_until_served(url, f'kclpp_fleet_up{{application="{later}"}} 1')
                self.servers.admin("delete-table", first)
                self.wait_until("a table that is gone is forgotten", lambda: first not in self.served(url))
            finally:
                watch.terminate()
                _, err = watch.communicate(timeout=30)
        self.assertEqual(watch.returncode, 0, err)
        self.assertEqual(err.count(other), 1, err)
        self.assertIn("is no lease table, by its key id (N)", err)

    def served(self, url):
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.read().decode()

    def wait_until_served(self, url, *lines):
        def all_there():
            served = self.served(url)
            return all(line in served for line in lines)
        self.wait_until(f"served: {lines}", all_there)


class Rewind(LeasesTest):
    def shard_of_most(self, puts):
        return collections.Counter(put.shard for put in puts).most_common(1)[0][0]

    def rewind_under_load(self, store, *flags):
        """One shard of a busy fleet goes back to its middle: it repeats what lies behind that, and nothing else."""
        first = self.put_all(600)
        shard = self.shard_of_most(first)
        numbers = sorted(put.number for put in first if put.shard == shard)
        middle = numbers[len(numbers) // 2]
        with self.fleet(store, *flags) as fleet:
            fleet.start()
            fleet.start()
            self.wait_until_delivered(fleet, first)
            putter = self.put(1_500)
            self.wait_until_put(putter, fleet, 300)
            out = self.leases(store, "rewind", shard, "--to", middle, "--yes", "--undo", "before.leases", *flags)
            self.assertIn(f"{shard}: done: handed over by its holder", out)
            putter.wait()
            puts = first + putter.puts()

            def repeated():
                self.all_run(fleet)
                last = (shard, numbers[-1])
                return sum((one.shard, one.number) == last for one in fleet.deliveries()) == 2

            self.wait_until("the rewound records came again", repeated)
            self.wait_until_delivered(fleet, puts)
            self.end(fleet)
            deliveries = fleet.deliveries()
        of_shard = sorted(put.number for put in puts if put.shard == shard)
        counts = collections.Counter((one.shard, one.number) for one in deliveries)
        self.assertEqual(set(counts), {(put.shard, put.number) for put in puts}, "lost, or made up")
        others = {key: count for key, count in counts.items() if key[0] != shard and count != 1}
        self.assertEqual(others, {}, "shards that were not rewound repeat nothing")
        # Up to the middle once, from there to where the shard was when it was handed over twice, then once.
        told = [counts[shard, number] for number in of_shard]
        twice = told.count(2)
        middle_index = of_shard.index(middle)
        self.assertEqual(told, [1] * (middle_index + 1) + [2] * twice + [1] * (len(told) - middle_index - 1 - twice))
        self.assertGreaterEqual(twice, len(numbers) - len(numbers) // 2 - 1)
        with open(os.path.join(self.dir, "before.leases"), encoding="utf-8") as file:
            self.assertEqual(json.loads(file.readline())["rows"], 3 + bool(flags), "and the application's own")

    def test_on_dynamodb(self):
        self.rewind_under_load("dynamodb")

    def test_on_dynamodb_in_rows_of_vmware_go(self):
        self.failover_seconds = 6
        self.rewind_under_load("dynamodb", "--lease-format", "vmware-go")

    def test_on_sqlite(self):
        self.rewind_under_load(f"sqlite:{self.dir}/leases")

    def test_all_shards_from_the_beginning_and_undone(self):
        store = f"sqlite:{self.dir}/leases"
        puts = self.put_all(300)
        self.assertEqual(len(self.run_until_caught_up(store)), len(puts))
        self.assertEqual(self.run_until_caught_up(store), [])
        dry = self.leases(store, "rewind", "--all", "--to", "TRIM_HORIZON", "--dry-run")
        self.assertEqual(dry.count("-> TRIM_HORIZON"), 3)
        self.assertIn("--yes", self.leases(store, "rewind", "--all", "--to", "TRIM_HORIZON", code=1))
        self.assertEqual(self.run_until_caught_up(store), [], "nothing was changed so far")

        self.leases(store, "rewind", "--all", "--to", "TRIM_HORIZON", "--yes", "--undo", "one.leases")
        self.leases(store, "import", "one.leases", "--yes", "--undo", "two.leases")
        self.assertEqual(self.run_until_caught_up(store), [], "undone")
        self.leases(store, "import", "two.leases", "--yes", "--undo", "three.leases")
        self.assertEqual(len(self.run_until_caught_up(store)), len(puts), "the undoing undone")

        self.leases(store, "rewind", "--all", "--to", "LATEST", "--yes")
        self.assertEqual(self.run_until_caught_up(store), [])

    def test_a_time_is_when_records_arrived(self):
        self.put_all(300)
        self.run_until_caught_up("dynamodb")
        time.sleep(2.1)  # the emulator looks at whole seconds
        since = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=1)
        putter = self.put(100)
        putter.wait()
        self.assertEqual(len(self.run_until_caught_up("dynamodb")), 100)
        out = self.leases("dynamodb", "rewind", "--all", "--to", since.isoformat(timespec="milliseconds"), "--yes")
        self.assertEqual(out.count(": done: it was free"), 3, out)
        again = self.run_until_caught_up("dynamodb")
        self.assertEqual({(one.shard, one.number) for one in again}, {(put.shard, put.number) for put in putter.puts()})
        self.assertEqual(len(again), 100)


class Go(LeasesTest):
    """Rows as a Go worker writes them; tests/interop has the real one."""
    shards = 1
    SHARD = "shardId-000000000000"

    def write(self, checkpoint):
        until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=10)
        # A Go worker's clock has nanoseconds.
        timeout = until.strftime("%Y-%m-%dT%H:%M:%S.%f") + "789Z"
        self.servers.admin("put-item", self.application, json.dumps({
            "ShardID": {"S": self.SHARD}, "AssignedTo": {"S": "go-1"}, "LeaseTimeout": {"S": timeout},
            "Checkpoint": {"S": checkpoint}}))

    def change(self, *arguments, **options):
        return self.leases("dynamodb", *arguments, "--lease-format", "vmware-go", "--yes", **options)

    def test_a_live_go_worker_is_refused_and_a_dead_one_succeeded(self):
        self.servers.admin("create-table", self.application, "ShardID")
        self.write("4711")
        end = threading.Event()

        def renew():
            while not end.wait(0.5):
                self.write("4711")

        go = threading.Thread(target=renew)
        go.start()
        try:
            out = self.change("rewind", self.SHARD, "--to", "11", code=1)
            self.assertIn("go-1, a Go worker, lives", out)
            out = self.change("rewind", self.SHARD, "--to", "11", "--force", code=1)
            self.assertIn("its next renewal would undo", out)
            out = self.change("rewind", "--all", "--to", "TRIM_HORIZON", code=1)
            self.assertIn("no position but a sequence number", out)
        finally:
            end.set()
            go.join()
        self.assertEqual(self.servers.scan(self.application)[0]["Checkpoint"], {"S": "4711"})
        out = self.change("rewind", self.SHARD, "--to", "11", "--undo", "before.leases")
        self.assertIn("taken from go-1", out)
        row = self.servers.scan(self.application)[0]
        self.assertEqual(row["Checkpoint"], {"S": "11"})
        self.assertNotIn("AssignedTo", row)
        self.assertNotIn("ClaimRequest", row)
        self.change("import", "before.leases")
        self.assertEqual(self.servers.scan(self.application)[0]["Checkpoint"], {"S": "4711"})


class Java(LeasesTest):
    shards = 1

    def test_a_live_java_worker_is_refused_and_forced(self):
        self.put_all(50)
        shard = "shardId-000000000000"
        self.servers.admin("create-table", self.application, "leaseKey")
        row = {"leaseKey": {"S": shard}, "leaseOwner": {"S": "java-1"}, "leaseCounter": {"N": "41"},
               "checkpoint": {"S": "LATEST"}, "checkpointSubSequenceNumber": {"N": "0"},
               "ownerSwitchesSinceCheckpoint": {"N": "0"}}
        self.servers.admin("put-item", self.application, json.dumps(row))
        end = threading.Event()

        def renew():
            counter = 41
            while not end.wait(0.3):
                counter += 1
                now = self.servers.scan(self.application)[0]
                if "leaseOwner" in now:
                    self.servers.admin("set", self.application, json.dumps({"leaseKey": {"S": shard}}),
                                       "leaseCounter", json.dumps({"N": str(counter)}))

        java = threading.Thread(target=renew)
        java.start()
        try:
            out = self.leases("dynamodb", "rewind", "--all", "--to", "TRIM_HORIZON", "--yes", code=1)
            self.assertIn("no kclpp worker", out)
            self.assertEqual(self.servers.scan(self.application)[0]["checkpoint"], {"S": "LATEST"})
            out = self.leases("dynamodb", "rewind", "--all", "--to", "2020-01-01", "--yes", code=1)
            self.assertIn("start time", out)
        finally:
            end.set()
            java.join()
        out = self.leases("dynamodb", "rewind", "--all", "--to", "TRIM_HORIZON", "--yes", "--force", "--failover", 1)
        self.assertIn("taken away from java-1", out)
        row = self.servers.scan(self.application)[0]
        self.assertEqual(row["checkpoint"], {"S": "TRIM_HORIZON"})
        self.assertNotIn("leaseOwner", row)


if __name__ == "__main__":
    main()
