"""What the tests of faults share: a fleet behind two fault proxies, and what must hold whatever those do."""
import os
import time
from collections import Counter

from fault_proxy import FaultProxy
from fleet_case import FleetTest

SEED = int(os.environ.get("KCLPP_TEST_SEED", "1"))
RECORDS = 1500
FAILOVER_SECONDS = 6


class FaultsTest(FleetTest):
    shards = 4
    failover_seconds = FAILOVER_SECONDS

    def setUp(self):
        super().setUp()
        self.kinesis = self.proxy(self.servers.kinesis_url)
        self.dynamodb = self.proxy(self.servers.dynamodb_url)

    def proxy(self, url):
        return self.enterContext(FaultProxy("127.0.0.1", int(url.rpartition(":")[2]), seed=SEED))

    def run_fleet(self, seconds=0):
        """Two workers behind the proxies read what is put; checks all promises. `seconds` more with nothing to read."""
        endpoints = {"AWS_ENDPOINT_URL_KINESIS": self.kinesis.url, "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb.url}
        with self.history("dynamodb") as history, self.fleet("dynamodb", **endpoints) as fleet:
            for _ in range(2):
                fleet.start()
            putter = self.put(RECORDS, "--rate", "150")
            self.wait_until_put(putter, fleet, RECORDS)
            putter.wait()
            puts = putter.puts()
            self.wait_until_delivered(fleet, puts, idle_seconds=90)
            time.sleep(seconds)
            self.all_run(fleet)
            # How it ends is another test's concern.
            self.kinesis.rules = self.dynamodb.rules = []
            self.end(fleet)
            self.assert_promises_kept(puts, fleet, history)
        return history.polls

    def spoiled(self, proxy, at_least=3):
        """The proxy did what the test is about."""
        self.assertGreaterEqual(len(proxy.faults()), at_least, "hardly anything was broken: the test tests nothing")

    def assert_no_lease_lost(self, polls):
        """Once both have their share, no lease has another owner until the end in order."""
        seen = [{shard: row.owner for shard, row in poll.rows.items()} for poll in polls]
        share = self.shards // 2
        fair = next((index for index, owners in enumerate(seen) if None not in owners.values() and
                     sorted(Counter(owners.values()).values()) == [share, share]), None)
        self.assertIsNotNone(fair, f"the two workers never had {share} leases each: {seen[-1]}")
        owners = seen[fair]
        for now in seen[fair:]:
            if None in now.values():
                return
            self.assertEqual(now, owners)
