"""The Newton step of an array whose row and column lines are coupled by its cells, without a factorisation.

Row lines are eliminated exactly and GMRES runs on the column lines, with the preconditioner of the passive array. The
Jacobian of a cell with a transistor is not symmetric, so conjugate gradients do not apply.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rramcirc.behavioural import schur
from rramcirc.behavioural.cells import Cells
from rramcirc.behavioural.iterative import column_stencil
from rramcirc.behavioural.ladders import Ladders, factor, smooth_correction
from rramcirc.behavioural.line_network import Family, Network
from rramcirc.behavioural.lines import solve_rows

Array = NDArray[np.float64]
FEWEST_CELLS = 400  # below, a sparse factorisation is as fast
TOLERANCE = 1e-5  # of one linear solution; Newton's method corrects the rest
MOST_ITERATIONS = 60


class CoupledLines:
    """Solver of Newton steps for one family of row lines and one of column lines, all of them distributed."""

    def __init__(self, network: Network, cells: Cells, row: Family, column: Family) -> None:
        self._network, self._cells, self._families = network, cells, (row, column)
        self._ports = [cells.ports.index(family.kind) for family in (row, column)]
        self._turn = row.turned(column)
        self._places = [network.position[family.nodes[self._turn]] for family in (row, column)]
        self._row = row.wires.with_lines_turned() if column.wires.turned else row.wires
        self._column = column.wires.with_lines_turned() if row.wires.turned else column.wires
        self._stencil = column_stencil(self._column, row.nodes.shape[0])
        self.iterations = 0

    @classmethod
    def of(cls, network: Network, cells: Cells) -> CoupledLines | None:
        """Return the solver if it fits: row and column lines with resistances everywhere, of an array of some size."""
        families = list(network.families.values())
        rows = [f for f in families if f.along_rows]
        columns = [f for f in families if not f.along_rows]
        fits = len(rows) == len(columns) == 1 and cells.count >= FEWEST_CELLS
        if not fits or not all(f.wires.distributed and not f.wires.ring for f in families):
            return None
        return cls(network, cells, rows[0], columns[0])

    def solve(self, residual: Array) -> Array | None:
        """Return the Newton step of all free nodes for a residual, or None without convergence."""
        slopes = [[self._slope(p, q) for q in self._ports] for p in self._ports]
        missing_rows, missing_columns = (residual[place] for place in self._places)
        row = factor(self._row, slopes[0][0], rows=True, driven=False)
        column = factor(self._column, slopes[1][1], rows=False, driven=False)
        modes = smooth_correction(self._row, self._column, np.abs(slopes[0][1]), True)
        u = np.empty_like(missing_rows)
        solve_rows(*row.factors, np.ascontiguousarray(missing_rows), u)
        right = slopes[1][0] * u - missing_columns
        v = self._gmres(slopes, row, column, modes, right)
        if v is None:
            return None
        u = -missing_rows - slopes[0][1] * v
        solve_rows(*row.factors, u, u)
        step = np.empty(len(self._network.free))
        step[self._places[0]], step[self._places[1]] = u, v
        return step

    def _slope(self, p: int, q: int) -> Array:
        shape = self._families[0].nodes.shape
        return np.ascontiguousarray(self._cells.conductances[:, p, q].reshape(shape)[self._turn])

    def _gmres(
        self, slopes: list[list[Array]], row: Ladders, column: Ladders, modes: tuple[Array, Array, Array], right: Array
    ) -> Array | None:
        """Solve the Schur complement for `right` by flexible GMRES with the preconditioner on the right."""
        norm = float(np.linalg.norm(right))
        if norm == 0.0:
            return np.zeros_like(right)
        basis, solved = [right / norm], []
        upper = np.zeros((MOST_ITERATIONS + 1, MOST_ITERATIONS))
        target = np.zeros(MOST_ITERATIONS + 1)
        target[0] = norm
        for k in range(MOST_ITERATIONS):
            z, w = np.empty_like(right), np.empty_like(right)
            schur.precondition(*column.factors, *modes, basis[k], z)
            schur.apply_schur(slopes[1][1], slopes[0][1], slopes[1][0], *row.factors, *self._stencil, z, w)
            solved.append(z)
            for m, vector in enumerate(basis):
                upper[m, k] = schur.dot(vector, w)
                w -= upper[m, k] * vector
            upper[k + 1, k] = np.linalg.norm(w)
            weights, *_ = np.linalg.lstsq(upper[: k + 2, : k + 1], target[: k + 2], rcond=None)
            left = np.linalg.norm(upper[: k + 2, : k + 1] @ weights - target[: k + 2])
            self.iterations += 1
            if left <= TOLERANCE * norm or upper[k + 1, k] == 0.0:
                found = np.zeros_like(right)
                for weight, z in zip(weights, solved, strict=True):
                    found += weight * z
                return found
            basis.append(w / upper[k + 1, k])
        return None
