"""A child that answers, counts and checkpoints now and then, and does nothing else."""
import json
import sys

batches = 0
while line := sys.stdin.readline():
    message = json.loads(line)
    action = message["action"]
    if action == "processRecords":
        batches += 1
    if (action == "processRecords" and batches % 20 == 0) or action in ("shardEnded", "shutdownRequested"):
        print(json.dumps({"action": "checkpoint", "sequenceNumber": None, "subSequenceNumber": None}), flush=True)
        sys.stdin.readline()
    print(json.dumps({"action": "status", "responseFor": action}), flush=True)
