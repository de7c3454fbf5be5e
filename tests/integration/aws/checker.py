"""What a fleet promised, checked on what it left behind: a journal of puts, every line a worker wrote, and the lease
rows as they were read again and again meanwhile. Pure: no clock, no process, no server.

Times are bounds. A line of a worker carries `low` and `high`: it was written after `low` (its pipe was empty then) and
before `high` (it was read then). A poll of the table began at `begin` and ended at `end`. A rule is broken only when
the bounds leave no other explanation, so a slow machine makes no false alarm.

A *run* is what one worker delivered of one shard without going back or leaving anything out. The rules:
  lost         every record put is delivered
  unknown      nothing else is delivered, and each record with its own shard, key and bytes
  left out     a run begins only where everything before it in its shard was delivered already
  too early    a run begins only behind the checkpoint that was stored when its worker took the lease: of what is
               delivered twice, nothing lies before the checkpoint
  ahead        a checkpoint is stored only behind what was delivered
  backwards    neither a checkpoint nor a lease's counter ever goes back
  unfenced     no checkpoint and no owner changes without the lease's counter
  child first  a shard's first record comes after all records of its parents
"""
import bisect
import math
from collections import defaultdict
from dataclasses import dataclass, field, replace

# What a worker that goes on after a pause may need for what it had begun before.
RESUMING_SECONDS = 1.0

BEFORE_ALL = {"AT_TIMESTAMP": -3, "TRIM_HORIZON": -2, "LATEST": -1}


@dataclass(frozen=True)
class Put:
    shard: str
    number: int
    key: str
    sha256: str
    ordinal: int = 0


@dataclass(frozen=True)
class Delivery:
    worker: str
    shard: str
    number: int
    key: str
    sha256: str
    low: float
    high: float
    order: int = 0

    def surely_after(self, other):
        """One worker's lines have an order; those of two have only their bounds."""
        return self.order > other.order if self.worker == other.worker else self.low > other.high


@dataclass(frozen=True)
class Row:
    checkpoint: str
    owner: str | None = None
    counter: int = 0


@dataclass(frozen=True)
class Poll:
    begin: float
    end: float
    rows: dict  # shard -> Row


@dataclass
class Verdict:
    problems: list = field(default_factory=list)
    put: int = 0
    delivered: int = 0
    repeated: int = 0
    runs: int = 0
    moves: int = 0

    def __str__(self):
        shown = self.problems[:20] + ([f"... and {len(self.problems) - 20} more"] if len(self.problems) > 20 else [])
        facts = (f"{self.put} put, {self.delivered} delivered, {self.repeated} of them again, {self.runs} runs, "
                 f"{self.moves} changes of owner")
        return "\n".join([facts, *shown])


def position(checkpoint):
    """A checkpoint as a number to compare sequence numbers with."""
    if checkpoint == "SHARD_END":
        return math.inf
    return BEFORE_ALL[checkpoint] if checkpoint in BEFORE_ALL else int(checkpoint)


def check(puts, deliveries, polls, parents=None, pauses=None):
    """`deliveries` in the order in which each worker wrote them; `parents`: shard -> its parents' names; `pauses`:
    worker -> (begin, end) of each time that it was stopped: what it had in hand then, it may hand on as it goes on."""
    verdict = Verdict(put=len(puts), delivered=len(deliveries))
    stream = _Stream(puts)
    known = _known(stream, [replace(delivery, order=order) for order, delivery in enumerate(deliveries)], verdict)
    delivered = defaultdict(list)
    for delivery in known:
        delivered[(delivery.shard, delivery.number)].append(delivery)
    verdict.repeated = len(known) - len(delivered)
    for shard, number in stream.by_number:
        if (shard, number) not in delivered:
            verdict.problems.append(f"lost: {number} of {shard} was never delivered")
    runs = _runs(stream, known)
    verdict.runs = len(runs)
    for index, run in enumerate(runs):
        _check_left_out(stream, delivered, run, verdict)
        _check_too_early(polls, run, _previous(runs, index), (pauses or {}).get(run[0].worker, ()), verdict)
    _check_checkpoints(stream, delivered, polls, verdict)
    _check_parents(stream, delivered, parents or {}, verdict)
    return verdict


class _Stream:
    """The records of each shard in order."""

    def __init__(self, puts):
        self.by_number = {(put.shard, put.number): put for put in puts}
        self.numbers = defaultdict(list)
        for shard, number in sorted(self.by_number):
            self.numbers[shard].append(number)
        self.index = {(shard, number): index for shard, numbers in self.numbers.items()
                      for index, number in enumerate(numbers)}


