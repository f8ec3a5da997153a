"""Read a netlist as ngspice does: which line is a card, which a command, which names another file.

The rules are those of ngspice 46, odd ones included, because a scan that reads a line differently from the simulator
can be led past it: only a line feed ends a line, carriage returns vanish, two backslashes at its end join a line with
the next, ``*#`` outside a control block is a command, and an ``@`` ends the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path

from rramcirc.basics.errors import NetlistError

LONGEST_TITLE = 4000  # ngspice reads 5000 bytes of the first line, and what follows as a line of its own
DEEPEST, MOST_FILES = 100, 3000
_MARK = "\xef\xbb\xbf"  # of UTF-8, at the beginning of a file
_CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True)
class Line:
    """One logical line, continuation lines joined and comments left out.

    Attributes
    ----------
    file, number
        Where it begins.
    text
        One character per byte of the file (latin-1).
    kind
        ``"title"``, ``"card"``, ``"command"``, or ``"include"`` for ``.include`` and for ``.lib`` with a section.
    """

    file: Path
    number: int
    text: str
    kind: str

    @cached_property
    def words(self) -> list[str]:
        """Words between blanks and tabs."""
        return [word for word in self.text.replace("\t", " ").split(" ") if word]

    @cached_property
    def head(self) -> str:
        """First word in lower case, a command's without ``pre_``."""
        word = self.text.replace("\t", " ").lstrip(" ").partition(" ")[0].lower()
        return word.removeprefix("pre_") if self.kind == "command" else word

    @property
    def where(self) -> str:
        """File and line for a message."""
        return f"{self.file.name} line {self.number}"


@dataclass(frozen=True)
class Reading:
    """The lines of one file, and (line number, reason) of what cannot be read with certainty."""

    lines: tuple[Line, ...]
    oddities: tuple[tuple[int, str], ...]


def read_lines(path: Path, main: bool = True) -> Reading:
    """Read one file.

    Parameters
    ----------
    path
        The netlist.
    main
        Whether its first line is the title; that of an included file is a line like any other.

    Raises
    ------
    NetlistError
        If the file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise NetlistError(f"cannot read the netlist {path}: {error.strerror}.") from error
    oddities: list[tuple[int, str]] = []
    rows = list(_rows(data, main, oddities))
    lines = list(_lines(rows, path, main, oddities))
    return Reading(tuple(lines), tuple(oddities))


def read_all(path: Path) -> list[Line]:
    """Read a netlist and the files it includes, each at its place and once."""
    found: list[Line] = []
    folders = [path.parent]
    files = count()

    def add(file: Path, main: bool, seen: frozenset[Path]) -> None:
        check_nesting(path, len(seen), next(files))
        for line in read_lines(file, main).lines:
            found.append(line)
            target = next(iter(included(line, folders)), None) if line.kind == "include" else None
            if target is not None and target.resolve() not in seen:
                if target.parent not in folders:
                    folders.append(target.parent)
                add(target, False, seen | {target.resolve()})

    add(path, True, frozenset((path.resolve(),)))
    return found


def check_nesting(netlist: Path, depth: int, files: int) -> None:
    """Raise NetlistError if includes nest too deeply, or name too many files: each time a file is named counts."""
    if depth > DEEPEST or files > MOST_FILES:
        raise NetlistError(
            f"{netlist} includes more than {MOST_FILES} files, or files nested more than {DEEPEST} deep. "
            "Include each file once."
        )


def include_name(line: Line) -> str:
    """Return the file name of an include line as the file system knows it, '' if there is none."""
    rest = re.sub(r"^[ \t]*[^ \t]*[ \t]*", "", line.text)
    if rest[:1] in ("'", '"'):
        name, quote, _ = rest[1:].partition(rest[0])
        return as_text(name) if quote else ""
    return as_text(re.split(r"[ \t]", rest, maxsplit=1)[0])


def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


def as_text(name: str) -> str:
    """Return a part of a line as the text that its bytes stand for."""
    return name.encode("latin-1", "replace").decode("utf-8", "surrogateescape")


def short(text: str) -> str:
    """Return a part of a line for a message."""
    text = " ".join(as_text(text).encode(errors="replace").decode().split())
    return text if len(text) <= 60 else text[:57] + "..."


def included(line: Line, folders: list[Path]) -> list[Path]:
    """Return the files that an include line may mean: beside its own file, then beside those that were read before."""
    name = include_name(line)
    found: dict[Path, Path] = {}
    for folder in (line.file.parent, *folders) if name else ():
        try:
            if (folder / name).is_file():
                found.setdefault((folder / name).resolve(), folder / name)
        except (OSError, ValueError):  # a name that no file can have
            return []
    return list(found.values())


def _rows(data: bytes, main: bool, oddities: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Yield (line number, text) of physical lines; a joined one begins with ``+``."""
    joined = False
    for number, raw in enumerate(data.split(b"\n"), start=1):
        text = raw.replace(b"\r", b"").decode("latin-1")
        if text.startswith(_MARK):
            text = text.removeprefix(_MARK)
            if number > 1:
                oddities.append((number, "a byte order mark, which newer versions of ngspice skip"))
        title = main and number == 1
        if title and len(text) > LONGEST_TITLE:
            oddities.append((number, f"a title of {len(text)} characters, which ngspice breaks in two"))
        text = text.lstrip(" \t")
        if not text:
            if title:
                yield number, text
            continue
        if text.startswith("@"):
            return
        if text == "\x1a":  # how DOS ends a file
            continue
        if not title and not (text.startswith("*") and text[1:2] != "#") and _CONTROL_CHARACTER.search(text):
            oddities.append((number, "a control character"))
        if joined:
            text = "+" + text
        joined = text[0] not in "*$" and text.rstrip(" \t").endswith("\\\\")
        yield number, text.rstrip(" \t")[:-2] if joined else text


