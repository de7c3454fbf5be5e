"""The rows that kclpp keeps in DynamoDB, read by AWS's own SDK: leases as Java KCL writes them, and everybody else's
rows and attributes as they were.

usage: rows_test.py KCLPP [unittest arguments]
"""
import json
import re
import sys
import time

sys.dont_write_bytecode = True

from fleet_case import FleetTest, main

# Names and types of DynamoDBLeaseSerializer; hash keys are decimal texts, and parents a set without an "s" in its name.
JAVA = {"leaseKey": "S", "leaseOwner": "S", "leaseCounter": "N", "checkpoint": "S", "checkpointSubSequenceNumber": "N",
        "pendingCheckpoint": "S", "pendingCheckpointSubSequenceNumber": "N", "pendingCheckpointState": "B",
        "ownerSwitchesSinceCheckpoint": "N", "parentShardId": "SS", "childShardIds": "SS", "startingHashKey": "S",
        "endingHashKey": "S", "throughputKBps": "N", "checkpointOwner": "S", "entityType": "S"}
# Java's readers fail on a row without these.
MANDATORY = {"leaseKey", "leaseCounter", "checkpoint", "checkpointSubSequenceNumber", "ownerSwitchesSinceCheckpoint"}
CHECKPOINT = re.compile(r"TRIM_HORIZON|LATEST|AT_TIMESTAMP|SHARD_END|[0-9]+")

# What others keep in such a table: Java KCL 3.5's coordinator, and somebody else altogether.
FOREIGN = [
    {"leaseKey": {"S": "Leader"}, "entityType": {"S": "LEADER"}, "ownerName": {"S": "java-1"}, "duration": {"N": "5"}},
    {"leaseKey": {"S": "Migration3.0"}, "entityType": {"S": "CLIENT_VERSION_MIGRATION"}, "cv": {"S": "3.X"}},
    {"leaseKey": {"S": "java-1"}, "entityType": {"S": "WORKER_METRIC_STATS"}, "sts": {"L": [{"N": "1"}]}},
    {"leaseKey": {"S": "a note"}, "text": {"S": "nobody's"}, "raw": {"B": "AAEC/w=="}, "none": {"NULL": True}},
]


def by_key(items):
    return {item["leaseKey"]["S"]: item for item in items}


class RowsTest(FleetTest):
    shards = 3

    def table(self):
        return by_key(self.servers.admin("scan", self.application) or [])

    def leases(self):
        return {key: item for key, item in self.table().items() if key.startswith("shardId-")}

    def put_item(self, item):
        self.servers.admin("put-item", self.application, json.dumps(item))

    def put_all(self, count):
        putter = self.put(count)
        putter.wait()
        return putter.puts()

    def wait_until_checkpointed(self, fleet, puts):
        """Every shard's row is at its last record."""
        last = {put.shard: put.number for put in sorted(puts, key=lambda put: put.number)}

        def stored():
            self.all_run(fleet)
            rows = by_key(self.servers.scan(self.application) or [])
            return all(rows.get(shard, {}).get("checkpoint", {}).get("S") in (str(number), "SHARD_END")
                       for shard, number in last.items())

        self.wait_until("every shard's checkpoint is at its last record", stored)


