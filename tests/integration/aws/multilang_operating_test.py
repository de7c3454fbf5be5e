"""`kclpp multilang` as any other worker to those who operate it: metrics, probes, status, lease rows.

usage: multilang_operating_test.py KCLPP [unittest arguments]
"""
import json
import re
import sys
import urllib.request

sys.dont_write_bytecode = True

from fleet_case import main
from multilang_case import PARTS, MultilangTest


class Operating(MultilangTest):
    def get(self, url):
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read().decode()

    def test_serves_metrics_probes_and_status(self):
        puts = self.put_all(50)
        daemon = self.multilang("kclpp.listen = 127.0.0.1:0")
        self.wait_for(puts, daemon)
        url = re.search(r"listening url=(\S+)", daemon.log())[1].rstrip("/")
        self.get(url + "/livez")
        self.get(url + "/readyz")
        metrics = self.get(url + "/metrics")
        self.assertRegex(metrics, rf"(?m)^kclpp_multilang_children_started_total\S* {self.shards}$")
        self.assertRegex(metrics, r"(?m)^kclpp_multilang_children_failed_total\S* 0$")
        shards = json.loads(self.get(url + "/status"))["shards"]
        self.assertEqual({shard["shard"] for shard in shards}, {put.shard for put in puts})
        self.assertEqual(daemon.terminate(), 0, daemon.log())

    def test_keeps_its_leases_in_rows_of_vmware_go(self):
        puts = self.put_all(50)
        file = self.properties(f"{PARTS}/child.py", "failoverTimeMillis = 6000")
        daemon = self.start([self.kclpp, "multilang", "-p", file, "--lease-format", "vmware-go"])
        self.wait_for(puts, daemon)
        self.assertEqual(daemon.terminate(), 0, daemon.log())
        rows = {row["ShardID"]["S"]: row for row in self.servers.scan(self.application)}
        last = {put.shard: str(put.number) for put in sorted(puts, key=lambda put: put.number)}
        self.assertEqual({shard: rows[shard]["Checkpoint"]["S"] for shard in last}, last)


if __name__ == "__main__":
    main()
