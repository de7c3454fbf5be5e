"""Samples as figures for people: medians of the quarters of a run, and a plain SVG of lines over time. Pure."""
from statistics import median
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 900, 300, 60, 190, 30, 30
_COLOURS = ["#1b6ca8", "#c1440e", "#2e7d32", "#7b1fa2", "#8d6e63", "#546e7a"]


def quarters(values):
    """The median of each quarter, in order."""
    size = len(values) / 4
    parts = [values[int(i * size):int((i + 1) * size)] or values[int(i * size):int(i * size) + 1] for i in range(4)]
    return [median(part) for part in parts]


def _step(most):
    """The distance of the lines to read by: 1, 2 or 5 times a power of ten, some five of them."""
    step = 1
    while step * 6 < most:
        step *= 2.5 if str(step)[0] == "2" else 2
        step = int(step)
    return step


def plot(title, unit, lines):
    """`lines`: name -> [(second, value)]. From zero, so that flat looks flat."""
    last = max(second for line in lines.values() for second, _ in line) or 1
    step = _step(max(value for line in lines.values() for _, value in line))
    most = step * (int(max(value for line in lines.values() for _, value in line) / step) + 1)
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def x(second):
        return _LEFT + width * second / last

    def y(value):
        return _TOP + height * (1 - value / most)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
           f'font-size="12"><rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
           f'<text x="{_LEFT}" y="18" font-size="14">{escape(title)}</text>']
    for value in range(0, most + 1, step):
        out.append(f'<line x1="{_LEFT}" x2="{_LEFT + width}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#ddd"/>'
                   f'<text x="{_LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value}</text>')
    out.append(f'<text x="6" y="18">{escape(unit)}</text>')
    minutes = max(1, _step(last / 60))
    for minute in range(0, int(last / 60) + 1, minutes):
        out.append(f'<text x="{x(minute * 60):.1f}" y="{_HEIGHT - 10}" text-anchor="middle">{minute} min</text>')
    for index, (name, line) in enumerate(lines.items()):
        colour = _COLOURS[index % len(_COLOURS)]
        points = " ".join(f"{x(second):.1f},{y(value):.1f}" for second, value in line)
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        label = _TOP + 14 + 18 * index
        out.append(f'<text x="{_LEFT + width + 12}" y="{label}" fill="{colour}">{escape(name)}</text>')
    return "\n".join([*out, "</svg>", ""])
