"""The Newton step of an array whose row and column lines are coupled by its cells, without a factorisation.

Row lines are eliminated exactly and GMRES runs on the column lines, with the preconditioner of the passive array. The
Jacobian of a cell with a transistor is not symmetric, so conjugate gradients do not apply.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rramcirc.engines.array import schur
from rramcirc.engines.array.cells import Cells
from rramcirc.engines.array.iterative import column_stencil
from rramcirc.engines.array.ladders import factor, smooth_lines
from rramcirc.engines.array.line_network import Family, Network
from rramcirc.engines.array.lines import solve_rows
from rramcirc.engines.array.moving_cells import MovingCells

Array = NDArray[np.float64]
FEWEST_CELLS = 400  # below, a sparse factorisation is as fast
TOLERANCE = 1e-5  # of one linear solution; Newton's method corrects the rest
BREAKDOWN = 1e-14  # of a column that adds nothing new: the lines have no unique solution
MOST_ITERATIONS = 60  # in a cycle
NEXT_CYCLE = 0.1  # of what was missing before a cycle: where more is left, another one would not end either


class CoupledLines:
    """Solver of Newton steps for one family of row lines and one of column lines, all of them distributed."""

    exact = False

    def __init__(self, network: Network, cells: Cells | MovingCells, row: Family, column: Family) -> None:
        self._network, self._cells, self._families = network, cells, (row, column)
        self._ports = [cells.ports.index(family.kind) for family in (row, column)]
        self._turn = row.turned(column)
        self._row = row.wires.with_lines_turned() if column.wires.turned else row.wires
        self._column = column.wires.with_lines_turned() if row.wires.turned else column.wires
        self._modes = smooth_lines(self._row, self._column, row.nodes.shape)
        self._stencil = column_stencil(self._column, row.nodes.shape[0])
        self._slopes: list[list[Array]] = []
        self.iterations = 0

    def factor(self) -> None:
        """Eliminate the lines at the present conductances of the cells."""
        slopes = self._slopes = [[self._slope(p, q) for q in self._ports] for p in self._ports]
        for k, family in enumerate(self._families):
            if family.leak.size:
                slopes[k][k] += family.leak[self._turn]
        self._row_ladders = factor(self._row, slopes[0][0], rows=True, driven=False)
        self._column_ladders = factor(self._column, slopes[1][1], rows=False, driven=False)
        self._correction = self._modes.correction(float(np.mean(np.abs(slopes[0][1]))))

    def solve(self, residual: Array, tolerance: float = TOLERANCE) -> Array | None:
        """Return the Newton step of all free nodes for a residual, or None without convergence."""
        slopes, row = self._slopes, self._row_ladders
        missing_rows, missing_columns = (
            self._network.among_free(family, residual)[self._turn] for family in self._families
        )
        u = np.empty_like(missing_rows)
        solve_rows(*row.factors, np.ascontiguousarray(missing_rows), u)
        u *= slopes[1][0]
        u -= missing_columns
        v = self._gmres(u, tolerance)
        if v is None:
            return None
        np.multiply(slopes[0][1], v, out=u)
        u += missing_rows
        np.negative(u, out=u)
        solve_rows(*row.factors, u, u)
        step = np.zeros(len(self._network.free))
        for family, found in zip(self._families, (u, v), strict=True):
            self._network.among_free(family, step)[self._turn] = found
        return step

    def _slope(self, p: int, q: int) -> Array:
        shape = self._families[0].nodes.shape
        return np.array(self._cells.conductances[:, p, q].reshape(shape)[self._turn], order="C")

    def _gmres(self, right: Array, tolerance: float) -> Array | None:
        """Solve the Schur complement for `right`; begins anew as long as that leaves a tenth of what there was."""
        norm = float(np.linalg.norm(right))
        if norm == 0.0:
            return np.zeros_like(right)
        allowed, left, rest = tolerance * norm, np.inf, right
        solved: Array | None = None
        while True:
            before, norm = left, float(np.linalg.norm(rest))
            found = self._cycle(rest, norm, allowed)
            if found is None:
                return None
            moved, left = found
            solved = moved if solved is None else solved + moved
            if left <= allowed:
                return solved
            if left > NEXT_CYCLE * min(norm, before):
                return None
            drawn = np.empty_like(right)
            schur.apply_schur(
                self._slopes[1][1], self._slopes[0][1], self._slopes[1][0], *self._row_ladders.factors, *self._stencil,
                moved, drawn,
            )  # fmt: skip
            rest = rest - drawn

    def _cycle(self, right: Array, norm: float, allowed: float) -> tuple[Array, float] | None:
        """Solve for `right`, of this norm, by GMRES with the preconditioner on the right; return also what is left.

        The preconditioner is linear: applied once more to the sum, nothing of what it gave has to be kept.
        """
        slopes, row, column, modes = self._slopes, self._row_ladders, self._column_ladders, self._correction
        basis, rotated, z = [right / norm], Rotations(norm), np.empty_like(right)
        for _ in range(MOST_ITERATIONS):
            w = np.empty_like(right)
            schur.precondition(*column.factors, *modes, basis[-1], z)
            schur.apply_schur(slopes[1][1], slopes[0][1], slopes[1][0], *row.factors, *self._stencil, z, w)
            entries = []
            for vector in basis:
                entries.append(schur.dot(vector, w))
                schur.add_scaled(-entries[-1], vector, w)
            length = float(np.sqrt(schur.dot(w, w)))
            left = rotated.add(entries, length)
            self.iterations += 1
            if rotated.smallest <= BREAKDOWN * rotated.largest:
                return None
            if left <= allowed or length == 0.0:
                break
            w /= length
            basis.append(w)
        weights = rotated.weights()
        total = basis[0]
        total *= weights[0]
        for weight, vector in zip(weights[1:], basis[1:], strict=False):
            schur.add_scaled(weight, vector, total)
        schur.precondition(*column.factors, *modes, total, z)
        return z, 0.0 if length == 0.0 else left


class Rotations:
    """The least-squares problem of GMRES, kept triangular by Givens rotations as columns come in."""

    def __init__(self, norm: float) -> None:
        self._columns: list[list[float]] = []
        self._turns: list[tuple[float, float]] = []
        self._target = [norm]

    def add(self, entries: list[float], below: float) -> float:
        """Add a column with `below` under its diagonal; return the norm of what is left."""
        column = [*entries]
        for k, (c, s) in enumerate(self._turns):
            column[k], column[k + 1] = c * column[k] + s * column[k + 1], c * column[k + 1] - s * column[k]
        length = float(np.hypot(column[-1], below))
        c, s = (column[-1] / length, below / length) if length else (1.0, 0.0)
        column[-1] = length
        self._turns.append((c, s))
        self._columns.append(column)
        last = self._target.pop()
        self._target += [c * last, -s * last]
        return abs(self._target[-1])

    @property
    def smallest(self) -> float:
        """The last diagonal entry."""
        return self._columns[-1][-1]

    @property
    def largest(self) -> float:
        """The largest diagonal entry."""
        return max(column[-1] for column in self._columns)

    def weights(self) -> Array:
        """Return the weights of the columns that leave least."""
        count = len(self._columns)
        upper = np.zeros((count, count))
        for k, column in enumerate(self._columns):
            upper[: k + 1, k] = column
        return np.linalg.solve(upper, self._target[:count]).astype(np.float64, copy=False)
