"""Memory and CPU of a MultiLang daemon with one child a shard, against local servers; those of the children apart.

usage: multilang.py KCLPP [SHARDS [RECORDS [JVM COMMAND...]]]
A command after the numbers is run in kclpp's place, on the same stream with the same child: it is given the properties
file as its last argument.
"""
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../tests/integration/aws"))
sys.dont_write_bytecode = True

from fleet import ENDS_WITH_US, Putter, package_index
from servers import Servers

TICK = os.sysconf("SC_CLK_TCK")


def status(pid):
    """CPU seconds, resident and proportional KiB."""
    with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
        fields = file.read().rpartition(")")[2].split()
    memory = {}
    with open(f"/proc/{pid}/smaps_rollup", encoding="latin-1") as file:
        for line in file:
            name, _, value = line.partition(":")
            memory[name] = value.split()[0] if value.strip() else ""
    return (int(fields[11]) + int(fields[12])) / TICK, int(memory["Rss"]), int(memory["Pss"])


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


def children_of(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in found.stdout.split()]


def applications(servers, application):
    items = servers.scan(application) or []
    return sum(item["checkpoint"]["S"].isdigit() for item in items), len(items)


def main():
    kclpp, shards, records = sys.argv[1], int((sys.argv[2:3] or ["64"])[0]), int((sys.argv[3:4] or ["20000"])[0])
    command = sys.argv[4:] or [kclpp, "multilang", "--properties-file"]
    with tempfile.TemporaryDirectory(prefix="kclpp-bench-") as folder, Servers(folder) as servers:
        servers.admin("create-stream", "bench", shards)
        properties = os.path.join(folder, "bench.properties")
        with open(properties, "w", encoding="latin-1") as out:
            out.write(f"""executableName = {sys.executable} {HERE}/child.py
applicationName = bench
streamName = bench
AwsCredentialsProvider = DefaultCredentialsProvider
initialPositionInStream = TRIM_HORIZON
regionName = us-east-1
kinesisEndpoint = {servers.kinesis_url}
dynamoDBEndpoint = {servers.dynamodb_url}
retrievalMode = POLLING
metricsLevel = NONE
shutdownGraceMillis = 20000
""")
        with open(os.path.join(folder, "daemon.err"), "wb") as err:
            daemon = subprocess.Popen([*ENDS_WITH_US, *command, properties], env=servers.environment(), cwd=folder,
                                      stdin=subprocess.DEVNULL, stdout=err, stderr=err)
        begin = time.monotonic()
        while len(children_of(daemon.pid)) < shards and daemon.poll() is None:
            time.sleep(0.2)
        owned = time.monotonic() - begin
        time.sleep(10)
        cpu, rss, pss = status(daemon.pid)
        print(f"{shards} shards, a child each: all run after {owned:.1f} s")
        print(f"idle: daemon RSS {rss / 1024:.1f} MiB, PSS {pss / 1024:.1f} MiB, {threads(daemon.pid)} threads")
        idle_begin = time.monotonic()
        time.sleep(20)
        idle_cpu = status(daemon.pid)[0] - cpu
        print(f"idle: {idle_cpu / (time.monotonic() - idle_begin) * 100:.1f} % of a core")
        cpu = status(daemon.pid)[0]
        children_cpu = sum(status(pid)[0] for pid in children_of(daemon.pid))
        putter = Putter(servers, "bench", package_index(folder, records), folder, "--count", records)
        putter.wait(600)
        put = len(putter.puts())
        time.sleep(10)
        after, rss, pss = status(daemon.pid)
        family = [status(pid) for pid in children_of(daemon.pid)]
        print(f"{put} records: daemon {after - cpu:.2f} CPU-s, {(after - cpu) / put * 1e6:.0f} us a record; "
              f"children {sum(one[0] for one in family) - children_cpu:.2f} CPU-s")
        print(f"then: daemon RSS {rss / 1024:.1f} MiB, PSS {pss / 1024:.1f} MiB; children "
              f"{sum(one[2] for one in family) / 1024:.0f} MiB PSS in all")
        daemon.terminate()
        print(f"exit code {daemon.wait(60)}; {applications(servers, 'bench')} leases with a checkpoint, of all")


main()
