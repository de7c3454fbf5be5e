"""What a process and its children cost, from /proc."""
import os
import subprocess
from typing import NamedTuple

_TICK = os.sysconf("SC_CLK_TCK")


class Cost(NamedTuple):
    cpu_seconds: float
    rss_megabytes: float
    most_megabytes: float
    threads: int


def cost(pid):
    with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
        fields = file.read().rpartition(")")[2].split()
    with open(f"/proc/{pid}/status", encoding="latin-1") as file:
        status = dict(line.split(":", 1) for line in file.read().splitlines())

    def megabytes(name):
        return int(status[name].split()[0]) * 1024 / 1e6
    return Cost((int(fields[11]) + int(fields[12])) / _TICK, megabytes("VmRSS"), megabytes("VmHWM"),
                int(status["Threads"]))


def children_of(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in found.stdout.split()]
