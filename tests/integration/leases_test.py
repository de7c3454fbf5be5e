"""`kclpp leases` on the SQLite table of a fleet that runs in one process, and on what cannot be. Runs the real program.

usage: leases_test.py KCLPP [unittest arguments]
"""
import base64
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
sys.dont_write_bytecode = True

from kinesis_client import Client
from local_server import LocalServer, clean_environment

KCLPP = ""


class LeasesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kclpp-leases-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.file = os.path.join(self.folder, "leases.db")

    def leases(self, *arguments, code=0, table="demo", home="/nonexistent"):
        """Nothing of the caller's environment or files reaches it."""
        command = [KCLPP, "leases", *map(str, arguments), "--application", table, "--lease-store",
                   f"sqlite:{self.file}"]
        done = subprocess.run(command, env={"PATH": os.environ["PATH"], "HOME": home}, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=120, cwd=self.folder, check=False)
        self.assertEqual(done.returncode, code, f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout if code == 0 else done.stderr

    def listed(self, *arguments):
        return json.loads(self.leases("list", "--json", *arguments))

    def demo(self, *arguments):
        """A fleet of a stream and three workers, for as long as the test."""
        command = [KCLPP, "demo", "--json", "--lease-store", f"sqlite:{self.file}", "--shards", "4", "--seconds", "60",
                   *arguments]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

        def end():
            process.terminate()
            process.communicate(timeout=60)

        self.addCleanup(end)
        self.wait_until("every lease has an owner", lambda: len(self.owners()) == 4)
        return process

    def rows(self):
        if not os.path.exists(self.file):
            return {}
        database = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=5)
        try:
            return {key: json.loads(item) for key, item in database.execute("SELECT key, item FROM demo")}
        except sqlite3.OperationalError:
            return {}
        finally:
            database.close()

    def owners(self):
        return {key: row["leaseOwner"]["S"] for key, row in self.rows().items() if "leaseOwner" in row}

    def wait_until(self, what, done, seconds=60):
        end = time.monotonic() + seconds
        while not done():
            self.assertLess(time.monotonic(), end, f"not within {seconds} s: {what}")
            time.sleep(0.05)


class Looking(LeasesTest):
    def test_the_leases_of_a_live_fleet_are_held(self):
        self.demo()
        seen = self.listed()
        self.assertEqual(seen["counts"], {"held": 4})
        self.assertGreater(seen["watched_ms"], 0)
        for lease in seen["leases"]:
            self.assertTrue(lease["owner_is_kclpp"])
            self.assertIn("behind_ms", lease)
            self.assertNotIn("advice", lease)
        text = self.leases("list")
        self.assertIn("4 shards", text)
        self.assertIn("none stuck", text)

    def test_a_dead_owner_is_silent_and_a_damaged_row_comes_first(self):
        fleet = self.demo()
        fleet.kill()
        fleet.wait(30)
        database = sqlite3.connect(self.file)
        with database:
            row = self.rows()["shardId-000000000002"]
            row["leaseCounter"] = {"S": "many"}
            database.execute("UPDATE demo SET item = ? WHERE key = ?", (json.dumps(row), "shardId-000000000002"))
        database.close()
        seen = self.listed()
        self.assertEqual(seen["counts"], {"unreadable": 1, "silent": 3})
        self.assertEqual(seen["leases"][0]["shard"], "shardId-000000000002")
        self.assertIn("leaseCounter", seen["leases"][0]["why"])
        for lease in seen["leases"][1:]:
            self.assertTrue(lease["stuck"])
            self.assertNotIn("behind_ms", lease)
        self.assertEqual(self.listed("--watch", 0)["counts"], {"unreadable": 1, "unwatched": 3})

    def test_show_tells_of_the_shards_that_are_named(self):
        self.demo()
        text = self.leases("show", "shardId-000000000001")
        self.assertIn("shardId-000000000001: held", text)
        self.assertNotIn("shardId-000000000000", text)
        self.assertIn(self.rows()["shardId-000000000001"]["leaseCounter"]["N"][:6], text)
        self.assertIn("nope", self.leases("show", "nope", code=1))

    def test_an_export_holds_every_row_as_it_is(self):
        fleet = self.demo()
        fleet.kill()
        fleet.wait(30)
        self.leases("export", "--output", "rows.jsonl")
        with open(os.path.join(self.folder, "rows.jsonl"), encoding="utf-8") as file:
            head, *lines = map(json.loads, file)
        self.assertEqual(head["table"], "demo")
        self.assertEqual({row["leaseKey"]["S"]: row for row in lines}, self.rows())
        self.assertEqual(self.leases("export").splitlines()[1:], [json.dumps(row, separators=(",", ":"))
                                                                  for row in lines])
        self.assertIn("exists", self.leases("export", "--output", "rows.jsonl", code=1))


