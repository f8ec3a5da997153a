"""Least and greatest values of waveforms at several scales, so that any part of a long run is drawn at once.

Built in one pass over a raw file, whose values stand point by point, and kept beside it in ``NAME.raw.pyramid``: for
every 64 points, and then for every 4 of those before, the least and the greatest value of each column in 4 bytes each;
of the axis its value at every 64th point. About 2 % of the raw file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numba
import numpy as np

from rramcirc.basics.arrays import AnyArray, FloatArray, LoopCompiler

compiled: LoopCompiler = numba.njit(cache=True, nogil=True)
BASE, FACTOR = 64, 4
_CHUNK = 1 << 24  # bytes of the raw file that are in memory at once
_HEADER = 4096
_VERSION = 1


@compiled
def _reduce_rows(data: FloatArray, low: AnyArray, high: AnyArray, least: FloatArray, most: FloatArray) -> None:
    """Put the extremes of every 64 rows into (n_columns, n_pieces) arrays, and those of all rows; no NaN counts."""
    rows, columns = data.shape
    small, large = np.empty(columns), np.empty(columns)
    for piece in range((rows + BASE - 1) // BASE):
        small[:] = np.inf
        large[:] = -np.inf
        for r in range(piece * BASE, min(rows, (piece + 1) * BASE)):
            for c in range(columns):
                value = data[r, c]
                if value < small[c]:
                    small[c] = value
                if value > large[c]:
                    large[c] = value
        for c in range(columns):
            low[c, piece] = small[c]
            high[c, piece] = large[c]
            least[c] = min(least[c], small[c])
            most[c] = max(most[c], large[c])


@dataclass(eq=False)
class Pyramid:
    """Scales of the columns of a plot.

    Attributes
    ----------
    edges : (n_pieces + 1,) array
        Axis at every 64th point and at the last one [unit of the axis].
    levels : sequence of (2, n_columns, n_pieces) arrays
        Least and greatest values [units of the columns], from the finest scale to the coarsest.
    least, most, first, last : (n_columns,) arrays
        Extremes and ends of every column, exact [units of the columns].
    n_points
        Points that it covers.
    rising
        Whether the axis never goes back.
    """

    edges: FloatArray
    levels: Sequence[AnyArray]
    least: FloatArray
    most: FloatArray
    first: FloatArray
    last: FloatArray
    n_points: int
    rising: bool

    def pieces(self, level: int) -> int:
        """Return how many points a piece of a level has."""
        return int(BASE * FACTOR**level)


def build_pyramid(data: AnyArray) -> Pyramid:
    """Return the pyramid of (n_points, n_columns) real values, the axis first, in one pass."""
    rows, columns = data.shape
    pieces = -(-rows // BASE)
    finest = np.empty((2, columns, pieces), np.float32)
    least, most = np.full(columns, np.inf), np.full(columns, -np.inf)
    edges = np.empty(pieces + 1)
    step = BASE * max(1, _CHUNK // (8 * columns * BASE))
    rising, before = True, -np.inf
    for start in range(0, rows, step):
        part = np.array(data[start : start + step])  # aligned, and read once
        a, b = start // BASE, -(-(start + len(part)) // BASE)
        with np.errstate(over="ignore"):
            _reduce_rows(part, finest[0, :, a:b], finest[1, :, a:b], least, most)
        axis = part[:, 0]
        rising = rising and bool(axis[0] >= before and np.all(axis[1:] >= axis[:-1]))
        before = axis[-1]
        edges[a:b] = axis[::BASE]
    edges[-1] = before
    return Pyramid(edges, _levels(finest), least, most, np.array(data[0]), np.array(data[-1]), rows, rising)


def _levels(finest: AnyArray) -> list[AnyArray]:
    """Return ever coarser scales, down to about a thousand pieces."""
    levels = [finest]
    while levels[-1].shape[2] > 1024:
        starts = np.arange(0, levels[-1].shape[2], FACTOR)
        low, high = levels[-1]
        levels.append(np.stack([np.minimum.reduceat(low, starts, axis=1), np.maximum.reduceat(high, starts, axis=1)]))
    return levels


def pyramid_path(raw: Path) -> Path:
    """Return where the pyramid of a raw file is kept."""
    return raw.with_name(f"{raw.name}.pyramid")


def save_pyramid(pyramid: Pyramid, raw: Path, plot: int) -> None:
    """Keep a pyramid beside its raw file, of which it is plot number `plot`; raise OSError if that cannot be."""
    stat = raw.stat()
    header = {
        "version": _VERSION, "size": stat.st_size, "changed": stat.st_mtime_ns, "plot": plot, "rising": pyramid.rising,
        "n_points": pyramid.n_points, "shapes": [list(level.shape) for level in pyramid.levels],
    }  # fmt: skip
    path = pyramid_path(raw)
    new = path.with_name(f".{path.name}.new")
    ends = (pyramid.edges, pyramid.least, pyramid.most, pyramid.first, pyramid.last)
    try:
        with new.open("wb") as file:
            file.write(json.dumps(header).encode().ljust(_HEADER))
            for part in (*ends, *pyramid.levels):
                file.write(np.ascontiguousarray(part).data)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def load_pyramid(raw: Path, plot: int) -> Pyramid | None:
    """Return the pyramid kept beside a raw file, mapped; None if there is none for the file as it is now."""
    path = pyramid_path(raw)
    try:
        stat = raw.stat()
        with path.open("rb") as file:
            header = json.loads(file.read(_HEADER))
        now = {"version": _VERSION, "size": stat.st_size, "changed": stat.st_mtime_ns, "plot": plot}
        if any(header[name] != value for name, value in now.items()):
            return None
        shapes = [tuple(int(n) for n in shape) for shape in header["shapes"]]
        _, columns, pieces = shapes[0]
        numbers = np.memmap(path, np.float64, "r", _HEADER, (pieces + 1 + 4 * columns,))
        edges, *ends = np.split(numbers, [pieces + 1 + k * columns for k in range(4)])
        place = _HEADER + numbers.nbytes
        levels = []
        for shape in shapes:
            levels.append(np.memmap(path, np.float32, "r", place, shape))
            place += levels[-1].nbytes
        least, most, first, last = ends
        return Pyramid(edges, levels, least, most, first, last, int(header["n_points"]), bool(header["rising"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
