"""Mistakes of a TOML file, collected with their line and place and told in one error."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rramcirc.basics.errors import ParameterError

_HEADER = re.compile(r"\s*+\[\[?\s*+([^\[\]]++)\]\]?\s*+(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_QUOTES = re.compile(r'"""|\'\'\'')


class Mistakes:
    """Mistakes of one document or mapping, each with the place where it stands; every mistake is kept once.

    Parameters
    ----------
    lines
        Line of every key, as from `key_lines`; 0 stands for a value that ``--set`` gave. None if there is no file.
    stop
        What every line of the list ends with.

    Examples
    --------
    >>> mistakes = Mistakes({("rows",): 3})
    >>> mistakes.add("-1 is no number of rows", "rows")
    >>> print(mistakes.error(f"bench.toml has {mistakes.counted}"))
    bench.toml has 1 mistake:
      line 3, rows: -1 is no number of rows
    """

    def __init__(self, lines: Mapping[tuple[str, ...], int] | None = None, stop: str = "") -> None:
        self.lines, self.stop = lines, stop
        self._found: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(self, text: str, *place: str) -> None:
        """Add a mistake of the key at `place`, for example ``"parameters", "ea"``; without place, of the whole."""
        line = 0 if self.lines is None else line_of(self.lines, *place)
        source = [] if self.lines is None else [f"line {line}" if line else "--set"]
        where = ", ".join([*source, ".".join(place)] if place else source)
        text = text.rstrip(".").replace("\n", "\n  ") + self.stop
        found = (line, f"{where}: {text}" if where else text)
        if found not in self._found:
            self._found.append(found)

    @property
    def counted(self) -> str:
        """How many there are: ``1 mistake``, ``2 mistakes``."""
        return f"{len(self)} mistake{'' if len(self) == 1 else 's'}"

    def error(self, start: str) -> ParameterError:
        """Return the error that lists all mistakes by line below `start`."""
        return ParameterError(
            "\n  ".join([f"{start}:", *(text for _, text in sorted(self._found, key=lambda m: m[0]))])
        )

    def sentence(self, start: str) -> ParameterError:
        """Return the error that tells the only mistake in one sentence behind `start`, or lists all."""
        if len(self) == 1:
            return ParameterError(f"{start}: {self._found[0][1]}.")
        return self.error(f"{start}: {self.counted}")


def some_of(texts: Sequence[str], most: int) -> str:
    """Return the first texts in one line, and how many there are besides.

    Examples
    --------
    >>> some_of(["line 3 is empty", "line 4 is empty", "line 7 is empty"], 2)
    'line 3 is empty; line 4 is empty; and 1 more'
    """
    more = f"; and {len(texts) - most} more" if len(texts) > most else ""
    return "; ".join(texts[:most]) + more


def key_lines(text: str) -> dict[tuple[str, ...], int]:
    """Return the line of every table header and of every key that starts a line (tomllib does not tell).

    Parameters
    ----------
    text
        A TOML document that tomllib accepts.

    Returns
    -------
    dict
        Line number (from 1) by the path of the key. Keys inside inline tables have no entry of their own.

    Examples
    --------
    >>> key_lines("name = 'x'\\n[parameters]\\nea = {value = 1}\\n")[("parameters", "ea")]
    3
    """
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    inside = ""  # the quotes of the multi-line string we are in
    for number, line in enumerate(text.splitlines(), start=1):
        if not inside:
            header, key = _HEADER.match(line), _KEY.match(line)
            if header:
                table = _split(header[1])
                found.setdefault(table, number)
            elif key:
                found.setdefault(table + _split(key[1]), number)
        for quotes in _QUOTES.findall(line):
            if not inside:
                inside = quotes
            elif inside == quotes:
                inside = ""
    return found


def _split(key: str) -> tuple[str, ...]:
    parts = re.findall(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""", key)
    return tuple(p.strip("\"'") for p in parts)


def line_of(lines: Mapping[tuple[str, ...], int], *place: str) -> int:
    """Return the line of a place, or of the nearest table around it; 1 if there is none."""
    for length in range(len(place), 0, -1):
        if place[:length] in lines:
            return lines[place[:length]]
    return 1
