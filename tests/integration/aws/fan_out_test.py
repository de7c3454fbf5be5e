"""Enhanced fan-out on real servers: a fleet of `kclpp consume --fan-out` reads everything that was put, in order, while
one of its workers is killed and another joins.

Over plain HTTP/1.1 on kinesis-local; over TLS with HTTP/2 on `kclpp local` with nghttpx before it. Over HTTP/2
kinesis-local breaks connections now and then, and goes on refusing a shard for as long as five minutes after the
subscription whose connection broke (ResourceInUseException); AWS lets a new one take over after five seconds.

kinesis-local never tells a subscriber that a shard has ended, so shards are not split here; ../fan_out_test.py does
that on `kclpp local`, and breaks streams.

usage: fan_out_test.py KCLPP [unittest arguments]

KCLPP_TEST_RECORDS says how many records each run puts (3000).
"""
import os
import sys

sys.dont_write_bytecode = True

from fleet_case import FleetTest, main

RECORDS = int(os.environ.get("KCLPP_TEST_RECORDS", "3000"))


class FanOutTest(FleetTest):
    shards = 4
    failover_seconds = 5

    def run_fleet(self, kinesis_url, **environment):
        store = f"sqlite:{self.dir}/leases"
        arguments = ("--fan-out", "--kinesis-endpoint", kinesis_url)
        with self.history(store) as history, self.fleet(store, *arguments, **environment) as fleet:
            workers = [fleet.start() for _ in range(2)]
            putter = self.put(RECORDS, "--rate", 300)
            self.wait_until_put(putter, fleet, RECORDS // 3)
            workers[0].kill()
            fleet.start()
            putter.wait()
            puts = putter.puts()
            self.wait_until_delivered(fleet, puts)
            self.end(fleet)
            self.assert_promises_kept(puts, fleet, history)
            errors = "".join(worker.errors() for worker in fleet.workers)
        self.assertNotIn("fan_out_refused", errors)
        # Over TLS nothing but the client can have damaged a frame.
        self.assertNotIn("checksum", errors)


class FanOut(FanOutTest):
    def test_a_worker_is_killed(self):
        self.run_fleet(self.servers.kinesis_url)

    def test_it_ends_once_it_has_caught_up(self):
        putter = self.put(300)
        putter.wait()
        store = f"sqlite:{self.dir}/leases"
        delivered = self.run_until_caught_up(store, "--fan-out")
        self.assertEqual({(one.shard, one.number) for one in delivered},
                         {(put.shard, put.number) for put in putter.puts()})
        self.assertEqual(self.run_until_caught_up(store, "--fan-out"), [])

    def test_where_it_is_refused_shards_are_polled_if_that_was_asked_for(self):
        putter = self.put(100)
        putter.wait()
        store = f"sqlite:{self.dir}/leases"
        missing = "arn:aws:kinesis:us-east-1:000000000000:stream/" + self.stream + "/consumer/nobody:1"
        with self.fleet(store, "--fan-out", "--consumer-arn", missing, "--poll-if-refused") as fleet:
            worker = fleet.start()
            self.wait_until_delivered(fleet, putter.puts())
            self.end(fleet)
            self.assertIn("fan_out_refused", worker.errors())


class FanOutHttp2(FanOutTest):
    on_kclpp_local = True

    def test_a_worker_is_killed_over_tls(self):
        exports = self.servers.exports
        self.run_fleet(exports["KCLPP_LOCAL_AWS_TLS_URL"], AWS_CA_BUNDLE=exports["KCLPP_LOCAL_AWS_CA"])


if __name__ == "__main__":
    main()
