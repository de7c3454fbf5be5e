"""The servers that the tests of this folder run against: an instance of scripts/local-aws for one test, and ways to
look at what is on it that share no code with kclpp.

Where the servers cannot be had (no node, no registry) the test process says why and exits with 77, which ctest reports
as skipped: not run is not passed.
"""
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from checker import Poll, Row

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.."))
LOCAL_AWS = os.path.join(ROOT, "scripts/local-aws")
TOOLS = os.path.join(ROOT, "tests/servers")
SKIPPED = 77
_NOT_ON_THIS_MACHINE = 3

# Before a command: it is killed when this process, or the thread that starts it, ends in whatever way.
ENDS_WITH_US = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []

# What a test must not inherit: it would point the program at somebody's real account.
_OURS = re.compile(r"^(AWS_|KCLPP_|(https?|all|no)_proxy$)", re.IGNORECASE)


def environment(**extra):
    return {**{name: value for name, value in os.environ.items() if not _OURS.match(name)}, "HOME": "/nonexistent",
            "AWS_EC2_METADATA_DISABLED": "true", **extra}


def skip(reason):
    print(f"SKIPPED: {reason}", file=sys.stderr, flush=True)
    os._exit(SKIPPED)


def local_aws(*arguments):
    """scripts/local-aws, which leaves what it needs on this machine; the test is skipped where that cannot be had."""
    # npm needs the home directory of whoever runs the tests.
    got = subprocess.run([LOCAL_AWS, *arguments], capture_output=True, text=True, timeout=400)
    if got.returncode == _NOT_ON_THIS_MACHINE:
        skip(got.stderr.strip())
    return got


# The Kinesis to test on: a kclpp program, or nothing for kinesis-local.
KCLPP_KINESIS = os.environ.get("KCLPP_TEST_KINESIS")


class Servers:
    """Kinesis and DynamoDB, from `with` to its end. `exports` is what points a program at them."""

    def __init__(self, folder, kclpp_kinesis=KCLPP_KINESIS):
        self._state = os.path.join(folder, "servers")
        self._kclpp_kinesis = kclpp_kinesis

    def __enter__(self):
        kclpp = ["--kclpp", self._kclpp_kinesis] if self._kclpp_kinesis else []
        got = local_aws("start", "--state", self._state, "--while", str(os.getpid()), *kclpp)
        if got.returncode != 0:
            raise RuntimeError(f"scripts/local-aws start failed: {got.stderr}")
        self.exports = dict(re.findall(r"^export (\w+)=(.*)$", got.stdout, re.MULTILINE))
        self.kinesis_url = self.exports["AWS_ENDPOINT_URL_KINESIS"]
        self.dynamodb_url = self.exports["AWS_ENDPOINT_URL_DYNAMODB"]
        return self

    def __exit__(self, *_):
        subprocess.run([LOCAL_AWS, "stop", "--state", self._state], capture_output=True, timeout=60)

    def environment(self, **extra):
        return environment(**{**self.exports, **extra})

    def admin(self, *arguments):
        """What tests/servers/admin.mjs answers, AWS's own SDK."""
        got = subprocess.run(["node", os.path.join(TOOLS, "admin.mjs"), *map(str, arguments)], env=self.environment(),
                             capture_output=True, text=True, timeout=120)
        if got.returncode != 0:
            raise RuntimeError(f"admin.mjs {' '.join(map(str, arguments))}: {got.stderr}")
        return json.loads(got.stdout) if got.stdout else None

    def parents(self, stream):
        """shard -> the names of its parents"""
        names = ("ParentShardId", "AdjacentParentShardId")
        return {shard["ShardId"]: [shard[name] for name in names if shard.get(name)]
                for shard in self.admin("list-shards", stream)}

    def scan(self, table):
        """The items, read consistently; None when there is no such table. By plain HTTP: admin.mjs is slow to start."""
        items, start = [], {}
        while True:
            status, page = self._ask("Scan", {"TableName": table, "ConsistentRead": True, **start})
            if status == 400 and page["__type"].endswith("ResourceNotFoundException"):
                return None
            if status != 200:
                raise RuntimeError(f"Scan {table}: {page}")
            items += page["Items"]
            if not page.get("LastEvaluatedKey"):
                return items
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def create_table(self, request):
        status, answer = self._ask("CreateTable", request)
        if status != 200:
            raise RuntimeError(f"CreateTable {request['TableName']}: {answer}")

    def _ask(self, operation, request):
        headers = {"X-Amz-Target": f"DynamoDB_20120810.{operation}", "Content-Type": "application/x-amz-json-1.0",
                   "X-Amz-Date": "20260101T000000Z",
                   "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, "
                                    "SignedHeaders=host;x-amz-date;x-amz-target, Signature=0"}
        asked = urllib.request.Request(self.dynamodb_url, json.dumps(request).encode(), headers)
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


def sqlite_items(file, table):
    """The items of a lease store in a SQLite file; None before the store is there, while others lock it, and until a
    worker has cleaned up after one that was killed while it wrote, which a reader may not."""
    if not os.path.exists(file):
        return None
    database = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)
    try:
        return [json.loads(item) for _, item in database.execute(f'SELECT key, item FROM "{table}"')]
    except sqlite3.OperationalError as error:
        if any(known in str(error) for known in ("no such table", "is locked", "readonly database")):
            return None
        raise
    finally:
        database.close()


def lease_rows(items):
    """shard -> Row, of those items that are leases."""
    return {item["leaseKey"]["S"].rpartition(":")[2]: Row(item["checkpoint"]["S"],
                                                          item.get("leaseOwner", {}).get("S"),
                                                          int(item["leaseCounter"]["N"]))
            for item in items if "leaseCounter" in item and "checkpoint" in item and
            item.get("entityType", {"S": "LEASE"})["S"] == "LEASE"}


class LeaseHistory:
    """Reads the lease rows ten times a second until `with` ends; `polls` is what was seen."""

    def __init__(self, read):
        self._read, self.polls, self.failure = read, [], None
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join(60)

    def _run(self):
        try:
            while not self._end.wait(0.1):
                self.poll()
        except Exception as failure:  # told by the test's own thread, in checked()
            self.failure = failure

    def poll(self):
        begin = time.monotonic()
        items = self._read()
        if items is not None:
            self.polls.append(Poll(begin, time.monotonic(), lease_rows(items)))

    def checked(self):
        """The polls, after one last; raises what went wrong while polling."""
        self.__exit__()
        if self.failure:
            raise self.failure
        self.poll()
        return self.polls
