#!/usr/bin/env python3
"""A child of the MultiLang daemon in a few lines, as strict as kclpy is, which misbehaves once in the way that
KCLPP_TEST_MISBEHAVES names. What it was given and answered for goes to KCLPP_TEST_FOLDER/records, a line a record;
what it was asked to calls."""
import json
import os
import signal
import subprocess
import sys
import time

FOLDER = os.environ["KCLPP_TEST_FOLDER"]
MISBEHAVES = os.environ.get("KCLPP_TEST_MISBEHAVES", "")
AT_BATCH = 2


def note(file, *words):
    with open(os.path.join(FOLDER, file), "a", encoding="utf-8") as out:
        out.write(" ".join(map(str, [os.getpid(), *words])) + "\n")


def say(message):
    sys.stdout.write("\n" + json.dumps(message) + "\n")
    sys.stdout.flush()


def ask(**message):
    say(message)
    line = sys.stdin.readline()
    reply = json.loads(line)
    if reply["action"] != "checkpoint":
        raise RuntimeError(f"a checkpoint was answered with {line}")
    return reply["error"], reply["sequenceNumber"], reply["subSequenceNumber"]


def first_time():
    """Of all children of this test."""
    try:
        os.close(os.open(os.path.join(FOLDER, "misbehaved"), os.O_CREAT | os.O_EXCL))
        return True
    except FileExistsError:
        return False


def misbehave(how, done_with):
    """`done_with`: the last sequence number of the batch before."""
    if how == "exit":
        os._exit(3)
    if how == "hang":
        time.sleep(3600)
    if how == "hang-deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(3600)
    if how == "close-stdout":
        os.close(1)
        time.sleep(3600)
    if how == "ask-and-never-read":
        while True:
            say({"action": "checkpoint", "sequenceNumber": done_with})
    if how == "wrong-answer":
        say({"action": "status", "responseFor": "leaseLost"})
        time.sleep(3600)
    if how == "garbage":
        os.write(1, b"garbage \xff\xfe {\"action\":\"status\"\n{}\n[1]\n" + b"x" * 300_000 + b"\n")
    if how == "stderr":
        for _ in range(100):
            os.write(2, (b"y" * 999 + b"\n") * 1000)


def close_stdin():
    os.close(0)
    time.sleep(3600)


AFTER_A_BATCH = {"exit-after": lambda: os._exit(4), "close-stdin-after": close_stdin}


def leave_a_process_behind():
    left = subprocess.run(["sh", "-c", "sleep 0.3 & echo $!"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          text=True, check=True)
    note("left-behind", left.stdout.strip())


def main():
    batches, done_with = 0, None
    while line := sys.stdin.readline():
        if not line.strip():
            raise RuntimeError("a blank line")
        message = json.loads(line)
        action = message["action"]
        note("calls", action, message.get("shardId", ""), message.get("sequenceNumber", ""))
        if action == "initialize":
            shard = message["shardId"]
        if action == "processRecords":
            batches += 1
            due = MISBEHAVES and not MISBEHAVES.endswith("-after") and batches >= AT_BATCH
            if due and first_time():
                misbehave(MISBEHAVES, done_with)
            for record in message["records"]:
                if record["action"] != "record":
                    raise RuntimeError("a record without its action")
                int(record["approximateArrivalTimestamp"])
                note("records", shard, record["sequenceNumber"], record["subSequenceNumber"], record["partitionKey"])
            if int(message["millisBehindLatest"]) >= 0 and batches % 3 == 0:
                last = message["records"][-1]
                answer = ask(action="checkpoint", sequenceNumber=last["sequenceNumber"], subSequenceNumber=0)
                note("checkpoints", *answer)
        silent = action == "shardEnded" and MISBEHAVES == "no-checkpoint-at-the-end-after" and first_time()
        if action in ("shardEnded", "shutdownRequested") and not silent:
            note("checkpoints", *ask(action="checkpoint", sequenceNumber=None, subSequenceNumber=None))
        if action == "leaseLost":
            note("checkpoints", *ask(action="checkpoint", sequenceNumber=None, subSequenceNumber=None))
        say({"action": "status", "responseFor": action})
        if action == "processRecords":
            done_with = message["records"][-1]["sequenceNumber"]
        if action == "processRecords" and MISBEHAVES == "leave-processes-after":
            leave_a_process_behind()
        if action == "processRecords" and batches == AT_BATCH and MISBEHAVES in AFTER_A_BATCH and first_time():
            AFTER_A_BATCH[MISBEHAVES]()
    note("calls", "end-of-input")
    if MISBEHAVES == "ignore-end":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(3600)


main()
