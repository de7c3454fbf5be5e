"""Hours of kclpp under rough treatment: `kclpp demo --chaos`, and fleets of `kclpp consume` on kinesis-local and
dynalite. Tells what was put, delivered, lost and duplicated, and whether memory and descriptors stay flat.

scripts/soak is how people start it, and says what it does.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration/aws"))

from members import Fleet
from plot import plot, quarters
from servers import ENDS_WITH_US, Servers, environment
from vitals import Vitals

SAMPLE_SECONDS = 10
SHAKE_SECONDS = (20, 40)
RESHARD_SECONDS = (240, 480)
FEWEST_SHARDS, MOST_SHARDS = 3, 6
# After the last put, until the last delivery: a lease must expire, parents end before children.
CATCH_UP_SECONDS = 180
DEMO_ENDS_WITHIN_SECONDS = 300
TURN_SECONDS = 0.05
OWN_NAME = "soak.py itself"


class Demo:
    def __init__(self, kclpp, folder, seconds, rate, seed):
        self._out = os.path.join(folder, "demo.json")
        with open(self._out, "wb") as out, open(os.path.join(folder, "demo.err"), "wb") as err:
            self.process = subprocess.Popen(
                [*ENDS_WITH_US, kclpp, "demo", "--chaos", "--json", "--seconds", str(seconds), "--rate", str(rate),
                 "--seed", str(seed)], env=environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=err)

    def result(self):
        """What it counted, with its exit code."""
        try:
            code = self.process.wait(DEMO_ENDS_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return {"exit_code": None}
        with open(self._out, encoding="utf-8") as out:
            text = out.read()
        return {"exit_code": code, **(json.loads(text) if text else {})}

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)


class Soak:
    def __init__(self, options):
        self._options, self._chance = options, random.Random(options.seed)
        self._seconds = int(options.minutes * 60)
        self._vitals = Vitals(os.path.join(options.folder, "vitals.csv"))
        self._began = time.monotonic()
        self._demo, self._fleets = None, []

    def elapsed(self):
        return time.monotonic() - self._began

    def say(self, text):
        print(f"{self.elapsed():8.1f} s  {text}", flush=True)

    def run(self):
        """The summary, also written to summary.json."""
        try:
            if self._options.only != "fleet":
                self._demo = Demo(self._options.kclpp, self._options.folder, self._seconds, self._options.demo_rate,
                                  self._options.seed)
            if self._options.only == "demo":
                self._until_the_end()
            else:
                with Servers(self._options.folder) as servers:
                    self._start_fleets(servers)
                    self._until_the_end()
                    self._end_fleets()
            return self._summary()
        finally:
            for part in [*self._fleets, *([self._demo] if self._demo else [])]:
                part.kill()
            self._vitals.close()

    def _start_fleets(self, servers):
        common = (self._options.kclpp, servers, self._options.folder, self._chance, self._seconds)
        self._fleets.append(Fleet("polling", *common, steady=2, shaken=2, shards=4, rate=self._options.rate))
        # kinesis-local never tells a subscriber that a shard has ended: this stream keeps its shards.
        self._fleets.append(Fleet("fan-out", *common, steady=1, shaken=1, shards=2, rate=self._options.rate / 2,
                                  flags=("--fan-out",)))

    def _processes(self):
        steady = {member.name: member.process.pid for fleet in self._fleets for member in fleet.steady}
        return {**({"demo": self._demo.process.pid} if self._demo else {}), **steady, OWN_NAME: os.getpid()}

    def _until_the_end(self):
        due = {"sample": 0.0, "tell": 60.0, "reshard": self._chance.uniform(*RESHARD_SECONDS)}
        for fleet in self._fleets:
            due[fleet.name] = self._chance.uniform(*SHAKE_SECONDS)
        while self.elapsed() < self._seconds:
            time.sleep(TURN_SECONDS)
            for fleet in self._fleets:
                fleet.read()
                fleet.check()
            for what, at in list(due.items()):
                if self.elapsed() >= at:
                    due[what] = self.elapsed() + self._do(what)

    def _do(self, what):
        """Returns in how many seconds it is due again."""
        if what == "sample":
            self._vitals.sample(self.elapsed(), self._processes())
            return SAMPLE_SECONDS
        if what == "tell":
            self._tell()
            return 60.0
        if what == "reshard":
            if self._fleets:
                self._fleets[0].reshard(FEWEST_SHARDS, MOST_SHARDS)
            return self._chance.uniform(*RESHARD_SECONDS)
        next(fleet for fleet in self._fleets if fleet.name == what).shake()
        return self._chance.uniform(*SHAKE_SECONDS)

    def _tell(self):
        for fleet in self._fleets:
            facts = fleet.account.facts()
            under_way = facts.pop("lost")
            self.say(f"{fleet.name}: {facts}, under way {under_way}, {fleet.done}, failures {fleet.failures}")
        last = {name: samples[-1][1:] for name, samples in self._vitals.samples.items()}
        self.say(", ".join(f"{name} {kib / 1024:.1f} MiB {files} fds" for name, (kib, files) in last.items()))

    def _end_fleets(self):
        self.say("nothing more is put; reading the rest")
        for fleet in self._fleets:
            fleet.stop_putting()
        patience = self.elapsed() + CATCH_UP_SECONDS
        while self.elapsed() < patience and not all(fleet.has_caught_up() for fleet in self._fleets):
            time.sleep(0.5)
            for fleet in self._fleets:
                fleet.read()
                fleet.check()
        for fleet in self._fleets:
            fleet.end()

    def _summary(self):
        summary = {"minutes": self._options.minutes, "seed": self._options.seed, "processes": self._figures()}
        if self._demo:
            summary["demo"] = self._demo.result()
        for fleet in self._fleets:
            summary[fleet.name] = {**fleet.account.facts(), **fleet.done, "failures": fleet.failures}
        summary["all_well"] = all(fleet.account.is_kept() and not fleet.failures for fleet in self._fleets) and (
            not self._demo or summary["demo"]["exit_code"] == 0)
        return summary

    def _figures(self):
        return {name: {"resident_mib_by_quarter": [round(kib / 1024, 1) for kib in quarters([s[1] for s in samples])],
                       "descriptors_by_quarter": quarters([s[2] for s in samples]),
                       "most_resident_mib": round(max(s[1] for s in samples) / 1024, 1)}
                for name, samples in self._vitals.samples.items()}

    def draw(self):
        of = self._vitals.samples
        pictures = {
            "memory.svg": plot("Resident memory", "MiB",
                               {name: [(second, kib / 1024) for second, kib, _ in of[name]] for name in of}),
            "descriptors.svg": plot("Open descriptors", "",
                                    {name: [(second, files) for second, _, files in of[name]] for name in of})}
        for file, picture in pictures.items():
            with open(os.path.join(self._options.folder, file), "w", encoding="utf-8") as out:
                out.write(picture)


def table(summary):
    """The figures for people, in Markdown: medians of the first and of the last quarter, in MiB."""
    lines = ["| process | MiB, first quarter | last quarter | at most | descriptors, first quarter | last quarter |",
             "|---|---|---|---|---|---|"]
    for name, figures in summary["processes"].items():
        resident, files = figures["resident_mib_by_quarter"], figures["descriptors_by_quarter"]
        lines.append(f"| {name} | {resident[0]:.1f} | {resident[-1]:.1f} ({resident[-1] - resident[0]:+.1f}) | "
                     f"{figures['most_resident_mib']:.1f} | {files[0]:.0f} | {files[-1]:.0f} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kclpp")
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--demo-rate", type=int, default=500)
    parser.add_argument("--only", choices=["demo", "fleet"])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--folder", required=True)
    options = parser.parse_args()
    soak = Soak(options)
    soak.say(f"begins: {options.minutes:g} min, --seed {options.seed}; files in {options.folder}")
    summary = soak.run()
    soak.draw()
    with open(os.path.join(options.folder, "summary.json"), "w", encoding="utf-8") as out:
        json.dump(summary, out, indent=1)
        out.write("\n")
    for part in ("demo", "polling", "fan-out"):
        if part in summary:
            print(f"{part}: {json.dumps(summary[part])}")
    print(table(summary))
    print("all is well" if summary["all_well"] else f"FAILED; --seed {options.seed} draws the same misfortunes again")
    return 0 if summary["all_well"] else 1


if __name__ == "__main__":
    sys.exit(main())
