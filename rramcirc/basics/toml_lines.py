"""On which line a key of a TOML file stands (tomllib does not tell)."""

from __future__ import annotations

import re

_HEADER = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_QUOTES = re.compile(r'"""|\'\'\'')


def key_lines(text: str) -> dict[tuple[str, ...], int]:
    """Return the line of every table header and of every key that starts a line.

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


def line_of(lines: dict[tuple[str, ...], int], *place: str) -> int:
    """Return the line of a place, or of the nearest table around it; 1 if there is none."""
    for length in range(len(place), 0, -1):
        if place[:length] in lines:
            return lines[place[:length]]
    return 1