def _lines(rows: list[tuple[int, str]], path: Path, main: bool, oddities: list[tuple[int, str]]) -> Iterator[Line]:
    """Join continuation lines and tell commands from cards."""
    inside = after_include = False
    pending: Line | None = None
    for k, (number, row) in enumerate(rows):
        head = row.lower().lstrip("+") if row.startswith("+.") else row.lower()
        if main and k == 0:
            yield Line(path, number, row, "title")
            if not _title_is_more(number, row, oddities):
                continue
        if row.startswith("*#"):
            yield Line(path, number, row[2:].lstrip(" \t"), "command")
            continue
        library = head.startswith(".lib") and not head.startswith(".libsave")
        if head.startswith(".inc") or (library and not inside and len(row.split()) > 2):
            text = strip_comment(row, False, include=True) if head.startswith(".inc") else row
            yield Line(path, number, text, "include")
            after_include = True
            if inside:
                oddities.append((number, "a file is included inside a control block"))
            continue
        if row.lower().startswith((".control", ".endc")):
            begins = row.lower().startswith(".control")
            if begins == inside:
                oddities.append((number, f"{row.split()[0]} without its counterpart"))
            inside = begins
            if pending is not None:
                yield pending
            pending = None
            continue
        text = strip_comment(row, inside)
        if text.startswith("$") and inside:  # a command whose name is a variable, and never continued
            yield Line(path, number, text, "command")
        if not text or text[0] in "*#$":
            continue
        if text.startswith("+"):
            if after_include:
                oddities.append((number, "the last line of an included file is continued"))
            if pending is not None:
                pending = Line(path, pending.number, f"{pending.text} {text[1:]}", pending.kind)
            continue
        if pending is not None:
            yield pending
        after_include = False
        pending = Line(path, number, text, "command" if inside else "card")
    if pending is not None:
        yield pending
    if inside:
        oddities.append((rows[-1][0], ".control without .endc"))


def _title_is_more(number: int, row: str, oddities: list[tuple[int, str]]) -> bool:
    """Whether ngspice takes the title for a dot command, too; such a title is odd."""
    if row.lower().startswith("*ng_script"):
        oddities.append((number, "a command script, not a netlist (*ng_script)"))
    more = row.lower().startswith((".inc", ".lib", ".control", ".endc"))
    if more:
        oddities.append((number, f"the title is a dot command ({row[:40]})"))
    return more


def strip_comment(text: str, inside: bool, include: bool = False) -> str:
    """Return a line without its end-of-line comment, which begins where ngspice says (``;``, ``$``, ``//``).

    Parameters
    ----------
    text
        The line.
    inside
        Whether it stands in a control block, where ``$`` begins a comment only before a blank.
    include
        Whether it is an include line, whose file name may begin with ``$``.
    """
    if text.startswith(("*", "#")):
        return ""
    if ";" not in text and "$" not in text and "//" not in text:
        return text.rstrip(" \t")
    name = re.match(r"[^ \t]*[ \t]*\$?", text)
    start = name.end() if include and name else 0
    k = start
    while k < len(text):
        c = text[k]
        k += 1
        if c in "\"'":
            while k < len(text) and (text[k] != c or text[k - 1] == "\\"):
                k += 1
            k += k < len(text)
            continue
        following = text[k : k + 1]
        if following == ";":
            break
        if c == "$" and (following == " " if inside else k >= 2 and text[k - 2] in " ,\t"):
            k -= 1
            break
        if c == "/" and following == "/":
            k -= 1
            break
    return text[:k].rstrip(" \t")
