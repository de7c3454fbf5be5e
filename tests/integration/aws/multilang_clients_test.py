"""`kclpp multilang` under the clients of Python, Node.js and Ruby as they are published, started as their own launchers
do: every record in order, checkpoints stored, a split, SIGTERM, a restart that goes on; by fan-out, too, and with KPL
aggregates.

usage: multilang_clients_test.py KCLPP [unittest arguments]
"""
import base64
import json
import os
import shlex
import subprocess
import sys
import xml.etree.ElementTree

sys.dont_write_bytecode = True

from fleet_case import main
from multilang_case import PARTS, MultilangTest, aws_kcl, aws_kclrb, kclpy
from servers import TOOLS


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


class Ruby(Clients):
    def environment(self, **extra):
        return super().environment(RUBYLIB=aws_kclrb(), **extra)

    def test_a_program_on_aws_kclrb_as_its_rakefile_starts_it(self):
        """JAVA_HOME is a folder whose bin/java is kclpp. The sample's Rakefile itself is in no gem."""
        os.makedirs(f"{self.dir}/java/bin")
        os.symlink(self.kclpp, f"{self.dir}/java/bin/java")
        file = self.properties(f"ruby {PARTS}/ruby_app.rb")
        command = ("exec $JAVA_HOME/bin/java -classpath jars/a.jar:samples "
                   f"software.amazon.kinesis.multilang.MultiLangDaemon --properties-file {file}")
        self.run_all(lambda: self.start(["sh", "-c", command], JAVA_HOME=f"{self.dir}/java"))


class FanOut(Clients):
    """On `kclpp local`, which tells subscribers that a shard has ended."""
    on_kclpp_local = True
    clients = {}

    def environment(self, **extra):
        return super().environment(**self.clients, **extra)

    def run_by_fan_out(self, executable):
        file = self.properties(executable, "retrievalMode = FANOUT")
        self.run_all(lambda: self.start([self.kclpp, "multilang", "--properties-file", file]))
        self.assertEqual(self.servers.admin("describe", self.stream)["ConsumerCount"], 1)

    def test_a_program_on_kclpy(self):
        self.clients = {"PYTHONPATH": kclpy(), "PYTHONDONTWRITEBYTECODE": "1"}
        self.run_by_fan_out(f"{PARTS}/kclpy_app.py")

    def test_a_program_on_aws_kcl(self):
        self.clients = {"NODE_PATH": aws_kcl()}
        self.run_by_fan_out(f"node {PARTS}/node_app.js")


class Aggregates(MultilangTest):
    """Of the KPL's form, by AWS's own aggregator, with keys that are no ASCII; the locale is C."""
    shards = 1
    on_kclpp_local = True
    clients = {}

    def environment(self, **extra):
        return super().environment(**self.clients, **extra)

    def put_aggregates(self, count):
        """(sequence number, partition keys) of each."""
        made = subprocess.run(["node", os.path.join(TOOLS, "aggregates.mjs"), str(count), "7"],
                              env=self.servers.environment(), capture_output=True, text=True, check=True)
        put = []
        for line in made.stdout.splitlines():
            aggregate = json.loads(line)
            file = os.path.join(self.dir, "aggregate")
            with open(file, "wb") as out:
                out.write(base64.b64decode(aggregate["data"]))
            answer = self.servers.admin("put-record", self.stream, "a", file)
            put.append((answer["SequenceNumber"], [key for key, _, _ in aggregate["records"]]))
        self.assertIn("ключ", [key for _, keys in put for key in keys])
        return put

    def run_client(self, executable):
        """What is stored of the shard at the end, and what was put."""
        put = self.put_aggregates(12)
        wanted = [[number, str(i), key] for number, keys in put for i, key in enumerate(keys)]
        daemon = self.multilang(executable=executable)
        self.wait_until("every user record", lambda: len(self.noted("records")) >= len(wanted))
        self.wait_until("a checkpoint", lambda: self.checkpoints()["shardId-000000000000"] == put[-1][0])
        stored = self.leases()["shardId-000000000000"]
        self.assertEqual(daemon.terminate(), 0, daemon.log())
        self.assertEqual([words[2:] for words in self.noted("records")], wanted)
        return stored, put

    def test_a_program_on_kclpy_checkpoints_within_them(self):
        self.clients = {"PYTHONPATH": kclpy(), "PYTHONDONTWRITEBYTECODE": "1", "KCLPP_TEST_CHECKPOINT": "record"}
        stored, put = self.run_client(f"{PARTS}/kclpy_app.py")
        number, keys = put[-1]
        self.assertGreater(len(keys), 1)
        self.assertEqual(stored, (number, len(keys) - 1))

    def test_a_program_on_aws_kcl_checkpoints_by_the_number_alone(self):
        self.clients = {"NODE_PATH": aws_kcl()}
        stored, put = self.run_client(f"node {PARTS}/node_app.js")
        self.assertEqual(stored, (put[-1][0], 0))


class Samples(MultilangTest):
    def test_the_properties_of_kclpys_sample_are_taken_as_they_are(self):
        samples = os.path.join(kclpy(), "samples")
        checked = subprocess.run([self.kclpp, "multilang", "--check", "-p", os.path.join(samples, "sample.properties")],
                                 env=self.environment(PATH=f"{samples}:{os.environ['PATH']}"), capture_output=True,
                                 text=True, check=False)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertIn("executableName = sample_kclpy_app.py", checked.stdout)
        self.assertIn("regionName = us-east-1", checked.stdout)


if __name__ == "__main__":
    main()
