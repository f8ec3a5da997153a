"""The table in a text file of measured data: its heading, its rows of numbers, and what stands around them."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.errors import ParameterError
from rramcirc.basics.mistakes import some_of
from rramcirc.studies.fit.formats import own_lines
from rramcirc.studies.fit.headings import UNITS, column_of, heading, unit_of

NAMED_LINES = 3  # bad lines that an error names
_TITLES = 300  # lines of an instrument above its table
_NAMED = 1e9  # numbers of devices that have a name, in the order in which they appear
_OVER = {"overflow", "ovf", "ovld", "ovl", "ol", "overrange", "over", "overload", "-overflow", "#overflow", "#ovf"}
_NONE = {"", "-", "--", "---", "n/a", "na", "#n/a", "null", "none", "*", "?"}
_DIRECTIONS = {
    "up": 1.0, "+": 1.0, "set": 1.0, "ltp": 1.0, "p": 1.0, "pot": 1.0, "potentiation": 1.0,
    "down": -1.0, "-": -1.0, "reset": -1.0, "ltd": -1.0, "d": -1.0, "dep": -1.0, "depression": -1.0,
}  # fmt: skip
_WITH_UNIT = re.compile(r"([-+]?[\d.]++(?:[eE][-+]?\d++)?) ?([a-zA-Zµμ/]{1,8})")
_FORTRAN = re.compile(r"[-+]?[\d.]++[dD][-+]?\d++")
_COMMA = re.compile(r"[-+]?\d*+,\d++(?:[eE][-+]?\d++)?+ ?[a-zA-Zµμ/]{0,8}")  # a number with a decimal comma
_READ_TAG = re.compile(r"V ?= ?([-+\d.eE]++)")  # of ArC ONE: S R8 V=0.5


class Table:
    """Heading, units and rows of a file.

    Attributes
    ----------
    headings, units
        None if there are none.
    rows
        Cells.
    lines
        Line of the file on which each row stands.
    remarks
        What was left out.
    """

    def __init__(self, path: Path, text: str) -> None:
        """Take a text apart.

        Raises
        ------
        ParameterError
            If there are no numbers in it.
        """
        self.path = path
        self.remarks: list[str] = []
        numbered = [(k, line.strip(" \r\f\v")) for k, line in enumerate(text.splitlines(), start=1) if line.strip()]
        data = [(k, line) for k, line in own_lines(numbered) if not re.match(r"#(?!N/A)|%|!|//", line)]
        data = [(k, line) for k, line in data if not re.fullmatch(r"(?i)sep=.", line)]  # for Excel
        if not data:
            raise ParameterError(
                f"{path}: no data, only {len(numbered)} lines of remarks." if numbered else f"{path}: empty."
            )
        separator, cells = _cells(data)
        first = _first_row([row for _, row in cells])
        above = [row for _, row in cells[:first]] or _named_above(numbered, data[0][0], separator, len(cells[0][1]))
        if first == len(cells):
            raise ParameterError(
                f"{path}: line {cells[0][0]}: {cells[0][1][0]!r} ...: there are no numbers in this file."
            )
        self.headings, self.units = _headings(above)
        body = self._blocks(_without_footer(cells[first:], self.remarks))
        self.rows, self.lines = [row for _, row in body], [k for k, _ in body]

    def _blocks(self, body: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
        """Return rows without headings that come again; what is behind each of them is another cycle."""
        again = [k for k, (_, row) in enumerate(body) if self.headings is not None and row == self.headings]
        if not again:
            return body
        assert self.headings is not None
        number, kept = 0, []
        own = any(column_of(heading(h)[0]) == "cycle" for h in self.headings)
        titles = set()
        for k in again:  # words that lead up to the heading
            before = k - 1
            while before >= 0 and not is_number(body[before][1][0]):
                titles.add(before)
                before -= 1
        for k, (line, row) in enumerate(body):
            if k in again:
                number += 1
            elif k not in titles and any(is_number(c) for c in row):
                kept.append((line, row if own else [*row[: len(self.headings)], str(number)]))
        if not own:
            self.headings = [*self.headings, "cycle"]
        self.remarks.append(f"the heading stands {number + 1} times: {number + 1} cycles")
        return kept

    def columns(self, places: dict[str, tuple[int, float, str]], width: int) -> dict[str, NDArray[np.float64]]:
        """Return the known columns in SI units; resistances in ohm, trains in S.

        Parameters
        ----------
        places
            Place, factor and unit of each.
        width
            Number of headings.

        Raises
        ------
        ParameterError
            Names the lines without numbers.
        """
        bad: list[str] = []
        used = [place for place, _, _ in places.values()]
        filled = [k for k, r in enumerate(self.rows) if len(r) != width or not used or any(r[p] for p in used)]
        self.rows, self.lines = [self.rows[k] for k in filled], [self.lines[k] for k in filled]
        table = np.full((len(self.rows), len(places)), np.nan)
        named: dict[str, float] = {}  # devices that have a name and no number
        for r, row in enumerate(self.rows):
            if len(row) != width and not (len(row) == width + 1 and not row[-1]):
                bad.append(f"line {self.lines[r]}: {len(row)} values where the header has {width}")
                continue
            for c, (column, (place, _, _)) in enumerate(places.items()):
                try:
                    table[r, c] = _value(row[place], column, named)
                except ValueError:
                    bad.append(f"line {self.lines[r]}: {row[place]!r} ({column}) is no number")
        raise_lines(self.path, bad)
        found = {}
        for c, (column, (_, factor, unit)) in enumerate(places.items()):
            values = table[:, c] * factor
            if unit != UNITS[column]:
                zero = np.flatnonzero(values == 0.0)
                raise_lines(self.path, [f"line {self.lines[k]}: {column} is zero" for k in zero])
                values = 1.0 / values
            found[column] = values
        return found


def raise_lines(path: Path, bad: Sequence[str]) -> None:
    """Raise an error that names lines, if there are any.

    Raises
    ------
    ParameterError
        Names the first ones.
    """
    if bad:
        raise ParameterError(f"{path}: {some_of(bad, NAMED_LINES)}.")


def is_number(text: str) -> bool:
    """Return whether a cell is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _cells(data: list[tuple[int, str]]) -> tuple[str | None, list[tuple[int, list[str]]]]:
    """Return what separates the cells, None for blanks, and the cells of every line."""
    stripped = [(k, line.strip()) for k, line in data]
    separator = next((s for s in ("\t", ";", ",") if 2 * sum(s in line for _, line in stripped) >= len(data)), None)
    if separator == "," and 2 * sum(_comma_words(line) for _, line in stripped) >= len(data):
        separator = None
    if separator != "\t":
        data = stripped
    if separator is None:  # a blank before a unit separates nothing
        data = [(k, re.sub(r"(?<!\s)\s++(?=[\[(])", "", line)) for k, line in data]
    cells = [(k, [c.strip().strip('"') for c in _parts(line, separator)]) for k, line in data]
    if any('"' in line for _, line in data) or separator != ",":
        cells = [(k, [c.replace(",", ".") if "," in c and _COMMA.fullmatch(c) else c for c in row]) for k, row in cells]
    return separator, cells


