"""What the same work costs other consumers: every record of a stream on `kclpp local`, leases on dynalite.

usage: peers.py KCLPP BENCH_PEER [--json] [--records N] [--only NAME]...
Each peer is a small program of ours on its published package, with a second of rest before it. CPU and memory are those
of its process alone, from its start to the last record; what cannot be built here is told as not measured.
"""
import argparse
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("integration/aws", "interop"):
    sys.path.insert(0, os.path.join(HERE, "../../tests", folder))
sys.dont_write_bytecode = True

from kinesis_client import Client
from servers import ENDS_WITH_US, Servers

KCL = os.path.join(HERE, "../../tests/interop/java_kcl")
TICK = os.sysconf("SC_CLK_TCK")
SHARDS = 8
RECORD_BYTES = 1024
STREAM = "peers"
KCL_3, KCL_2 = "3.5.1", "2.7.2"


class NotHere(Exception):
    """Why a peer cannot be built on this machine."""


def run(command, **options):
    if shutil.which(command[0]) is None:
        raise NotHere(f"{command[0]} was not found")
    got = subprocess.run(command, capture_output=True, text=True, **options)
    if got.returncode != 0:
        raise NotHere(f"{' '.join(command[:2])} failed: {(got.stderr or got.stdout).strip()[-200:]}")


def go_peer(name):
    def build(folder):
        program = os.path.join(folder, name)
        run(["go", "build", "-mod=readonly", "-o", program, f"./{name}"], cwd=os.path.join(HERE, "go"))
        return lambda application, records: [program, "-stream", STREAM, "-application", application,
                                             "-records", str(records)]
    return build


def java_peer(version):
    def build(folder):
        home = os.path.join(folder, version)
        os.mkdir(home)
        shutil.copy(os.path.join(KCL, "pom.xml"), home)
        run(["mvn", "-B", "-q", "dependency:build-classpath", f"-Dkcl.version={version}",
             "-Dmdep.outputFile=classpath"], cwd=home)
        with open(os.path.join(home, "classpath"), encoding="utf-8") as file:
            classpath = f"{file.read().strip()}:{home}"
        sources = [os.path.join(KCL, "Kcl.java"), os.path.join(HERE, "java/Peer.java")]
        run(["javac", "-cp", classpath, "-d", home, *sources])
        return lambda application, records: ["java", "-cp", classpath, "Peer", STREAM, application, str(records)]
    return build


def our_peer(program):
    return lambda folder: lambda application, records: [program, STREAM, application, str(records)]


def fill(url, records):
    """By plain HTTP: the SDKs take longer to write a stream than anybody to read it."""
    client = Client(url)
    data = base64.b64encode(os.urandom(RECORD_BYTES)).decode()
    for begin in range(0, records, 500):
        told = client.call("PutRecords", StreamName=STREAM, Records=[
            {"Data": data, "PartitionKey": str(key)} for key in range(begin, min(begin + 500, records))])
        if told["FailedRecordCount"] != 0:
            raise RuntimeError(f"PutRecords: {str(told)[:200]}")
    client.close()


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def peak_megabytes(pid):
    with open(f"/proc/{pid}/status", encoding="latin-1") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def measure(command, servers, records, log):
    """Seconds to the first record and to the last, CPU seconds and the largest resident size."""
    begin = time.monotonic()
    with open(log, "wb") as err:
        peer = subprocess.Popen([*ENDS_WITH_US, *command], env=servers.environment(AWS_REGION="us-east-1"),
                                stdout=subprocess.PIPE, stderr=err, stdin=subprocess.DEVNULL, text=True)
    figures = {}
    try:
        for line in peer.stdout:
            if line.strip() == "first":
                figures["first"] = time.monotonic() - begin
            elif line.strip() == "done":
                figures.update(done=time.monotonic() - begin, cpu=cpu_seconds(peer.pid), peak=peak_megabytes(peer.pid))
                break
    finally:
        peer.terminate()
        try:
            peer.wait(30)
        except subprocess.TimeoutExpired:
            peer.kill()
            peer.wait()
        peer.stdout.close()
    if "done" not in figures:
        with open(log, encoding="utf-8", errors="replace") as file:
            raise NotHere(f"it ended before the last record: {file.read().strip()[-300:]}")
    gigabytes = records * RECORD_BYTES / 1e9
    return {"cpu_s_per_gb": figures["cpu"] / gigabytes, "peak_mb": figures["peak"], "first_s": figures["first"],
            "mb_per_s": gigabytes * 1e3 / (figures["done"] - figures["first"]) if figures["done"] > figures["first"]
            else float("inf")}


def show(name, figures, ours, as_json):
    if as_json:
        row = {"name": f"peers, {name}", "protocol": "as it asks", "record_bytes": RECORD_BYTES, "tls": False}
        if isinstance(figures, str):
            row.update(value=None, not_measured=figures)
        else:
            row.update({key: round(value, 3) for key, value in figures.items()},
                       value=round(figures["cpu_s_per_gb"], 3), unit="cpu_s/GB", against="kclpp",
                       ratio=round(figures["cpu_s_per_gb"] / ours["cpu_s_per_gb"], 2) if ours else None)
        print(json.dumps(row), flush=True)
        return
    if isinstance(figures, str):
        print(f"{name:24} not measured: {figures}", flush=True)
        return
    ratio = f"{figures['cpu_s_per_gb'] / ours['cpu_s_per_gb']:7.1f} x" if ours else f"{'':9}"
    print(f"{name:24} {figures['cpu_s_per_gb']:9.2f} CPU s/GB {ratio} {figures['peak_mb']:8.0f} MB at most "
          f"{figures['first_s']:8.2f} s to the first record {figures['mb_per_s']:8.0f} MB/s after it", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kclpp")
    parser.add_argument("ours")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--records", type=int)
    parser.add_argument("--only", action="append", default=[])
    arguments = parser.parse_args()
    records = arguments.records or (100_000 if arguments.quick else 500_000)
    peers = {"kclpp": our_peer(arguments.ours), "AWS SDK for Go, a loop": go_peer("sdk"),
             "vmware-go-kcl-v2 1.0.0": go_peer("vmware"), f"Java KCL {KCL_3}": java_peer(KCL_3),
             f"Java KCL {KCL_2}": java_peer(KCL_2)}
    unknown = set(arguments.only) - set(peers)
    if unknown:
        parser.error(f"--only: {', '.join(sorted(unknown))} is none of {', '.join(peers)}")
    with tempfile.TemporaryDirectory(prefix="kclpp-peers-") as folder, Servers(folder, arguments.kclpp) as servers:
        servers.admin("create-stream", STREAM, SHARDS)
        fill(servers.kinesis_url, records)
        ours = None
        for number, (name, build) in enumerate(peers.items()):
            if arguments.only and name not in arguments.only:
                continue
            try:
                command = build(folder)(f"peer-{number}", records)
                time.sleep(1)
                figures = measure(command, servers, records, os.path.join(folder, "log"))
            except NotHere as why:
                figures = str(why)
            if name == "kclpp" and not isinstance(figures, str):
                ours = figures
            show(name, figures, ours, arguments.json)


if __name__ == "__main__":
    main()
