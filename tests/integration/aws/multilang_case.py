"""What the tests of `kclpp multilang` on real servers share: a stream, a properties file, a daemon, and what its
children noted down."""
import glob
import os
import shutil
import subprocess
import time

from fleet import ENDS_WITH_US
from fleet_case import FleetTest
from servers import ROOT, skip

HERE = os.path.dirname(os.path.abspath(__file__))
PARTS = os.path.join(HERE, "multilang")
CLIENTS = os.path.join(ROOT, "build/multilang-clients")
KCLPY = "amazon_kclpy==3.2.0"
AWS_KCL = "aws-kcl@2.3.2"
AWS_KCLRB = "aws-kclrb:3.1.1"


def fetched(folder, command):
    """The folder, once the command has filled it; the test is skipped where it cannot."""
    done = os.path.join(folder, ".done")
    if not os.path.exists(done):
        os.makedirs(folder, exist_ok=True)
        got = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, timeout=300)
        if got.returncode != 0:
            skip(f"{command}: {got.stderr[-300:]}")
        with open(done, "w", encoding="utf-8"):
            pass
    return folder


def kclpy():
    """The unpacked source package: no jars are downloaded, since nothing is installed."""
    folder = fetched(os.path.join(CLIENTS, "kclpy"),
                     f"pip download --quiet --no-deps --no-binary :all: '{KCLPY}' && tar -xzf amazon_kclpy-*.tar.gz "
                     "--strip-components=1")
    return folder


def aws_kcl():
    folder = fetched(os.path.join(CLIENTS, "node"),
                     f"npm install --ignore-scripts --no-audit --no-fund --no-package-lock '{AWS_KCL}'")
    return os.path.join(folder, "node_modules")


def aws_kclrb():
    """What is to be on RUBYLIB."""
    if not shutil.which("gem"):
        skip("ruby is not on this machine (Debian: ruby)")
    folder = fetched(os.path.join(CLIENTS, "ruby"), f"gem install --no-document --install-dir . '{AWS_KCLRB}'")
    return ":".join(glob.glob(os.path.join(folder, "gems/*/lib")))


def lives(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


class Daemon:
    """One `kclpp multilang`, or what a client's launcher starts; stderr goes to a file."""

    def __init__(self, command, environment, folder, name):
        self.err = os.path.join(folder, name + ".err")
        with open(self.err, "wb") as err:
            self.process = subprocess.Popen([*ENDS_WITH_US, *command], env=environment, cwd=folder,
                                            stdin=subprocess.DEVNULL, stdout=err, stderr=err, start_new_session=True)

    def log(self):
        with open(self.err, encoding="utf-8", errors="replace") as err:
            return err.read()

    def terminate(self, seconds=40):
        self.process.terminate()
        return self.process.wait(seconds)


class MultilangTest(FleetTest):
    shards = 2

    def setUp(self):
        super().setUp()
        self.daemons = []
        self.addCleanup(self.end_daemons)

    def end_daemons(self):
        for daemon in self.daemons:
            if daemon.process.poll() is None:
                daemon.process.kill()
                daemon.process.wait(30)

    def properties(self, executable, *lines, file="orders.properties"):
        """A file as a client's sample has it, but for where the servers are and how fast things go."""
        text = [f"executableName = {executable}", f"applicationName = {self.application}",
                "streamArn = ", f"streamName = {self.stream}", "AwsCredentialsProvider = DefaultCredentialsProvider",
                "processingLanguage = any", "initialPositionInStream = TRIM_HORIZON", "regionName = us-east-1",
                f"kinesisEndpoint = {self.servers.kinesis_url}", f"dynamoDBEndpoint = {self.servers.dynamodb_url}",
                "retrievalMode = POLLING", "idleTimeBetweenReadsInMillis = 250", "metricsLevel = NONE",
                "failoverTimeMillis = 2000", *lines]
        path = os.path.join(self.dir, file)
        with open(path, "w", encoding="latin-1") as out:
            out.write("\n".join(text) + "\n")
        return path

    def environment(self, **extra):
        return self.servers.environment(KCLPP_TEST_FOLDER=self.dir, LC_ALL="C", **extra)

    def start(self, command, **environment):
        daemon = Daemon(command, self.environment(**environment), self.dir, f"daemon{len(self.daemons) + 1}")
        self.daemons.append(daemon)
        return daemon

    def multilang(self, *lines, executable=f"{PARTS}/child.py", **environment):
        file = self.properties(executable, *lines)
        return self.start([self.kclpp, "multilang", "--properties-file", file], **environment)

    def noted(self, file):
        """The lines of what the children noted, split into words; the first is the child's pid."""
        try:
            with open(os.path.join(self.dir, file), encoding="utf-8") as lines:
                return [line.split() for line in lines.read().splitlines()]
        except FileNotFoundError:
            return []

    def delivered(self):
        return {(shard, int(number)) for _, shard, number, *_ in self.noted("records")}

    def put_all(self, count):
        putter = self.put(count)
        putter.wait()
        return putter.puts()

    def wait_for(self, puts, daemon, seconds=60):
        wanted = {(put.shard, put.number) for put in puts}
        end = time.monotonic() + seconds
        while not wanted <= self.delivered():
            if time.monotonic() > end or daemon.process.poll() is not None:
                missing = wanted - self.delivered()
                self.fail(f"{len(missing)} of {len(wanted)} records did not come; the daemon:\n{daemon.log()[-6000:]}")
            time.sleep(0.1)

    def assert_in_order(self, puts):
        """Each child got, without a hole, what follows where it began."""
        numbers = {}
        for put in sorted(puts, key=lambda put: put.number):
            numbers.setdefault(put.shard, []).append(put.number)
        runs = {}
        for pid, shard, number, *_ in self.noted("records"):
            runs.setdefault((pid, shard), []).append(int(number))
        for (pid, shard), got in runs.items():
            begin = numbers[shard].index(got[0])
            self.assertEqual(got, numbers[shard][begin:begin + len(got)], f"child {pid} of {shard}")

    def checkpoints(self):
        return {item["leaseKey"]["S"]: item["checkpoint"]["S"] for item in self.servers.scan(self.application) or []}

    def leases(self):
        """What is stored of each shard."""
        return {item["leaseKey"]["S"]: (item["checkpoint"]["S"], int(item["checkpointSubSequenceNumber"]["N"]))
                for item in self.servers.scan(self.application) or []}

    def wait_for_log(self, daemon, text, seconds=30):
        self.wait_until(f"'{text}' in the log:\n{daemon.log()[-4000:]}", lambda: text in daemon.log(), seconds)

    def children(self):
        """Pids of this test's children that live."""
        return {pid for pid in {int(words[0]) for words in self.noted("calls")} if lives(pid)}
