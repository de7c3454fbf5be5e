#!/usr/bin/env python3
"""Figures of scripts/bench as a picture.

usage: scripts/bench NAME --json | bench/bars.py --title TEXT --unit UNIT [--only REGEX] [--ours REGEX] >FILE.svg
A bar for each figure of that unit, from zero, in the order in which they came.
  --only REGEX   of those whose name matches; what a group (...) caught is the bar's name
  --ours REGEX   coloured: those whose whole name matches (all)
"""
import argparse
import json
import re
import sys
from xml.sax.saxutils import escape

LEFT, RIGHT, WIDTH, TOP, BAR, GAP = 260, 90, 900, 36, 16, 8
OURS, OTHERS = "#1b6ca8", "#9aa5b1"


def text_of(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def picture(title, unit, bars):
    """`bars`: (name, value, ours)."""
    most = max(value for _, value, _ in bars) or 1
    height = TOP + len(bars) * (BAR + GAP) + GAP
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
           f'font-size="12"><rect width="{WIDTH}" height="{height}" fill="white"/>',
           f'<text x="12" y="22" font-size="14">{escape(title)} ({escape(unit)})</text>']
    for index, (name, value, ours) in enumerate(bars):
        y = TOP + index * (BAR + GAP)
        length = (WIDTH - LEFT - RIGHT) * value / most
        out.append(f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(name)}</text>'
                   f'<rect x="{LEFT}" y="{y}" width="{max(length, 1):.1f}" height="{BAR}" '
                   f'fill="{OURS if ours else OTHERS}"/>'
                   f'<text x="{LEFT + length + 6:.1f}" y="{y + 12}">{text_of(value)}</text>')
    return "\n".join([*out, "</svg>", ""])


def bars_of(lines, unit, only, ours):
    bars = []
    for figure in map(json.loads, lines):
        found = re.search(only, figure["name"])
        if figure.get("unit") != unit or not found:
            continue
        name = found[1] if found.groups() else figure["name"]
        bars.append((name, figure["value"], re.search(ours, figure["name"]) is not None))
    return bars


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--title", required=True)
    parser.add_argument("--unit", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--ours", default="")
    options = parser.parse_args()
    bars = bars_of(filter(str.strip, sys.stdin), options.unit, options.only, options.ours)
    if not bars:
        sys.exit(f"no figure in {options.unit} came whose name matches: is it the output of scripts/bench with --json?")
    sys.stdout.write(picture(options.title, options.unit, bars))


if __name__ == "__main__":
    main()
