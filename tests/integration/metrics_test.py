"""/metrics of a worker, as Prometheus reads it: `kclpp consume --listen` on `kclpp local`, under each of the names.

usage: metrics_test.py KCLPP [unittest arguments]
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../interop"))
sys.dont_write_bytecode = True

from kinesis_client import Client
from local_server import LocalServer, clean_environment

PROGRAM = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else None
PATIENCE_SECONDS = 60
SAMPLE = re.compile(r'([a-zA-Z_:][\w:]*)\{(\w+="[^"\\]*"(?:,\w+="[^"\\]*")*)\} (\S+)')
# What promtool would have named in another way, and vmware-go-kcl has named as it has.
THEIR_WAYS = ('counter metrics should have "_total" suffix', "metric names should not contain abbreviated units",
              'use base unit "seconds" instead of "milliseconds"',
              "label names should be written in 'snake_case' not 'camelCase'")


class Metrics(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.server = self.enterContext(LocalServer(PROGRAM, "--stream", "orders:2"))
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        client = Client(self.server.url)
        entries = [{"PartitionKey": f"key-{key}", "Data": "eHk="} for key in range(20)]
        self.assertEqual(client.call("PutRecords", StreamName="orders", Records=entries)["FailedRecordCount"], 0)
        client.close()

    def worker(self, *flags):
        """The URL of /metrics of a worker that lasts as long as the test."""
        log = os.path.join(self.folder, "log")
        environment = clean_environment(AWS_ENDPOINT_URL_KINESIS=self.server.url, AWS_REGION="us-east-1",
                                        AWS_ACCESS_KEY_ID="local", AWS_SECRET_ACCESS_KEY="local")
        command = [PROGRAM, "consume", "--stream", "orders", "--application", "my-app", "--lease-store",
                   f"sqlite:{self.folder}/leases", "--from", "TRIM_HORIZON", "--listen", "127.0.0.1:0", "--log-file",
                   log, "--worker-id", "me", *flags]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment)
        self.addCleanup(process.wait, 30)
        self.addCleanup(process.kill)

        def address():
            if not os.path.exists(log):
                return None
            with open(log, encoding="utf-8") as file:
                return re.search(r"listening url=(http\S+)\s", file.read())
        return self.wait_for("it listens", address)[1] + "/metrics"

    def wait_for(self, what, found):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            value = found()
            if value:
                return value
            time.sleep(0.1)
        self.fail(f"not within {PATIENCE_SECONDS} s: {what}")

    def read(self, url):
        """The text, and the samples: {name: {labels: value}}."""
        with urllib.request.urlopen(url, timeout=30) as answer:
            text = answer.read().decode()
        samples = {}
        for line in text.splitlines():
            if line.startswith("# "):
                continue
            name, labels, value = SAMPLE.fullmatch(line).groups()
            self.assertNotIn(labels, samples.setdefault(name, {}))
            samples[name][labels] = float(value)
        return text, samples

    def settled(self, url, name, total=20):
        """Once all was processed and both shards are held."""
        def found():
            text, samples = self.read(url)
            held = sum(samples.get("kclpp_leases_held", {}).values())
            processed = sum(samples.get(name, {}).values())
            return (text, samples) if (held, processed) == (2, total) else None
        return self.wait_for("all was processed", found)

    def complaints(self, text):
        """promtool's, but for those about names that are vmware-go-kcl's."""
        if not shutil.which("promtool"):
            print("promtool (Debian: prometheus) was not found: the text was checked by this test's own rules only",
                  file=sys.stderr)
            return []
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True,
                                 timeout=60, check=False)
        self.assertIn(checked.returncode, (0, 3), checked.stderr)
        return [line for line in (checked.stdout + checked.stderr).splitlines()
                if not (line.startswith("my_app_") and line.endswith(THEIR_WAYS))]

    def test_our_names_are_as_prometheus_would_have_them(self):
        text, samples = self.settled(self.worker(), "kclpp_records_processed_total")
        self.assertEqual(self.complaints(text), [])
        self.assertEqual(len(samples["kclpp_records_processed_total"]), 2, "a series for each shard")
        self.assertEqual([name for name in samples if not name.startswith("kclpp_")], [])

    def test_their_names_stand_beside_ours(self):
        url = self.worker("--prometheus-names", "vmware-go")
        text, samples = self.settled(url, "my_app_processed_records")
        self.assertEqual(self.complaints(text), [])
        by_shard = {f'kinesisStream="orders",shard="shardId-00000000000{number}"' for number in range(2)}
        by_worker = {f'{labels},workerID="me"' for labels in by_shard}
        for name in ("processed_records", "processed_bytes", "behind_latest_millis",
                     "get_records_duration_milliseconds_count", "process_records_duration_milliseconds_sum"):
            self.assertEqual(set(samples[f"my_app_{name}"]), by_shard, name)
        for name in ("leases_held", "lease_renewals"):
            self.assertEqual(set(samples[f"my_app_{name}"]), by_worker, name)
        self.assertEqual(sum(samples["my_app_processed_bytes"].values()), 40)
        self.assertEqual(sum(samples["my_app_leases_held"].values()), 2)
        self.assertEqual(sum(samples["kclpp_records_processed_total"].values()), 20)
        types = dict(re.findall(r"^# TYPE my_app_(\w+) (\w+)$", text, re.MULTILINE))
        self.assertEqual(types, {"processed_records": "counter", "processed_bytes": "counter",
                                 "behind_latest_millis": "gauge", "leases_held": "gauge",
                                 "lease_renewals": "counter", "get_records_duration_milliseconds": "histogram",
                                 "process_records_duration_milliseconds": "histogram"})

    def test_without_the_shard_there_is_one_series(self):
        url = self.worker("--prometheus-names", "vmware-go", "--prometheus-drop-shard-label")
        text, samples = self.settled(url, "my_app_processed_records")
        self.assertEqual(self.complaints(text), [])
        self.assertNotIn("shard=", text)
        self.assertEqual(samples["my_app_leases_held"], {'kinesisStream="orders",workerID="me"': 2})
        self.assertEqual(samples["my_app_processed_bytes"], {'kinesisStream="orders"': 40})
        self.assertEqual(len(samples["kclpp_records_processed_total"]), 1)


if __name__ == "__main__":
    unittest.main()
