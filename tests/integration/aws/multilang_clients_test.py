"""`kclpp multilang` under the clients of Python and Node.js as they are published, started by their own launchers:
every record in order, checkpoints stored, a split, SIGTERM, a restart that goes on.

usage: multilang_clients_test.py KCLPP [unittest arguments]
"""
import os
import shlex
import subprocess
import sys
import xml.etree.ElementTree

sys.dont_write_bytecode = True

from fleet_case import main
from multilang_case import PARTS, MultilangTest, aws_kcl, kclpy


class Clients(MultilangTest):
    def run_all(self, start):
        """`start()` gives a daemon; the test is over when the second one has ended."""
        puts = self.put_all(300)
        daemon = start()
        self.wait_for(puts, daemon)
        self.servers.admin("split", self.stream, "shardId-000000000000")
        self.wait_until("the parent's SHARD_END", lambda: self.checkpoints().get("shardId-000000000000") == "SHARD_END")
        self.assertEqual(self.end(daemon), 0, daemon.log())
        self.assertIn("shutdownRequested", {words[1] for words in self.noted("calls")})
        self.assertIn("leaseLost", {words[1] for words in self.noted("calls")})
        self.assertIn("shardEnded", {words[1] for words in self.noted("calls")})
        self.assertEqual(len(self.noted("records")), len(puts), "nothing was delivered twice")
        last = {put.shard: str(put.number) for put in sorted(puts, key=lambda put: put.number)}
        self.assertEqual(self.checkpoints()["shardId-000000000001"], last["shardId-000000000001"])

        more = self.put_all(100)
        daemon = start()
        self.wait_for(more, daemon)
        self.assertEqual(self.end(daemon), 0, daemon.log())
        self.assertEqual(len(self.noted("records")), len(puts) + len(more), "nothing was delivered twice")
        self.assert_in_order([*puts, *more])
        self.assertEqual(self.noted("errors"), [])
        self.wait_until("every child has ended", lambda: not self.children())

    def end(self, daemon):
        return daemon.terminate()


class Python(Clients):
    def environment(self, **extra):
        return super().environment(PYTHONPATH=kclpy(), PYTHONDONTWRITEBYTECODE="1", **extra)

    def test_a_program_on_kclpy_as_its_helper_starts_it(self):
        file = self.properties(f"{PARTS}/kclpy_app.py")
        helper = subprocess.run([sys.executable, os.path.join(kclpy(), "samples/amazon_kclpy_helper.py"),
                                 "--print_command", "--java", self.kclpp, "--properties", os.path.basename(file)],
                                cwd=self.dir, env=self.environment(), capture_output=True, text=True, check=True)
        command = shlex.split(helper.stdout)
        self.assertIn("software.amazon.kinesis.multilang.MultiLangDaemon", command)
        self.run_all(lambda: self.start(command))

    def test_the_sample_of_kclpy_checkpoints_when_it_is_told_to_stop(self):
        puts = self.put_all(50)
        daemon = self.multilang(executable=os.path.join(sys.prefix, "bin/python3") + " " +
                                os.path.join(kclpy(), "samples/sample_kclpy_app.py"))
        self.wait_until("every record on stderr", lambda: all(str(put.number) in daemon.log() for put in puts))
        self.assertEqual(daemon.terminate(), 0, daemon.log())
        last = {put.shard: str(put.number) for put in sorted(puts, key=lambda put: put.number)}
        self.assertEqual({shard: self.checkpoints()[shard] for shard in last}, last)


class Node(Clients):
    def environment(self, **extra):
        return super().environment(NODE_PATH=aws_kcl(), **extra)

    def jars(self):
        """Empty files by the names of what kcl-bootstrap would download: java is not what is started."""
        folder = os.path.join(self.dir, "jars")
        os.makedirs(folder, exist_ok=True)
        namespace = {"m": "http://maven.apache.org/POM/4.0.0"}
        pom = xml.etree.ElementTree.parse(os.path.join(aws_kcl(), "aws-kcl/pom.xml")).getroot()
        values = {"${%s}" % value.tag.split("}")[1]: value.text for value in pom.find("m:properties", namespace)}
        for dependency in pom.find("m:dependencies", namespace):
            name, version = (dependency.find(f"m:{part}", namespace).text for part in ("artifactId", "version"))
            with open(os.path.join(folder, f"{name}-{values.get(version, version)}.jar"), "w", encoding="utf-8"):
                pass
        return folder

    def end(self, daemon):
        """Its launcher hands signals on to nobody, nor an exit code: the daemon is its child."""
        launched = subprocess.run(["ps", "-o", "pid=", "--ppid", str(daemon.process.pid)], capture_output=True,
                                  text=True, check=True)
        for pid in launched.stdout.split():
            os.kill(int(pid), 15)
        return daemon.process.wait(40)

    def test_a_program_on_aws_kcl_as_its_bootstrap_starts_it(self):
        file = self.properties(f"node {PARTS}/node_app.js")
        self.run_all(lambda: self.start(["node", os.path.join(aws_kcl(), "aws-kcl/bin/kcl-bootstrap"), "--java",
                                         self.kclpp, "-c", self.jars(), "-e", "-p", file]))


if __name__ == "__main__":
    main()
