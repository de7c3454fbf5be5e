"""What a fleet of kclpp and vmware-go-kcl workers left behind, checked. Pure: no clock, no process, no server.

Go's workers have defects by which a shard may begin anew, children may come early, and records may be skipped. Those
are told apart by who did it:
  lost         a record that nobody delivered. By whom: whose stored checkpoint was the first to lie past it
  left out     a kclpp worker went on past a record that nobody had delivered by then, and no Go worker had stored a
               checkpoint past it
  disorder     within one run of a worker, numbers of a shard go up
"""
from collections import defaultdict
from dataclasses import dataclass, field


@dataclass
class MixedVerdict:
    """`ours`: what is wrong with kclpp. `theirs`: what a Go worker lost."""
    put: int = 0
    delivered: dict = field(default_factory=dict)
    repeated: int = 0
    ours: list = field(default_factory=list)
    theirs: list = field(default_factory=list)

    def __str__(self):
        by_kind = ", ".join(f"{count} by {kind}" for kind, count in sorted(self.delivered.items()))
        facts = f"{self.put} put; delivered: {by_kind}; {self.repeated} more than once"
        told = [*(f"lost by Go: {text}" for text in self.theirs), *(f"OURS: {text}" for text in self.ours)]
        return "\n".join([facts, *told])


def kind_of(worker):
    return "Go" if worker.startswith("go") else "kclpp"


def storers(polls):
    """For each shard, each checkpoint that was stored and who owned the row when it was first seen there."""
    seen = defaultdict(list)
    for rows in polls:
        for shard, (owner, checkpoint) in rows.items():
            if checkpoint and (not seen[shard] or seen[shard][-1][0] != checkpoint):
                seen[shard].append((checkpoint, owner))
    return seen


def first_past(stored, number):
    """Who stored the first checkpoint at or past this number; None when nobody did."""
    for checkpoint, owner in stored:
        if checkpoint == "SHARD_END" or (checkpoint.isdigit() and int(checkpoint) >= number):
            return owner or "nobody"
    return None


def check_mixed(puts, lines, polls, names):
    """`puts`: (shard, number). `lines`: worker -> its (shard, number) in order. `polls`: the lease rows again and
    again, shard -> (owner, checkpoint). `names`: worker -> its id in the rows."""
    verdict = MixedVerdict(put=len(puts))
    ids = {identity: worker for worker, identity in names.items()}
    times = defaultdict(int)
    for worker, delivered in lines.items():
        verdict.delivered[kind_of(worker)] = verdict.delivered.get(kind_of(worker), 0) + len(delivered)
        for record in delivered:
            times[record] += 1
    verdict.repeated = sum(count > 1 for count in times.values())
    stored = storers(polls)
    for shard, number in sorted(set(puts) - set(times)):
        by = first_past(stored[shard], number)
        worker = ids.get(by, by)
        text = f"{number} of {shard}; the first checkpoint past it was stored by {worker}"
        (verdict.theirs if worker is not None and kind_of(worker) == "Go" else verdict.ours).append(text)
    unknown = set(times) - set(puts)
    verdict.ours += [f"delivered, but never put: {number} of {shard}" for shard, number in sorted(unknown)]
    numbers = defaultdict(list)
    for shard, number in sorted(puts):
        numbers[shard].append(number)
    index = {(shard, number): i for shard, known in numbers.items() for i, number in enumerate(known)}
    for worker, delivered in lines.items():
        if kind_of(worker) == "Go":
            continue
        last = {}
        for shard, number in delivered:
            before = last.get(shard)
            last[shard] = number
            if before is None or (shard, number) not in index:
                continue
            skipped = numbers[shard][index[(shard, before)] + 1:index[(shard, number)]]
            for missed in skipped:
                by = ids.get(first_past(stored[shard], missed))
                # Others had the lease meanwhile.
                if times[(shard, missed)] or (by is not None and kind_of(by) == "Go"):
                    continue
                verdict.ours.append(f"{worker} went from {before} to {number} of {shard}, past {missed}")
    return verdict
