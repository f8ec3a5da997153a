"""The sparse direct solver of a passive crossbar: slow, exact, the referee of the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rramcirc.engines.array.wires import Wires

Array = NDArray[np.float64]
_LEAST = 1e-25  # [ohm]; smallest driver resistance of a ring


def merged_nodes(wires: Wires, nodes: int) -> tuple[NDArray[np.int64], int]:
    """Return (lines, nodes + 1) numbers of the nodes, terminal first, one number for merged ones, and how many."""
    segment = np.broadcast_to(wires.segment, (wires.lines, nodes))
    apart = np.hstack([np.ones((wires.lines, 1), bool), segment > 0])
    numbers = np.cumsum(apart.ravel()).reshape(apart.shape) - 1
    return numbers, int(numbers[-1, -1]) + 1


class DirectSolver:
    """Factorises the nodal equations once; nodes that a segment of 0 ohm joins are one.

    Parameters
    ----------
    conductance : (rows, columns) array
        Devices [S], turned as the wires are.
    row, column
        Wires of the lines.
    """

    def __init__(self, conductance: Array, row: Wires, column: Wires) -> None:
        from scipy.sparse import coo_matrix
        from scipy.sparse.linalg import splu

        rows, columns = conductance.shape
        self._row, row_count = merged_nodes(row, columns)
        column_nodes, column_count = merged_nodes(column, rows)
        self._column = column_nodes + row_count
        self._total = row_count + column_count
        parts = [branches(self._row, row), branches(self._column, column)]
        parts.append((self._row[:, 1:].ravel(), self._column[:, 1:].T.ravel(), conductance.ravel()))
        a, b, g = (np.concatenate([part[k] for part in parts]) for k in range(3))
        matrix = coo_matrix(
            (np.concatenate([g, g, -g, -g]), (np.concatenate([a, b, a, b]), np.concatenate([a, b, b, a]))),
            shape=(self._total, self._total),
        )  # fmt: skip
        self._driver = [np.broadcast_to(w.driver, (w.lines,)) if w.ring else np.zeros(w.lines) for w in (row, column)]
        self._terminals = np.concatenate([self._row[:, 0], self._column[:, 0]])
        driver = np.concatenate(self._driver)
        self._held = self._terminals[driver == 0]
        self._loose, self._feed = self._terminals[driver > 0], 1.0 / np.maximum(driver[driver > 0], _LEAST)
        free = np.ones(self._total, bool)
        free[self._held] = False
        self._free = np.flatnonzero(free)
        matrix = matrix + coo_matrix((self._feed, (self._loose, self._loose)), shape=matrix.shape)
        matrix = matrix.tocsr()[self._free]
        self._coupling = matrix[:, self._held]
        self._factor = splu(matrix[:, self._free].tocsc()) if len(self._free) else None
        self._fed = driver > 0

    def solve(self, at_rows: Array, at_columns: Array) -> tuple[Array, Array, int]:
        """Return the voltages (u, v) of row and column nodes (rows, columns), and 0 iterations."""
        sources = np.concatenate([at_rows, at_columns])
        voltages, inflow = np.zeros(self._total), np.zeros(self._total)
        voltages[self._held] = sources[~self._fed]
        inflow[self._loose] = self._feed * sources[self._fed]
        if self._factor is not None:
            right = inflow[self._free] - self._coupling @ voltages[self._held]
            voltages[self._free] = self._factor.solve(right)
        return voltages[self._row[:, 1:]], voltages[self._column[:, 1:]].T, 0


def branches(numbers: NDArray[np.int64], wires: Wires) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
    """Return (node, node, conductance) of all segments that join two nodes."""
    segment = np.broadcast_to(wires.segment, (wires.lines, numbers.shape[1] - 1))
    a, b, ohm = numbers[:, 1:].ravel(), numbers[:, :-1].ravel(), segment.ravel()
    if wires.both:
        a, b = np.concatenate([a, numbers[:, -1]]), np.concatenate([b, numbers[:, 0]])
        ohm = np.concatenate([ohm, wires.far])
    apart = a != b
    return a[apart], b[apart], 1.0 / ohm[apart]
