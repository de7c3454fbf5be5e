"""What shows that no worker acts in an epoch that is over: the writes to a lease table as a proxy saw them, and the
calls of a command as it told of them itself. Pure: no clock, no process, no server.

`check_writes`: between its being sent and its being answered a write takes effect, and with each the lease's counter
rises; so the counters are the order of writes, and the bounds must agree with it. In that order no checkpoint goes
back, and between two takes all writes are by whoever took. Every write, applied or refused, must rest on the whole row
as its sender knew it: on less, it is chance that nothing went wrong. Of those refused it counts the late checkpoints:
sent for a lease that another had by then.

`check_calls`: no call of an epoch starts after the first of a later one, unless its worker was paused at that time; and
none at all starts while nobody can have renewed a lease for a failover time, the store being locked.
"""
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field

from checker import RESUMING_SECONDS, position

# A process's start is told in such steps.
TICK_SECONDS = 0.01

_APPLIED, _REFUSED = 200, 400

_WHOLE_ROW = frozenset(("leaseCounter", "leaseOwner", "kclppToken"))


@dataclass(frozen=True)
class Write:
    shard: str
    begin: float
    end: float
    is_applied: bool
    counter: int
    incarnation: str
    is_take: bool = False
    is_create: bool = False
    # The one it leaves behind; of a refused write, the one it asked for, if it did.
    checkpoint: str | None = None
    # Attributes that its condition names.
    rests_on: frozenset = frozenset()


@dataclass
class Writes:
    problems: list = field(default_factory=list)
    applied: int = 0
    refused: int = 0
    takes: int = 0
    late_checkpoints: int = 0

    def __str__(self):
        return (f"{self.applied} writes applied, {self.takes} of them takes; {self.refused} refused, "
                f"{self.late_checkpoints} of them late checkpoints")


def _assigned(body):
    """name -> value of what an UpdateItem sets"""
    names, values = body.get("ExpressionAttributeNames", {}), body.get("ExpressionAttributeValues", {})
    return {names[name]: next(iter(values[value].values()))
            for name, value in re.findall(r"(#\w+) = (:\w+)", body.get("UpdateExpression", ""))}


def _named_in_condition(body):
    names = body.get("ExpressionAttributeNames", {})
    return frozenset(names.get(name, name) for name in re.findall(r"#\w+", body.get("ConditionExpression", "")))


def write_of(entry):
    """An entry of the proxy's journal as a Write; None for what is no write of a lease, or has no known fate."""
    if "answer" not in entry or entry["status"] not in (_APPLIED, _REFUSED):
        return None
    asked, answer = json.loads(entry["request"]), json.loads(entry["answer"])
    is_applied = entry["status"] == _APPLIED
    if not is_applied and not answer["__type"].endswith("ConditionalCheckFailedException"):
        return None
    if "Item" in asked:
        values = {name: next(iter(value.values())) for name, value in asked["Item"].items()}
        shard = values["leaseKey"]
    else:
        values, shard = _assigned(asked), asked["Key"]["leaseKey"]["S"]
    if "kclppToken" not in values:
        return None
    checkpoint = values.get("checkpoint")
    if is_applied and "Attributes" in answer:
        checkpoint = answer["Attributes"]["checkpoint"]["S"]
    is_create = "Item" in asked
    return Write(shard, entry["time"], entry["end"], is_applied, int(values["leaseCounter"]),
                 values["kclppToken"].rsplit(":", 2)[0], not is_create and "kclppFailover" in values, is_create,
                 checkpoint, _named_in_condition(asked))


def check_writes(writes):
    result, of_shards = Writes(), defaultdict(list)
    for write in writes:
        of_shards[write.shard].append(write)
    for shard, all_of_it in of_shards.items():
        applied = sorted((write for write in all_of_it if write.is_applied), key=lambda write: write.counter)
        refused = [write for write in all_of_it if not write.is_applied]
        result.applied += len(applied)
        result.refused += len(refused)
        result.takes += sum(write.is_take for write in applied)
        result.late_checkpoints += sum(_is_late_checkpoint(write, applied) for write in refused)
        result.problems += [f"{problem} ({shard})" for problem in [*_problems(applied), *_unfenced(all_of_it)]]
    return result


def _is_late_checkpoint(refused, applied):
    return refused.checkpoint is not None and not refused.is_take and any(
        write.is_take and write.incarnation != refused.incarnation and write.counter >= refused.counter
        for write in applied)


def _unfenced(writes):
    for write in writes:
        # A row that Java made has no token to take it by.
        needed = {"leaseKey"} if write.is_create else _WHOLE_ROW - ({"kclppToken"} if write.is_take else set())
        if missing := needed - write.rests_on:
            yield f"{write.incarnation} wrote the counter {write.counter} whatever is {' and '.join(sorted(missing))}"


def _problems(applied):
    holder, before, answered = None, None, float("inf")
    for write in applied:
        if before is not None and write.counter == before.counter:
            yield f"two writes left the counter {write.counter}"
        if before is not None and position(write.checkpoint) < position(before.checkpoint):
            yield f"the checkpoint went from {before.checkpoint} back to {write.checkpoint}"
        if write.is_take:
            holder = write.incarnation
        elif holder is not None and write.incarnation != holder:
            yield f"{write.incarnation} wrote the counter {write.counter} in the epoch of {holder}"
        before = write
    for write in reversed(applied):
        if write.begin > answered:
            yield f"the counter {write.counter} was written after a greater one"
        answered = min(answered, write.end)


@dataclass(frozen=True)
class Call:
    worker: str
    shard: str
    epoch: int
    begin: float


@dataclass
class Calls:
    problems: list = field(default_factory=list)
    calls: int = 0
    epochs: int = 0
    late_after_pause: int = 0

    def __str__(self):
        return f"{self.calls} calls in {self.epochs} epochs, {self.late_after_pause} late ones by a paused worker"


def check_calls(calls, pauses, locks=(), failover_seconds=0.0):
    """`pauses`: worker -> (begin, end) of each of its pauses; `locks`: (begin, end) of times when nobody could
    write."""
    first = {}
    for call in calls:
        key = (call.shard, call.epoch)
        first[key] = min(first.get(key, call.begin), call.begin)
    result = Calls(calls=len(calls), epochs=len(first))
    for call in calls:
        later = min((begin for (shard, epoch), begin in first.items() if shard == call.shard and epoch > call.epoch),
                    default=float("inf"))
        was_paused = any(begin - TICK_SECONDS <= call.begin <= end + RESUMING_SECONDS
                         for begin, end in pauses.get(call.worker, ()))
        if call.begin > later + TICK_SECONDS:
            result.late_after_pause += was_paused
            if not was_paused:
                result.problems.append(f"{call.worker} began a call of epoch {call.epoch} of {call.shard} "
                                       f"{call.begin - later:.3f} s after the first of a later one")
        for begin, end in locks:
            if begin + failover_seconds < call.begin < end - TICK_SECONDS and not was_paused:
                result.problems.append(f"{call.worker} began a call of {call.shard} {call.begin - begin:.3f} s after "
                                       "the last time that anybody could renew a lease")
    return result