class Watching(LeasesTest):
    SAMPLE = re.compile(r'[a-z_]+\{application="demo"(,[a-z]+="[^"\\]*")*\} [0-9]+(\.[0-9]+)?')

    def watch(self, *arguments):
        """Its URL, of a watch that lasts as long as the test."""
        command = [KCLPP, "leases", "watch", "--listen", "127.0.0.1:0", "--interval", "1", "--application", "demo",
                   "--lease-store", f"sqlite:{self.file}", *arguments]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait, 30)
        self.addCleanup(process.kill)
        listening = process.stdout.readline()
        self.assertRegex(listening, r"^listening on http://127\.0\.0\.1:[0-9]+/metrics$")
        return process, listening.split()[-1]

    def metrics(self, url):
        with urllib.request.urlopen(url, timeout=30) as answer:
            self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
            text = answer.read().decode()
        samples = {}
        for line in text.splitlines():
            if not line.startswith("# "):
                self.assertRegex(line, self.SAMPLE)
                name, _, value = line.rpartition(" ")
                self.assertNotIn(name, samples)
                samples[name] = float(value)
        return text, samples

    def count(self, url, verdict):
        return self.metrics(url)[1].get(f'kclpp_fleet_leases{{application="demo",verdict="{verdict}"}}')

    def test_a_fleet_lives_and_dies(self):
        fleet = self.demo()
        process, url = self.watch()
        self.wait_until("all are held", lambda: self.count(url, "held") == 4)
        text, samples = self.metrics(url)
        self.assertEqual(sum(name.startswith("kclpp_fleet_shard_behind_seconds") for name in samples), 4)
        if shutil.which("promtool"):
            checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True,
                                     timeout=60, check=False)
            self.assertEqual((checked.returncode, checked.stderr), (0, ""))
        else:
            print("promtool (Debian: prometheus) was not found: the text was checked by this test's own rules only",
                  file=sys.stderr)
        fleet.kill()
        fleet.wait(30)
        self.wait_until("all are silent", lambda: self.count(url, "silent") == 4)
        samples = self.metrics(url)[1]
        self.assertFalse(any(name.startswith("kclpp_fleet_shard_behind") for name in samples), "nobody knows any more")
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url.replace("/metrics", "/"), timeout=30)
        self.assertEqual(refused.exception.code, 404)
        refused.exception.close()
        process.terminate()
        self.assertEqual(process.wait(30), 0)

    def test_a_table_that_is_not_there_is_told_and_waited_for(self):
        _, url = self.watch()
        self.wait_until("a look failed", lambda: self.metrics(url)[1].get(
            'kclpp_fleet_failed_looks_total{application="demo"}', 0) > 0)
        self.assertEqual(self.metrics(url)[1]['kclpp_fleet_up{application="demo"}'], 0)
        self.demo()
        self.wait_until("all are held", lambda: self.count(url, "held") == 4)


