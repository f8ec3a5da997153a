"""The files that a netlist reads when it runs: compiled models and tables, which go with it into the run folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from rramcirc.basics.errors import NetlistError
from rramcirc.engines.ngspice.lines import Line, as_text
from rramcirc.engines.ngspice.reach import may_be_copied

_WORD = re.compile(r"\"[^\"]*\"?|'[^']*'?|[^\s=,();\"']+")


def used_files(lines: Sequence[Line], source: Path, rows: list[str]) -> list[tuple[Path, str]]:
    """Return compiled models and data files that go with the netlist; those from elsewhere get their full path."""
    home = source.parent
    found: dict[str, Path] = {}
    for line in lines:
        for name in _named_files(line):
            file = home / name
            if not _is_file(file):
                if line.kind == "command":
                    raise NetlistError(
                        f"{line.where} loads {name}, which is not in {home}. "
                        "`rramcirc build-netlist -o` puts compiled models beside the netlist."
                    )
            elif may_be_copied(name) and file.resolve().is_relative_to(home.resolve()):
                found[name] = file
            elif line.file != source and not Path(name).is_absolute():
                raise NetlistError(f"{line.where}: write {name} with its full path, as the netlist runs elsewhere.")
            else:
                k = next((k for k in range(line.number - 1, len(rows)) if name in rows[k]), 0)
                rows[k] = rows[k].replace(name, str(file.resolve()))
    return [(file, name) for name, file in found.items()]


def _named_files(line: Line) -> Iterator[str]:
    """Yield the words of a line that may be names of files which ngspice looks for when it runs."""
    if (line.kind, line.head) == ("command", "osdi"):
        yield from (as_text(word.strip("\"'")) for word in line.words[1:])
    elif line.kind == "card" and line.head == ".model":
        found = _WORD.findall(line.text)
        yield from (as_text(b.strip("\"'")) for a, b in pairwise(found) if a.lower().endswith("file"))
    elif line.kind == "card" and '"' in line.text and (line.head[:1] == "x" or line.head in (".param", ".subckt")):
        yield from (as_text(word.strip('"')) for word in _WORD.findall(line.text) if word.startswith('"'))
    elif line.kind == "card" and "file" in line.text.lower() and line.head[:1] in tuple("dqmv"):
        found = _WORD.findall(line.text)
        yield from (as_text(b.strip("\"'")) for a, b in pairwise(found) if a.lower() in ("file", "ic.file"))


def _is_file(file: Path) -> bool:
    try:
        return file.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False
