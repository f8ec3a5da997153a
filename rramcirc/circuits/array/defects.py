"""What is wrong with an array: missing and shorted cells, broken lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, shown, unknown_name
from rramcirc.basics.fields import Kept, number, other, record, table
from rramcirc.basics.units import whole_number
from rramcirc.circuits.array.line import Line

Cells = tuple[tuple[int, int], ...]
GivenCells = Iterable[Iterable[int]] | NDArray[np.bool_]


@record
class Defects:
    """Cells that are missing or shorted, and lines with broken segments.

    Cells are given as ``[row, column]`` pairs or as a (rows, columns) array of booleans. A missing cell is not there at
    all; a shorted one has `short_resistance` across its RRAM. A piece of line that no driver reaches any more is held
    at 0 V by 1 Tohm, as a floating line is.
    """

    missing: Kept[Cells, GivenCells] = other("[row, column] of every missing cell", "1", default=())
    shorted: Kept[Cells, GivenCells] = other("[row, column] of every shorted cell", "1", default=())
    short_resistance: float = number("resistance across the RRAM of a shorted cell", "ohm", default=100.0, above=0.0)
    open_segments: Kept[Mapping[str, tuple[int, ...]], Mapping[str, int | Iterable[int]]] = table(
        "line -> cells on whose driver's side it is broken; where both ends are driven, before them",
        default_factory=dict,
    )

    def _check(self) -> None:
        for name in ("missing", "shorted"):
            object.__setattr__(self, name, _cells(f"Defects.{name}", getattr(self, name)))
        both = set(self.missing) & set(self.shorted)
        if both:
            raise ParameterError(f"Defects: cell {list(min(both))} is both missing and shorted.")
        opened = {str(line): _numbers(f"Defects.open_segments.{line}", v) for line, v in self.open_segments.items()}
        object.__setattr__(self, "open_segments", opened)

    def __bool__(self) -> bool:
        return bool(self.missing or self.shorted or self.open_segments)


def _numbers(name: str, given: object) -> tuple[int, ...]:
    items = given if isinstance(given, Iterable) and not isinstance(given, str) else (given,)
    return tuple(sorted({int(whole_number(item, name, 0)) for item in items}))


def _cells(name: str, given: GivenCells) -> Cells:
    if isinstance(given, np.ndarray) and given.dtype == bool and given.ndim == 2:
        return tuple((int(i), int(j)) for i, j in np.argwhere(given))
    try:
        pairs = [tuple(pair) for pair in given]
    except TypeError:
        pairs = [()]
    if any(len(pair) != 2 for pair in pairs):
        raise ParameterError(f"{name}: {shown(given)} is no list of [row, column] pairs and no array of booleans.")
    return tuple(sorted({(int(whole_number(i, name, 0)), int(whole_number(j, name, 0))) for i, j in pairs}))


def check_defects(defects: Defects, shape: tuple[int, int], lines: Mapping[str, tuple[Line, int]]) -> None:
    """Refuse defects that an array does not have room for.

    Parameters
    ----------
    defects
        What is wrong.
    shape
        (rows, columns).
    lines
        Every line: its wires, and how many cells it has.

    Raises
    ------
    ParameterError
        Names the cell or line.
    """
    for name in ("missing", "shorted"):
        for i, j in getattr(defects, name):
            if i >= shape[0] or j >= shape[1]:
                raise ParameterError(
                    f"Crossbar.defects.{name}: there is no cell [{i}, {j}] in {shape[0]} word lines x {shape[1]} bit "
                    "lines; they are counted from 0."
                )
    for name, numbers in defects.open_segments.items():
        where = f"Crossbar.defects.open_segments: {name!r}"
        if name not in lines:
            raise ParameterError(f"{where} is no line of this array: {unknown_name('line', name, lines)}")
        line, length = lines[name]
        if not line.has_resistance:
            raise ParameterError(
                f"{where} has no wire resistance, so no segments that can break; give its wires one, for example "
                f"{name.rstrip('0123456789')} = Line(1.0)."
            )
        last = length - (line.end != "both")
        if numbers and numbers[-1] > last:
            raise ParameterError(f"{where} has the segments 0 ... {last}, not {numbers[-1]}.")


def segment_resistance(
    line: Line, shape: tuple[int, int], along_rows: bool, opened: Mapping[int, tuple[int, ...]]
) -> FloatArray | float:
    """Return the resistance of every segment of all lines of one kind, infinite where broken [ohm].

    Parameters
    ----------
    line
        Wires of this kind.
    shape
        (rows, columns) of cells.
    along_rows
        Whether a line serves a row of cells.
    opened
        Number of a line -> its broken segments.

    Returns
    -------
    float or array
        One number if all segments are equal, else ``[row, column]`` as in `Line.segments`.
    """
    if line.segments is None and not any(opened.values()):
        return line.resistance
    extra = line.end == "both"
    full = (shape[0], shape[1] + extra) if along_rows else (shape[0] + extra, shape[1])
    ohm = np.full(full, line.resistance) if line.segments is None else np.array(line.segments)
    by_line = ohm if along_rows else ohm.T
    for index, segments in opened.items():
        by_line[index, list(segments)] = np.inf
    return ohm


def undriven_pieces(line: Line, length: int, opened: Mapping[int, tuple[int, ...]]) -> list[tuple[int, range]]:
    """Return (number of the line, its cells) of all pieces of line that no driver reaches, of one kind.

    Examples
    --------
    >>> undriven_pieces(Line(1.0), 5, {2: (1, 3)})
    [(2, range(1, 3)), (2, range(3, 5))]
    """
    found = []
    for index, segments in opened.items():
        # cell on the low side of every cut
        cuts = sorted({s + 1 for s in segments} if line.end == "last" else set(segments))
        edges = [0, *cuts, length]
        pieces = [range(a, b) for a, b in pairwise(edges)]
        if line.end in ("first", "both"):
            pieces = pieces[1:]
        if line.end in ("last", "both"):
            pieces = pieces[:-1]
        found += [(index, piece) for piece in pieces if len(piece)]
    return found


def joined(pairs: Iterable[tuple[str, str]]) -> list[set[str]]:
    """Return the groups of names that hang together by the pairs.

    Examples
    --------
    >>> [sorted(group) for group in joined([("bl0", "wl0"), ("bl1", "wl1"), ("bl2", "wl0")])]
    [['bl0', 'bl2', 'wl0'], ['bl1', 'wl1']]
    """
    groups: list[set[str]] = []
    for pair in pairs:
        touched = [group for group in groups if not group.isdisjoint(pair)]
        groups = [group for group in groups if group.isdisjoint(pair)]
        groups.append(set(pair).union(*touched))
    return sorted(groups, key=min)
