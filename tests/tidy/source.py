"""How the checks read the project: its files, and C++ text without comments and string contents."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

SKIPPED_FOLDERS = {"build", "__pycache__", "node_modules"}
CODE = (".h", ".cc")
SCRIPTS = (".py", ".cmake", "CMakeLists.txt")

_TOKEN = re.compile(
    r"""
      (?P<comment> //(?:[^\n\\]|\\.|\\\n)* | /\*.*?\*/ )
    | (?P<raw>     \b(?:u8|[uUL])?R"(?P<delimiter>[^()\s\\]*)\(.*?\)(?P=delimiter)" )
    | (?P<string>  "(?:[^"\\\n]|\\.)*" )
    | (?P<number>  \b[0-9](?:[\w.]|'[0-9a-fA-F])* )
    | (?P<char>    '(?:[^'\\\n]|\\.)+' )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"


class Skipped(Exception):
    """A check that could not look at anything; the text says why."""


class Tree:
    """The project's text files by path from its root; `built` is the folder with the built programs, if any."""

    def __init__(self, files, folders=(), built=None):
        self.files = files
        self.folders = set(folders) | {parent.as_posix() for path in files for parent in Path(path).parents}
        self.built = built

    @classmethod
    def read(cls, root, built=None):
        files, folders = {}, []
        for folder, names, leaves in os.walk(root):
            names[:] = sorted(n for n in names if n not in SKIPPED_FOLDERS and (n == ".ci" or not n.startswith(".")))
            relative = Path(folder).relative_to(root)
            folders.append(relative.as_posix())
            for leaf in sorted(leaves):
                try:
                    files[(relative / leaf).as_posix()] = (Path(folder) / leaf).read_text(encoding="utf-8")
                except (UnicodeDecodeError, FileNotFoundError):
                    continue  # test data that is not text, or a file that went away meanwhile
        return cls(files, folders, built)

    def code(self, *tops):
        """(path, text) of the C++ files, of all or of those under the folders named."""
        for path, text in self.files.items():
            if path.endswith(CODE) and (not tops or path.startswith(tuple(top + "/" for top in tops))):
                yield path, text

    def scripts(self):
        """(path, text) of what we write that is not C++: CMake, Python and shell."""
        for path, text in self.files.items():
            if path.endswith(SCRIPTS) or path.startswith(("scripts/", ".ci/")):
                yield path, text


def bare(text):
    """`text` without comments and without what stands inside string literals; every line keeps its number."""

    def replace(match):
        newlines = "\n" * match.group().count("\n")
        if match.group("comment"):
            return newlines or " "
        if match.group("raw") or match.group("string"):
            return '"' + newlines + '"'
        return "' '" if match.group("char") else match.group()

    return _TOKEN.sub(replace, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1
