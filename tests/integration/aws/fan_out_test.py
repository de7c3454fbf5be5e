"""Enhanced fan-out on real servers: a fleet of `kclpp consume --fan-out` reads everything that was put, in order, while
its streams are cut and one of its workers is killed, over plain HTTP/1.1 and over TLS with HTTP/2.

The emulator never tells a subscriber that a shard has ended (tests/simulation does that), so shards are not split here.

usage: fan_out_test.py KCLPP [unittest arguments]

KCLPP_TEST_RECORDS says how many records each run puts (3000), KCLPP_TEST_SEED when the cuts come (1).
"""
import os
import random
import socket
import sys
import threading
import time
from urllib.parse import urlsplit

sys.dont_write_bytecode = True

from fleet_case import FleetTest, main

RECORDS = int(os.environ.get("KCLPP_TEST_RECORDS", "3000"))
SEED = int(os.environ.get("KCLPP_TEST_SEED", "1"))


class Cutter:
    """A way to a server, byte by byte, whose connections can be cut: `with Cutter(host, port) as way: way.port`."""

    def __init__(self, host, port):
        self._upstream, self._lock, self._pairs = (host, port), threading.Lock(), []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.cuts = self._listener.getsockname()[1], 0

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.close()
        self.cut(lambda: True)

    def cut(self, chosen):
        """Ends those connections for which `chosen()` says so; tells how many."""
        with self._lock:
            doomed = [pair for pair in self._pairs if chosen()]
            self._pairs = [pair for pair in self._pairs if pair not in doomed]
        for pair in doomed:
            for end in pair:
                self._end(end)
        self.cuts += len(doomed)
        return len(doomed)

    @staticmethod
    def _end(end):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # its other side was quicker

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            pair = (client, socket.create_connection(self._upstream))
            with self._lock:
                self._pairs.append(pair)
            for source, sink in (pair, pair[::-1]):
                threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    def _copy(self, source, sink):
        try:
            while block := source.recv(1 << 16):
                sink.sendall(block)
        except OSError:
            pass
        self._end(sink)


class FanOut(FleetTest):
    shards = 4
    failover_seconds = 5

    def run_fleet(self, kinesis_url, cut=None, **environment):
        store = f"sqlite:{self.dir}/leases"
        arguments = ("--fan-out", "--kinesis-endpoint", kinesis_url)
        with self.history(store) as history, self.fleet(store, *arguments, **environment) as fleet:
            workers = [fleet.start() for _ in range(2)]
            putter = self.put(RECORDS, "--rate", 300)
            self.wait_until_put(putter, fleet, RECORDS // 3)
            workers[0].kill()
            fleet.start()
            while putter.process.poll() is None:
                if cut:
                    cut()
                time.sleep(0.5)
            putter.wait()
            puts = putter.puts()
            self.wait_until_delivered(fleet, puts)
            self.end(fleet)
            self.assert_promises_kept(puts, fleet, history)
            errors = "".join(worker.errors() for worker in fleet.workers)
        self.assertNotIn("fan_out_refused", errors)
        return errors

    def test_a_worker_is_killed(self):
        self.run_fleet(self.servers.kinesis_url)

    def test_a_worker_is_killed_over_tls_and_http2(self):
        exports = self.servers.exports
        self.run_fleet(exports["KCLPP_LOCAL_AWS_TLS_URL"], AWS_CA_BUNDLE=exports["KCLPP_LOCAL_AWS_CA"])

    def test_streams_are_cut_at_random(self):
        chance = random.Random(SEED)
        server = urlsplit(self.servers.kinesis_url)
        with Cutter(server.hostname, server.port) as way:
            errors = self.run_fleet(f"http://127.0.0.1:{way.port}", cut=lambda: way.cut(lambda: chance.random() < 0.3))
            self.assertGreater(way.cuts, 0, "nothing was cut: the test tests nothing")
        self.assertIn("read_failed", errors)

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


if __name__ == "__main__":
    main()
