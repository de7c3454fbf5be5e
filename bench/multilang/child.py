"""A child that answers, counts and checkpoints now and then, and does nothing else. How many records and batches it has
been given stands in a file of its pid's name in the folder KCLPP_BENCH_COUNTS."""
import json
import os
import sys

count = os.open(os.path.join(os.environ["KCLPP_BENCH_COUNTS"], str(os.getpid())), os.O_CREAT | os.O_WRONLY, 0o644)
batches = records = 0
while line := sys.stdin.readline():
    message = json.loads(line)
    action = message["action"]
    if action == "processRecords":
        batches += 1
        records += len(message["records"])
        os.pwrite(count, b"%12d %12d" % (records, batches), 0)
    if (action == "processRecords" and batches % 20 == 0) or action in ("shardEnded", "shutdownRequested"):
        print(json.dumps({"action": "checkpoint", "sequenceNumber": None, "subSequenceNumber": None}), flush=True)
        sys.stdin.readline()
    print(json.dumps({"action": "status", "responseFor": action}), flush=True)
