"""Branches that the tests take, by layer, and those that none takes, from what `llvm-cov export` wrote.

usage: report.py COVERAGE_JSON EXPLAINED [--all] -- LAYER...

EXPLAINED has one entry a line: `file: text :: reason`. It explains each branch of the file that nothing takes and
whose line in the source, or the condition itself, has the text in it. An entry that explains nothing is an error.
"""
import json
import os
import sys


def branches(path):
    """Of each file: {(line, column, end line, end column): [times true, times false]}, all instantiations together."""
    with open(path) as file:
        exported = json.load(file)
    found = {}
    for one in exported["data"][0]["files"]:
        name = os.path.relpath(one["filename"])
        of_file = found.setdefault(name, {})
        for line, column, end_line, end_column, true, false, *_ in one.get("branches", []):
            taken = of_file.setdefault((line, column, end_line, end_column), [0, 0])
            taken[0] += true
            taken[1] += false
    return found


class Explained:
    def __init__(self, path):
        self.entries = []
        with open(path) as file:
            for number, line in enumerate(file, 1):
                line = line.strip()
                if not line or line.startswith("#"):
                    continue
                where, colon, rest = line.partition(": ")
                text, separator, reason = rest.partition(" :: ")
                if not colon or not separator or not reason.strip():
                    sys.exit(f"{path}:{number}: not `file: text :: reason`")
                self.entries.append([where, text.strip(), reason.strip(), 0])

    def reason(self, name, source):
        for entry in self.entries:
            if entry[0] == name and entry[1] in source:
                entry[3] += 1
                return entry[2]
        return None

    def idle(self):
        return [f"{where}: {text}" for where, text, _, uses in self.entries if not uses]


def main(arguments):
    split = arguments.index("--")
    show_all = "--all" in arguments[:split]
    json_path, explained_path = [one for one in arguments[:split] if one != "--all"]
    explained = Explained(explained_path)
    layers = arguments[split + 1:]
    totals = {layer: [0, 0, 0] for layer in layers}
    left = []
    for name, of_file in sorted(branches(json_path).items()):
        layer = next((one for one in layers if name.startswith(one + "/")), None)
        if layer is None:
            continue
        with open(name) as file:
            lines = file.read().split("\n")
        for (line, column, end_line, end_column), taken in sorted(of_file.items()):
            condition = lines[line - 1][column - 1:end_column - 1 if end_line == line else None].strip()
            # An enumeration's switch has all of its values: "true" of it would be one without a case.
            is_switch = lines[line - 1].lstrip().startswith("switch (")
            for index, side in enumerate(("true", "false")):
                if is_switch and side == "true":
                    continue
                totals[layer][1] += 1
                if taken[index]:
                    totals[layer][0] += 1
                    continue
                reason = explained.reason(name, lines[line - 1])
                if reason:
                    totals[layer][2] += 1
                where = f"{name}:{line}:{column}: never {side}: {condition}"
                if not reason or show_all:
                    left.append(where + (f"\n    {reason}" if reason else ""))
    for one in left:
        print(one)
    print(f"{'layer':<18}{'taken':>7}{'of':>7}{'':>8}{'explained':>11}")
    for layer, (taken, of, known) in list(totals.items()) + [("all", [sum(x) for x in zip(*totals.values())])]:
        print(f"{layer:<18}{taken:>7}{of:>7}{taken / max(1, of):>8.1%}{known:>11}")
    taken, of, known = (sum(x) for x in zip(*totals.values()))
    for one in explained.idle():
        print(f"explains nothing any more: {one}")
    print(f"{of - taken - known} branches are neither taken nor explained")
    return 1 if of > taken + known or explained.idle() or not of else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