def _known(stream, deliveries, verdict):
    known = []
    for delivery in deliveries:
        put = stream.by_number.get((delivery.shard, delivery.number))
        if put is None:
            verdict.problems.append(f"unknown: {delivery.worker} delivered {delivery.number} of {delivery.shard}, "
                                    "which nobody put there")
        elif (put.key, put.sha256) != (delivery.key, delivery.sha256):
            verdict.problems.append(f"unknown: {delivery.number} of {delivery.shard} was put as {put.key} "
                                    f"{put.sha256}, delivered as {delivery.key} {delivery.sha256}")
        else:
            known.append(delivery)
    return known


def _runs(stream, deliveries):
    """Lists of deliveries, each one worker's, one shard's, without a gap. In the order of each worker."""
    runs, last = [], {}
    for delivery in deliveries:
        run = last.get((delivery.worker, delivery.shard))
        index = stream.index[(delivery.shard, delivery.number)]
        if run is None or index != stream.index[(run[-1].shard, run[-1].number)] + 1:
            run = last[(delivery.worker, delivery.shard)] = []
            runs.append(run)
        run.append(delivery)
    return runs


def _previous(runs, index):
    """The run before this one of the same worker and shard."""
    worker, shard = runs[index][0].worker, runs[index][0].shard
    return next((run for run in reversed(runs[:index]) if (run[0].worker, run[0].shard) == (worker, shard)), None)


def _all_after(deliveries, begin):
    """True when a record was delivered, but surely not before `begin`. One that is lost is told once, as lost."""
    return bool(deliveries) and all(delivery.surely_after(begin) for delivery in deliveries)


def _check_left_out(stream, delivered, run, verdict):
    begin = run[0]
    for number in stream.numbers[begin.shard][:stream.index[(begin.shard, begin.number)]]:
        if _all_after(delivered.get((begin.shard, number)), begin):
            verdict.problems.append(f"left out: {begin.worker} went on at {begin.number} of {begin.shard} before "
                                    f"{number} was delivered")
            return


def _check_too_early(polls, run, previous, pauses, verdict):
    begin = run[0]
    low = min([begin.low, *(since for since, until in pauses
                            if since <= begin.high and begin.low <= until + RESUMING_SECONDS)])
    floor, why = -math.inf, ""
    for poll in polls:
        row = poll.rows.get(begin.shard)
        if row is None:
            continue
        # Rows of before the worker took the lease: another's, or from before its own run ended. The checkpoint that it
        # found cannot lie before theirs.
        taken_later = poll.end <= low and row.owner != begin.worker
        own_past = previous is not None and poll.end <= previous[-1].low
        if (taken_later or own_past) and position(row.checkpoint) > floor:
            floor, why = position(row.checkpoint), f"owner {row.owner}, counter {row.counter}"
    if begin.number <= floor:
        verdict.problems.append(f"too early: {begin.worker} began at {begin.number} of {begin.shard}, though the "
                                f"checkpoint was at {floor} already ({why})")


def _covered_since(stream, delivered):
    """For each shard its numbers and, beside each, the time before which not everything up to it was delivered."""
    since = {}
    for shard, numbers in stream.numbers.items():
        latest, since[shard] = -math.inf, []
        for number in numbers:
            lows = [delivery.low for delivery in delivered.get((shard, number), ())]
            latest = max(latest, min(lows, default=math.inf))
            since[shard].append(latest)
    return since


def _check_checkpoints(stream, delivered, polls, verdict):
    since, before, told = _covered_since(stream, delivered), {}, set()
    for poll in polls:
        for shard, row in poll.rows.items():
            old, before[shard] = before.get(shard), row
            if old is not None:
                verdict.moves += old.owner != row.owner
                if position(row.checkpoint) < position(old.checkpoint):
                    verdict.problems.append(f"backwards: the checkpoint of {shard} went from {old.checkpoint} to "
                                            f"{row.checkpoint}")
                if row.counter < old.counter:
                    verdict.problems.append(f"backwards: the counter of {shard} went from {old.counter} to "
                                            f"{row.counter}")
                if row.counter == old.counter and row != old:
                    verdict.problems.append(f"unfenced: {shard} went from {old} to {row}")
            if shard in told or (old is not None and old.checkpoint == row.checkpoint):
                continue
            covered = bisect.bisect_right(stream.numbers.get(shard, ()), position(row.checkpoint))
            if covered and since[shard][covered - 1] > poll.end:
                told.add(shard)
                verdict.problems.append(f"ahead: the checkpoint of {shard} was {row.checkpoint} before everything up "
                                        "to it was delivered")


def _check_parents(stream, delivered, parents, verdict):
    for child, its_parents in parents.items():
        of_child = [delivery for number in stream.numbers.get(child, ())
                    for delivery in delivered.get((child, number), ())]
        if not of_child:
            continue
        begin = min(of_child, key=lambda delivery: (delivery.high, delivery.order))
        for parent in its_parents:
            late = next((number for number in stream.numbers.get(parent, ())
                         if _all_after(delivered.get((parent, number)), begin)), None)
            if late is not None:
                verdict.problems.append(f"child first: {begin.number} of {child} came before {late} of its parent "
                                        f"{parent}")
