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
from rramcirc.engines.array.balance_kernels import add_column_wires, add_row_wires
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
    if wires.distributed:  # one node at every cell, in the order of the cells, and the terminals behind them
        cells = count * length
        nodes, first = start + np.arange(cells).reshape(shape), start + cells + np.arange(count)
        total = cells + count
    else:
        numbers, total = merged_nodes(wires, length)
        numbers = numbers + start
        at_cells = numbers[:, :0:-1] if wires.turned else numbers[:, 1:]
        nodes, first = np.ascontiguousarray(at_cells if along_rows else at_cells.T), numbers[:, 0]
    by_line = np.atleast_2d(ohm if along_rows else np.asarray(ohm).T)
    near = np.broadcast_to(by_line[:, -1 if wires.turned else 0], (count,))
    leak, undriven = _pieces(undriven_pieces(line, length, opened), shape, along_rows)
    return Family(kind, along_rows, wires, near, driver, nodes, first, leak, undriven), start + total


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
        self.families, self.total = {f.kind: f for f in families}, total
        held, loose, feed = [], [], []
        for family in families:
            ring = family.wires.ring & (family.driver > 0)
            held.append(family.first[~ring])
            loose.append(family.first[ring])
            feed.append(1.0 / family.driver[ring])
        self.held, self.loose, self.feed = np.concatenate(held), np.concatenate(loose), np.concatenate(feed)
        free = np.ones(total, bool)
        free[self.held] = False
        self.free = np.flatnonzero(free)
        self.ladders = all(f.wires.distributed and not f.wires.ring for f in families)
        self.stiffest = self._stiffest()

    def holds(self, family: Family) -> bool:
        """Whether a source holds the node of a cell, as nothing is between them."""
        return not family.wires.distributed and bool(np.any(self.position[family.nodes] < 0))

    @cached_property
    def position(self) -> NDArray[np.int64]:
        """Number of every node among the free ones; -1 if it is held."""
        found = np.full(self.total, -1, np.int64)
        found[self.free] = np.arange(len(self.free))
        return found

    def free_begin(self, family: Family) -> int:
        """Return where the nodes of a family of ladders begin among the free ones, in the order of its cells."""
        first = int(family.nodes.flat[0])
        return first - int(np.count_nonzero(self.held < first))

    def among_free(self, family: Family, values: Array) -> Array:
        """Return the values (rows, columns) at the nodes of a family of ladders, of those (free,) of all free nodes."""
        begin = self.free_begin(family)
        found: Array = values[begin : begin + family.nodes.size].reshape(family.nodes.shape)
        return found

    @cached_property
    def wires(self) -> Any:
        """Conductances between all nodes, a sparse matrix by rows [S]; ladders that are swept need none."""
        from scipy.sparse import coo_matrix

        parts = [branches(_numbers(family), family.wires) for family in self.families.values()]
        number = np.int32 if self.total < np.iinfo(np.int32).max else np.int64  # half the memory while this is built
        a, b = (np.concatenate([part[k].astype(number) for part in parts]) for k in (0, 1))
        g = np.concatenate([part[2] for part in parts])
        held_up = [family for family in self.families.values() if family.leak.size]
        leaky = np.concatenate([self.loose, *(family.nodes.ravel() for family in held_up)]).astype(number)
        leaks = np.concatenate([self.feed, *(family.leak.ravel() for family in held_up)])
        rows, columns = np.concatenate([a, b, a, b, leaky]), np.concatenate([a, b, b, a, leaky])
        values = np.concatenate([g, g, -g, -g, leaks])
        return coo_matrix((values, (rows, columns)), shape=(self.total, self.total)).tocsr()

    @cached_property
    def free_wires(self) -> Any:
        """Conductances between the free nodes, a sparse matrix by coordinates [S]; lines that are swept need none."""
        return self.wires[self.free][:, self.free].tocoo()

    def add_wire_currents(self, voltages: Array, into: Array) -> None:
        """Add the currents out of all nodes into wires, and to ground where that holds them [A]."""
        if not self.ladders:
            into += self.wires @ voltages
            return
        for family in self.families.values():
            wires, shape = family.wires, family.nodes.shape
            first, size = int(family.nodes.flat[0]), family.nodes.size
            at, found = (array[first : first + size].reshape(shape) for array in (voltages, into))
            add = add_row_wires if family.along_rows else add_column_wires
            far = wires.far if wires.both else np.empty(0)
            add(wires.segment, far, wires.turned, voltages[family.first], at, found)
            if family.leak.size:
                found += family.leak * at

    def _stiffest(self) -> float:
        """Return the largest conductance of all wires of one free node [S]."""
        if not self.ladders:
            return float(self.wires.diagonal()[self.free].max(initial=0.0))
        found = 0.0
        for family in self.families.values():
            between = 1.0 / family.wires.segment
            between[:, :-1] += between[:, 1:]
            if family.wires.both:
                found = max(found, float(np.max(between[:, -1] + 1.0 / family.wires.far)))
            found = max(found, float(between.max()))
        return found

    def injected(self, sources: Array) -> Array:
        """Return the currents that sources drive into terminals behind a driver resistance [A]."""
        found = np.zeros(self.total)
        found[self.loose] = self.feed * sources[self.loose]
        return found


def _numbers(family: Family) -> NDArray[np.int64]:
    """Return (lines, nodes + 1) node numbers from the driver on."""
    nodes = family.nodes if family.along_rows else family.nodes.T
    return np.column_stack([family.first, nodes[:, ::-1] if family.wires.turned else nodes])
