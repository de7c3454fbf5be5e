"""The documents of the project as what tests ask about: their links, code and names."""
import os
import re
from typing import NamedTuple

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))


class Block(NamedTuple):
    document: str
    line: int
    language: str
    text: str


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def files(folder, *endings):
    """Paths from the root, of one folder and those in it."""
    found = []
    for place, _, names in os.walk(os.path.join(ROOT, folder)):
        found += [os.path.relpath(os.path.join(place, name), ROOT) for name in names if name.endswith(endings)]
    return sorted(found)


def documents():
    top = sorted(name for name in os.listdir(ROOT) if name.endswith(".md"))
    return top + files("docs", ".md")


def blocks(path):
    """What stands between fences, and what is indented after an empty line."""
    found, fence, begin, lines, empty = [], None, 0, [], True
    for number, line in enumerate([*read(path).split("\n"), ""], 1):
        opening = re.match(r"```(\w*)$", line)
        if fence is None and opening:
            fence, begin, lines = opening[1], number + 1, []
        elif fence is not None and line == "```":
            found.append(Block(path, begin, fence, "\n".join(lines) + "\n"))
            fence, lines = None, []
        elif fence is not None:
            lines.append(line)
        elif line.startswith("    ") and (empty or lines):
            begin = begin if lines else number
            lines.append(line[4:])
        elif lines:
            found.append(Block(path, begin, "", "\n".join(lines) + "\n"))
            lines = []
        empty = not line.strip()
    return found


def prose(path):
    """The text without what stands between fences."""
    return re.sub(r"^```.*?^```$", "", read(path), flags=re.MULTILINE | re.DOTALL)


def spans(path):
    """What stands between backticks, which may go on in the next line."""
    found = re.findall(r"``((?:[^`\n]|`(?!`))+)``|`([^`\n]+(?:\n[^`\n]+)?)`", prose(path))
    return [(double or single).replace("\n", " ").strip() for double, single in found]


def links(path):
    """Targets of links to files of the project."""
    targets = re.findall(r"\]\(([^()\s]+)\)", re.sub(r"`[^`\n]*`", "", prose(path)))
    return [target for target in targets if not re.match(r"\w+:", target)]


def anchors(path):
    """Of its headings, as GitHub and GitLab name them."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE):
        words = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
        found.add(words.replace(" ", "-"))
    return found


def rows(path, title):
    """Cells of the table under a heading."""
    section = re.split(r"^## ", prose(path), flags=re.MULTILINE)
    text = next(part for part in section if part.startswith(title + "\n"))
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


class Command(NamedTuple):
    name: str
    flags: list


def commands(text):
    """Each `kclpp NAME...` of a shell's text, with the flags that it is given."""
    text = re.sub(r"'[^']*'|\"[^\"]*\"", "TEXT", text.replace("\\\n", " "))
    found = []
    for match in re.finditer(r"(?<![\w./-])kclpp ((?:leases )?[a-z]+)\b([^|;&>\n]*)", text):
        found.append(Command(match[1], re.findall(r"(?<![\w-])--[a-z][a-z-]*", match[2])))
    return found