def _comma_words(line: str) -> bool:
    """Return whether a line is numbers with decimal commas between blanks."""
    words = line.split()
    return len(words) > 1 and any("," in w for w in words) and all(_COMMA.fullmatch(w) or is_number(w) for w in words)


def _parts(line: str, separator: str | None) -> list[str]:
    if separator is not None and '"' in line:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True), [""])
    return line.split(separator)


def _named_above(numbered: list[tuple[int, str]], first: int, separator: str | None, width: int) -> list[list[str]]:
    """Return the last remark above the data, if it names the columns."""
    remarks = [line.lstrip("#%!/ ") for k, line in numbered if k < first]
    said = re.sub(r"(?<!\s)\s++(?=[\[(])", "", remarks[-1]) if remarks and not separator else (remarks or [""])[-1]
    last = [c.strip() for c in said.split(separator)]
    return [last] if len(last) == width and any(_known(c) for c in last) else []


def _known(cell: str) -> bool:
    return column_of(heading(cell)[0]) is not None


def _headings(above: list[list[str]]) -> tuple[list[str] | None, list[str] | None]:
    """Return headings and their units from the lines above the numbers; comments may stand below both."""
    if not above:
        return None, None
    for k in (len(above) - 1, len(above) - 2):
        if k < 1 or (k < len(above) - 1 and sum(map(_known, above[-1])) >= sum(map(_known, above[k - 1]))):
            continue
        units = [c.strip("[]()") for c in above[k]]
        if any(units) and all(unit_of(u) is not None or not u for u in units):
            return above[k - 1], units
    return above[-1], None


def _first_row(cells: list[list[str]]) -> int:
    """Return the place of the first row of numbers: what stands above may hold numbers too, in other widths."""
    widths = [len(row) for row in cells]
    usual = max(set(widths), key=widths.count)
    begins = [k for k, row in enumerate(cells) if is_number(row[0]) or is_number(row[-1])]
    whole = [k for k in begins if widths[k] == usual]
    if whole and whole[0] - begins[0] <= _TITLES and all(not is_number(cells[k][0]) for k in begins if k < whole[0]):
        return whole[0]
    return begins[0] if begins else len(cells)


def _without_footer(body: list[tuple[int, list[str]]], remarks: list[str]) -> list[tuple[int, list[str]]]:
    """Return rows without the words behind the last row of numbers."""
    width, end = len(body[0][1]), len(body)
    while end > 1:
        row = body[end - 1][1]
        if any(map(is_number, row)) and (len(row) == width or is_number(row[0])):
            break
        end -= 1
    if not any("".join(row) for _, row in body[end:]):
        return body[:end]
    words = [r for _, r in body[end:] if not any(map(is_number, r)) and len(r) == width]
    if len(words) == len(body) - end > 0 and len(words) > 0.1 * len(body):  # rows of the table without numbers
        return body
    remarks.append(f"line {body[end][0]}: {len(body) - end} lines behind the table are not read")
    return body[:end]


def _value(text: str, column: str, named: dict[str, float]) -> float:
    """Return the number of a cell, its unit left out; infinite or NaN for what instruments write for no number.

    Raises
    ------
    ValueError
        If it is none.
    """
    try:
        return float(text)
    except ValueError:
        word = text.lower()
        if column == "device" and text:
            return named.setdefault(text, _NAMED + len(named))
        if column in ("amplitude", "width") and not text:  # a reading without a pulse
            return 0.0
        if column == "direction" and word in _DIRECTIONS:
            return _DIRECTIONS[word]
        if word in _OVER or word in _NONE:
            return np.inf if word in _OVER else np.nan
        if column == "read" and (tag := _READ_TAG.search(text)):
            return float(tag[1])
        if _FORTRAN.fullmatch(text):
            return float(re.sub("[dD]", "e", text))
        match = _WITH_UNIT.fullmatch(text)
        scale = unit_of(match[2]) if match else None
        if match is None or scale is None:
            raise
        return float(match[1]) * scale[0]


__all__ = ["Table", "is_number", "raise_lines"]
