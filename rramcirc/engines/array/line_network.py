"""The lines of an array as one system of nodes: numbers, wires, sources; for designs with compiled cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rramcirc.circuits.array.defects import segment_resistance, undriven_pieces
from rramcirc.circuits.array.line import Line
from rramcirc.engines.array.direct import branches, merged_nodes
from rramcirc.engines.array.wires import Wires, make_wires

Array = NDArray[np.float64]
FLOATING_OHM = 1e12  # of a floating line, or of a piece of line that no driver reaches, to ground, as in netlists
SOURCE_OHM = 1e15  # behind which a voltage stands for a current; 1 V across it is 1 fA


@dataclass(frozen=True)
class Family:
    """All lines of one kind.

    Attributes
    ----------
    kind
        ``"bl"``, ``"wl"`` or ``"sl"``.
    along_rows
        Whether one line serves a row of cells.
    wires
        Their segments and drivers.
    resistance, driver : (lines,) arrays
        Of the segment next to the driver (infinite if that is broken), and between source and line [ohm].
    nodes : (rows, columns) int64 array
        Number of the node of every cell.
    first : (lines,) int64 array
        Number of the source (or, behind a ring, of the terminal) of every line.
    leak : (rows, columns) array
        What holds a piece of line that no driver reaches, at one of its cells [S]; empty if there is none.
    undriven : (rows, columns) array of bool
        Cells on such pieces; empty if there are none.
    """

    kind: str
    along_rows: bool
    wires: Wires
    resistance: Array
    driver: Array
    nodes: NDArray[np.int64]
    first: NDArray[np.int64]
    leak: Array
    undriven: NDArray[np.bool_]

    def line_sums(self, values: Array) -> Array:
        """Return the sum of (rows, columns) values over the cells of every line."""
        sums: Array = values.sum(axis=1 if self.along_rows else 0)
        return sums

    def turned(self, other: Family) -> tuple[slice, slice]:
        """Return the slices that turn arrays of row lines (this) and column lines (`other`) towards their drivers."""
        return slice(None, None, -1 if other.wires.turned else 1), slice(None, None, -1 if self.wires.turned else 1)


def make_family(
    kind: str, line: Line, shape: tuple[int, int], along_rows: bool, driver: Array, start: int,
    opened: Mapping[int, tuple[int, ...]] | None = None,
) -> tuple[Family, int]:  # fmt: skip
    """Return the lines of one kind with nodes numbered from `start` on, and the next free number.

    `opened` holds the broken segments of the lines that have some.
    """
    count, length = shape if along_rows else shape[::-1]
    opened = opened or {}
    ohm = segment_resistance(line, shape, along_rows, opened)
    wires = make_wires("row" if along_rows else "column", count, length, ohm, line.end, driver)
    numbers, total = merged_nodes(wires, length)
    numbers = numbers + start
    at_cells = numbers[:, :0:-1] if wires.turned else numbers[:, 1:]
    nodes = np.ascontiguousarray(at_cells if along_rows else at_cells.T)
    by_line = np.atleast_2d(ohm if along_rows else np.asarray(ohm).T)
    near = np.broadcast_to(by_line[:, -1 if wires.turned else 0], (count,))
    leak, undriven = _pieces(undriven_pieces(line, length, opened), shape, along_rows)
    return Family(kind, along_rows, wires, near, driver, nodes, numbers[:, 0], leak, undriven), start + total


def _pieces(
    pieces: list[tuple[int, range]], shape: tuple[int, int], along_rows: bool
) -> tuple[Array, NDArray[np.bool_]]:
    """Return `Family.leak` and `Family.undriven` for (line, cells) of every piece."""
    if not pieces:
        return np.empty((0, 0)), np.empty((0, 0), bool)
    leak, undriven = np.zeros(shape), np.zeros(shape, bool)
    for number, cells in pieces:
        by_line = (leak, undriven) if along_rows else (leak.T, undriven.T)
        by_line[0][number, cells[0]] = 1.0 / FLOATING_OHM
        by_line[1][number, list(cells)] = True
    return leak, undriven


class Network:
    """Nodes of all line families, their wires, and which of them are held by sources."""

    def __init__(self, families: list[Family], total: int) -> None:
        from scipy.sparse import coo_matrix

        self.families, self.total = {f.kind: f for f in families}, total
        parts = [branches(_numbers(family), family.wires) for family in families]
        number = np.int32 if total < np.iinfo(np.int32).max else np.int64  # half the memory while this is built
        a, b = (np.concatenate([part[k].astype(number) for part in parts]) for k in (0, 1))
        g = np.concatenate([part[2] for part in parts])
        held, loose, feed = [], [], []
        for family in families:
            ring = family.wires.ring & (family.driver > 0)
            held.append(family.first[~ring])
            loose.append(family.first[ring])
            feed.append(1.0 / family.driver[ring])
        self.held, self.loose, self.feed = np.concatenate(held), np.concatenate(loose), np.concatenate(feed)
        held_up = [family for family in families if family.leak.size]
        leaky = np.concatenate([self.loose, *(family.nodes.ravel() for family in held_up)]).astype(number)
        leaks = np.concatenate([self.feed, *(family.leak.ravel() for family in held_up)])
        rows, columns = np.concatenate([a, b, a, b, leaky]), np.concatenate([a, b, b, a, leaky])
        values = np.concatenate([g, g, -g, -g, leaks])
        self.wires = coo_matrix((values, (rows, columns)), shape=(total, total)).tocsr()
        free = np.ones(total, bool)
        free[self.held] = False
        self.free = np.flatnonzero(free)
        self.position = np.full(total, -1, np.int64)
        self.position[self.free] = np.arange(len(self.free))
        self.stiffest = float(self.wires.diagonal()[self.free].max(initial=0.0))

    @cached_property
    def free_wires(self) -> Any:
        """Conductances between the free nodes, a sparse matrix by coordinates [S]; lines that are swept need none."""
        return self.wires[self.free][:, self.free].tocoo()

    def injected(self, sources: Array) -> Array:
        """Return the currents that sources drive into terminals behind a driver resistance [A]."""
        found = np.zeros(self.total)
        found[self.loose] = self.feed * sources[self.loose]
        return found


def _numbers(family: Family) -> NDArray[np.int64]:
    """Return (lines, nodes + 1) node numbers from the driver on."""
    nodes = family.nodes if family.along_rows else family.nodes.T
    return np.column_stack([family.first, nodes[:, ::-1] if family.wires.turned else nodes])