class JavaRows(RowsTest):
    def java_can_read(self, row):
        self.assertLessEqual(MANDATORY, set(row))
        for name, value in row.items():
            kind, content = next(iter(value.items()))
            if name in JAVA:
                self.assertEqual(kind, JAVA[name], name)
                self.assertNotEqual(content, [], f"{name}: an empty set is an absent attribute")
            else:
                self.assertTrue(name.startswith("kclpp"), f"{name}: neither Java's nor ours")
        self.assertRegex(row["checkpoint"]["S"], re.compile(f"^({CHECKPOINT.pattern})$"))
        for name in ("leaseCounter", "checkpointSubSequenceNumber", "ownerSwitchesSinceCheckpoint"):
            self.assertRegex(row[name]["N"], r"^[0-9]+$", name)
        for name in ("startingHashKey", "endingHashKey"):
            self.assertRegex(row[name]["S"], r"^[0-9]+$", name)
        self.assertEqual(row.get("entityType", {"S": "LEASE"}), {"S": "LEASE"})

    def test_rows_of_live_leases_read_as_java_leases(self):
        puts = self.put_all(300)
        with self.fleet("dynamodb", "--worker-id", "worker-1") as fleet:
            fleet.start()
            self.wait_until_checkpointed(fleet, puts)
            rows = self.leases()
            self.end(fleet)
        self.assertEqual(len(rows), 3)
        shards = {shard["ShardId"]: shard for shard in self.servers.admin("list-shards", self.stream)}
        for key, row in rows.items():
            self.java_can_read(row)
            self.assertEqual(row["leaseOwner"], {"S": "worker-1"})
            self.assertEqual(row["startingHashKey"]["S"], shards[key]["HashKeyRange"]["StartingHashKey"])
            self.assertEqual(row["endingHashKey"]["S"], shards[key]["HashKeyRange"]["EndingHashKey"])
            self.assertNotIn("parentShardId", row)

    def test_rows_of_parents_and_children_read_as_java_leases(self):
        puts = self.put_all(300)
        with self.fleet("dynamodb") as fleet:
            fleet.start()
            self.wait_until_checkpointed(fleet, puts)
            self.servers.admin("split", self.stream, "shardId-000000000000")
            self.servers.admin("merge", self.stream, "shardId-000000000001", "shardId-000000000002")
            seen = {}

            def all_known():
                # A parent's row may be cleaned up once its children have begun, so what was seen of it counts.
                self.all_run(fleet)
                for key, row in self.leases().items():
                    self.java_can_read(row)
                    seen.setdefault(key, {}).update(row)
                ended = [key for key, row in seen.items() if row["checkpoint"]["S"] == "SHARD_END"]
                return len(ended) == 3 and len(seen) == 6

            self.wait_until("three shards ended, three born", all_known)
            self.end(fleet)
        parents = self.servers.parents(self.stream)
        for key, row in seen.items():
            self.assertEqual(set(row.get("parentShardId", {"SS": []})["SS"]), set(parents[key]), key)
            children = {child for child, of in parents.items() if key in of}
            self.assertEqual(set(row.get("childShardIds", {"SS": []})["SS"]), children, key)

    def test_an_exit_in_order_leaves_leases_without_an_owner(self):
        puts = self.put_all(300)
        with self.fleet("dynamodb") as fleet:
            fleet.start()
            self.wait_until_checkpointed(fleet, puts)
            self.end(fleet)
        rows = self.leases()
        self.assertEqual(len(rows), 3)
        for row in rows.values():
            self.java_can_read(row)
            self.assertNotIn("leaseOwner", row)

    def test_the_table_is_one_that_java_would_make(self):
        self.run_until_caught_up("dynamodb")
        table = self.servers.admin("describe-table", self.application)
        self.assertEqual(table["KeySchema"], [{"AttributeName": "leaseKey", "KeyType": "HASH"}])
        self.assertIn({"AttributeName": "leaseKey", "AttributeType": "S"}, table["AttributeDefinitions"])
        self.assertEqual(table["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST")

    def leave_java_leases(self, puts):
        """A table as a Java fleet leaves it that stopped in the middle of each shard; what is then still to deliver."""
        self.servers.admin("create-table", self.application, "leaseKey")
        rest = []
        for shard in self.servers.admin("list-shards", self.stream):
            of_shard = [put for put in puts if put.shard == shard["ShardId"]]
            middle = len(of_shard) // 2
            rest += of_shard[middle + 1:]
            self.put_item({
                "leaseKey": {"S": shard["ShardId"]}, "leaseOwner": {"S": "java-1"}, "leaseCounter": {"N": "41"},
                "checkpoint": {"S": str(of_shard[middle].number)}, "checkpointSubSequenceNumber": {"N": "0"},
                "ownerSwitchesSinceCheckpoint": {"N": "2"}, "throughputKBps": {"N": "12.5"},
                "startingHashKey": {"S": shard["HashKeyRange"]["StartingHashKey"]},
                "endingHashKey": {"S": shard["HashKeyRange"]["EndingHashKey"]}})
        return rest

    def test_goes_on_where_a_java_fleet_stopped(self):
        rest = self.leave_java_leases(sorted(self.put_all(600), key=lambda put: put.number))
        delivered = self.run_until_caught_up("dynamodb")
        self.assertEqual(sorted((one.shard, one.number) for one in delivered),
                         sorted((put.shard, put.number) for put in rest))
        for row in self.leases().values():
            self.java_can_read(row)
            self.assertGreater(int(row["leaseCounter"]["N"]), 41)
            self.assertGreaterEqual(float(row["throughputKBps"]["N"]), 0)

    def test_measures_what_a_java_fleet_had_measured(self):
        self.leave_java_leases(sorted(self.put_all(60), key=lambda put: put.number))
        with self.fleet("dynamodb") as fleet:
            fleet.start()

            # A holder measures from a second on, and a Java lease has to age first.
            def measured():
                self.all_run(fleet)
                return all(row["throughputKBps"] != {"N": "12.5"} for row in self.leases().values())

            self.wait_until("the throughput of every lease is its new holder's", measured)
            self.end(fleet)


class Neighbours(RowsTest):
    def test_rows_of_others_that_were_there_survive(self):
        self.servers.admin("create-table", self.application, "leaseKey")
        for item in FOREIGN:
            self.put_item(item)
        before = self.table()
        puts = self.put_all(200)
        self.assertEqual(len(self.run_until_caught_up("dynamodb")), len(puts))
        after = self.table()
        self.assertEqual({key: after.get(key) for key in before}, before)

    def test_rows_of_others_that_come_meanwhile_survive(self):
        with self.fleet("dynamodb") as fleet:
            fleet.start()
            self.wait_until("leases", lambda: len(by_key(self.servers.scan(self.application) or [])) >= 3)
            for item in FOREIGN:
                self.put_item(item)
            before = {item["leaseKey"]["S"]: self.table()[item["leaseKey"]["S"]] for item in FOREIGN}
            puts = self.put_all(200)
            self.wait_until_delivered(fleet, puts)
            time.sleep(3)  # a failover time: whatever looks at the table now and then has done so
            self.end(fleet)
        after = self.table()
        self.assertEqual({key: after.get(key) for key in before}, before)

    def test_attributes_of_others_in_a_lease_survive(self):
        added = {"note": {"S": "keep me"}, "tags": {"SS": ["a", "b"]}, "raw": {"B": "AAEC/w=="},
                 "deep": {"M": {"list": {"L": [{"N": "1.5"}, {"NULL": True}]}}}}
        puts = self.put_all(100)
        with self.fleet("dynamodb") as fleet:
            fleet.start()
            self.wait_until_checkpointed(fleet, puts)
            for shard in self.leases():
                for name, value in added.items():
                    key = json.dumps({"leaseKey": {"S": shard}})
                    self.servers.admin("set", self.application, key, name, json.dumps(value))
            # Renewals, checkpoints and a change of owner go over them.
            fleet.workers[0].kill()
            fleet.start()
            more = self.put_all(100)
            self.wait_until_delivered(fleet, more)
            self.wait_until_checkpointed(fleet, more)
            self.end(fleet)
        rows = self.leases()
        self.assertEqual(len(rows), 3)
        for row in rows.values():
            got = {name: row.get(name) for name in added}
            got["tags"] = {"SS": sorted((got["tags"] or {"SS": []})["SS"])}
            self.assertEqual(got, added)


if __name__ == "__main__":
    main()
