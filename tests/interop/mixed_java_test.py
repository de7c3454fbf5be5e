"""A live fleet of `kclpp consume` and workers of Java KCL, 2.x or 3.x, on one lease table of Java's rows: joins, ends
in order, kill -9 on both sides, a split and a merge. Held to all that a fleet of kclpp alone is held to: nothing is
lost, each record after those before it in its shard and after its parents', no checkpoint goes back.

usage: mixed_java_test.py KCLPP [unittest arguments]

Needs a JDK, and maven and its repository (or a filled local one) for Java KCL; else skipped, with the reason.
"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(_HERE, "..", "integration", "aws"))

from fleet import Worker
from fleet_case import FleetTest, main

FAILOVER_SECONDS = 5
JAVA_KCL = os.path.join(_HERE, "java_kcl")


def build_worker(folder, version):
    """The class path, or why there is none."""
    for tool, package in (("mvn", "maven"), ("javac", "default-jdk-headless")):
        if shutil.which(tool) is None:
            return None, f"{tool} was not found (Debian: {package})"
    shutil.copy(os.path.join(JAVA_KCL, "pom.xml"), folder)
    try:
        got = subprocess.run(["mvn", "-B", "-q", "dependency:build-classpath", f"-Dkcl.version={version}",
                              "-Dmdep.outputFile=classpath"], cwd=folder, capture_output=True, text=True, timeout=540)
    except subprocess.TimeoutExpired:
        return None, "maven did not end within 9 minutes"
    if got.returncode != 0:
        return None, f"maven could not get Java KCL {version}: {got.stdout[-400:]}"
    with open(os.path.join(folder, "classpath"), encoding="utf-8") as file:
        path = f"{file.read().strip()}:{folder}"
    sources = [os.path.join(JAVA_KCL, name) for name in ("Kcl.java", "KclWorker.java")]
    subprocess.run(["javac", "-cp", path, "-d", folder, *sources], check=True, capture_output=True, timeout=300)
    return path, None


class JavaFleetTest(FleetTest):
    on_kclpp_local = True
    shards = 4
    failover_seconds = FAILOVER_SECONDS
    version = ""
    _path, _why = None, None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="kclpp-javaworker-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls._path, cls._why = build_worker(folder, cls.version)

    def setUp(self):
        if self._path is None:
            self.skipTest(self._why)
        super().setUp()

    # --- processes ---

    def start_ours(self, fleet):
        return fleet.start("--worker-id", f"w{len(fleet.workers) + 1}")

    def start_java(self, fleet):
        """The fleet empties its pipe like the others'."""
        name = f"java{len(fleet.workers) + 1}"
        command = ["java", "-cp", self._path, "KclWorker", self.java_stream(), self.application, name,
                   str(FAILOVER_SECONDS * 1000)]
        worker = Worker(name, command, self.servers.environment(), self.dir)
        fleet.workers.append(worker)
        fleet.read(worker)
        return worker

    def java_stream(self):
        """For multi-stream mode, as our leases name it."""
        if self.stream_flag == "--stream":
            return self.stream
        return self.rows()[0]["leaseKey"]["S"].rpartition(":")[0]

    def all_run(self, fleet):
        """Whoever is killed or ended on purpose has an exit code; Java's is 143 after SIGTERM."""
        for worker in fleet.workers:
            self.assertIn(worker.process.poll(), (None, 0, -9, 143), f"{worker.name} ended:\n{worker.errors()}")

    def end_in_order(self, worker, code):
        worker.process.terminate()
        self.assertEqual(worker.process.wait(60), code, worker.errors())

    def rows(self):
        return [row for row in self.servers.scan(self.application) or [] if "checkpoint" in row]

    def wait_for_share(self, worker, seconds=150):
        def has_some():
            return any(row.get("leaseOwner", {}).get("S") == worker.name for row in self.rows())
        self.wait_until(f"{worker.name} has a shard", has_some, seconds)

    def open_shards(self):
        shards = [shard for shard in self.servers.admin("list-shards", self.stream)
                  if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
        shards.sort(key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))
        return [shard["ShardId"] for shard in shards]

    def join_and_leave(self):
        with self.history("dynamodb") as history, self.fleet("dynamodb", "--checkpoint-interval", "0.5") as fleet:
            first = self.start_ours(fleet)
            putter = self.put(4000, "--rate", 40)
            self.wait_until_put(putter, fleet, 100)
            java = self.start_java(fleet)
            self.wait_for_share(java)
            self.servers.admin("split", self.stream, self.open_shards()[0])
            second = self.start_ours(fleet)
            self.wait_for_share(second)
            first.kill()
            self.servers.admin("merge", self.stream, *self.open_shards()[-2:])
            another = self.start_java(fleet)
            self.wait_for_share(another)
            self.end_in_order(java, 143)
            another.kill()
            self.end_in_order(second, 0)
            java = self.start_java(fleet)
            self.wait_for_share(java)
            self.start_ours(fleet)
            putter.wait(600)
            puts = putter.puts()
            self.wait_until_delivered(fleet, puts, idle_seconds=90)
            for worker in fleet.running():
                self.end_in_order(worker, 143 if worker.name.startswith("java") else 0)
            fleet.end()
        self.assert_promises_kept(puts, fleet, history)
        for kind in ("w", "java"):
            count = sum(len(worker.lines) for worker in fleet.workers if worker.name.startswith(kind))
            self.assertGreater(count, 0, f"{kind} delivered nothing: the test tests nothing")


class KclStreams(JavaFleetTest):
    """Java's multi-stream mode."""

    version = "3.5.1"
    stream_flag = "--streams"

    def test_java_workers_join_and_leave_a_fleet_of_ours(self):
        self.join_and_leave()
        for row in self.rows():
            stream, _, shard = row["leaseKey"]["S"].rpartition(":")
            self.assertEqual((row["streamName"]["S"], row["shardId"]["S"]), (stream, shard))


class Kcl2(JavaFleetTest):
    version = "2.7.2"

    def test_java_workers_join_and_leave_a_fleet_of_ours(self):
        self.join_and_leave()


class Kcl3(JavaFleetTest):
    version = "3.5.1"

    def test_java_workers_join_and_leave_a_fleet_of_ours(self):
        self.join_and_leave()


if __name__ == "__main__":
    main()
