"""The MultiLang daemon of the JVM, as the bench of ours runs it: from Maven, on servers that it can work with."""
import os
import shutil
import socket
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
NAME = "JVM daemon (KCL 3.1.3)"


class NotHere(Exception):
    """Why it cannot be measured on this machine."""


def command(build):
    """What is put before `--properties-file FILE`."""
    for program in ("java", "mvn", "nghttpx"):
        if not shutil.which(program):
            raise NotHere(f"{program} is not on this machine")
    folder = os.path.join(build, "multilang-jvm")
    classpath = os.path.join(folder, "classpath")
    if not os.path.exists(classpath):
        os.makedirs(folder, exist_ok=True)
        shutil.copy(os.path.join(HERE, "jvm/pom.xml"), folder)
        got = subprocess.run(["mvn", "-B", "-q", "dependency:build-classpath", "-Dmdep.outputFile=classpath.new"],
                             cwd=folder, capture_output=True, text=True, timeout=900, check=False)
        if got.returncode != 0:
            raise NotHere(f"Maven does not give it: {(got.stdout or got.stderr)[:300]}")
        os.rename(classpath + ".new", classpath)
    with open(classpath, encoding="utf-8") as file:
        return ["java", "-cp", file.read().strip(), "software.amazon.kinesis.multilang.MultiLangDaemon"]


def http2_front(url, folder, prefix):
    """The URL of an nghttpx before `url`, and its process. The JVM's daemon speaks HTTP/2 to Kinesis, whether or not
    there is TLS to agree on it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    front = subprocess.Popen([*prefix, "nghttpx", f"--frontend=127.0.0.1,{port};no-tls", "--conf=/dev/null",
                              f"--backend=127.0.0.1,{url.rpartition(':')[2]}", "--workers=1", "--single-process",
                              "--no-host-rewrite", f"--errorlog-file={folder}/nghttpx.log"],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return f"http://127.0.0.1:{port}", front


def lease_table(name):
    """Its lease table with the index that KCL 3 otherwise adds to it, which dynalite knows only at the creation."""
    units = {"ReadCapacityUnits": 1000, "WriteCapacityUnits": 1000}
    keys = [{"AttributeName": "leaseOwner", "KeyType": "HASH"}, {"AttributeName": "leaseKey", "KeyType": "RANGE"}]
    index = {"IndexName": "LeaseOwnerToLeaseKeyIndex", "ProvisionedThroughput": units,
             "Projection": {"ProjectionType": "KEYS_ONLY"}, "KeySchema": keys}
    attributes = [{"AttributeName": attribute, "AttributeType": "S"} for attribute in ("leaseKey", "leaseOwner")]
    return {"TableName": name, "ProvisionedThroughput": units, "AttributeDefinitions": attributes,
            "KeySchema": [{"AttributeName": "leaseKey", "KeyType": "HASH"}], "GlobalSecondaryIndexes": [index]}