class Converting(LeasesTest):
    """From a table of vmware-go-kcl's rows to one of kclpp's."""

    def put(self, server, *texts):
        client = Client(server.url)
        self.addCleanup(client.close)
        records = [{"Data": base64.b64encode(text.encode()).decode(), "PartitionKey": text} for text in texts]
        self.assertEqual(client.call("PutRecords", StreamName="s", Records=records)["FailedRecordCount"], 0)

    def consumed(self, server, application, *arguments):
        command = [KCLPP, "consume", "--stream", "s", "--application", application, "--from", "TRIM_HORIZON", "--text",
                   "--lease-store", f"sqlite:{self.file}", "--failover", "5", "--exit-when-caught-up", *arguments]
        environment = clean_environment(AWS_ENDPOINT_URL_KINESIS=server.url, AWS_REGION="us-east-1",
                                        AWS_ACCESS_KEY_ID="local", AWS_SECRET_ACCESS_KEY="local")
        done = subprocess.run(command, env=environment, text=True, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=120, cwd=self.folder, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return sorted(json.loads(line)["data"] for line in done.stdout.splitlines())

    def test_the_new_application_goes_on_where_the_old_one_stopped(self):
        with LocalServer(KCLPP, "--stream", "s:3") as server:
            before, after = [f"before {i}" for i in range(30)], [f"after {i}" for i in range(30)]
            self.put(server, *before)
            self.assertEqual(self.consumed(server, "old", "--lease-format", "vmware-go"), sorted(before))
            self.put(server, *after)
            plan = self.leases("convert", "--into", "new", "--failover", "5", "--dry-run", table="old")
            self.assertEqual(len(plan.splitlines()), 3)
            self.assertIn("nobody can be asked", self.leases("convert", "--into", "new", "--failover", "5", table="old",
                                                             code=1))
            told = self.leases("convert", "--into", "new", "--failover", "5", "--yes", table="old")
            self.assertIn("3 leases are in the table new", told)
            again = self.leases("convert", "--into", "new", "--failover", "5", "--yes", table="old")
            self.assertEqual(again.count("is there already"), 3)
            self.assertEqual(self.consumed(server, "new"), sorted(after))
            late = self.leases("convert", "--into", "new", "--failover", "5", "--yes", table="old", code=1)
            self.assertIn("nothing was changed", late)

    def test_consumers_of_enhanced_fan_out_are_named(self):
        with LocalServer(KCLPP, "--stream", "s:1") as server:
            self.consumed(server, "new")
            client = Client(server.url)
            self.addCleanup(client.close)
            stream = client.call("DescribeStreamSummary", StreamName="s")["StreamDescriptionSummary"]["StreamARN"]
            client.call("RegisterStreamConsumer", StreamARN=stream, ConsumerName="audit")
            flags = ("list", "--watch", "0", "--stream", "s", "--kinesis-endpoint", server.url, "--region", "us-east-1",
                     "--profile", "none")
            os.makedirs(os.path.join(self.folder, ".aws"))
            with open(os.path.join(self.folder, ".aws", "credentials"), "w", encoding="ascii") as file:
                file.write("[none]\naws_access_key_id = local\naws_secret_access_key = local\n")
            self.assertIn("audit", self.leases(*flags, table="new", home=self.folder))

    def test_what_is_missing_is_said(self):
        self.assertIn("--into", self.leases("convert", code=2))
        self.assertIn("old", self.leases("convert", "--into", "new", table="old", code=1))


class Usage(LeasesTest):
    def test_what_is_not_there_is_said_in_one_line(self):
        for table in ("demo", "other"):
            error = self.leases("list", code=1, table=table)
            self.assertEqual(len(error.splitlines()), 1, error)
            self.assertIn(table, error)
        self.assertFalse(os.path.exists(self.file), "looking makes nothing")

    def test_bad_flags(self):
        self.assertIn("--watch", self.leases("list", "--watch", "soon", code=2))
        self.assertIn("--probe-lag", self.leases("list", "--probe-lag", code=2))
        self.assertIn("leases", self.leases("dance", code=2))


if __name__ == "__main__":
    KCLPP = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
