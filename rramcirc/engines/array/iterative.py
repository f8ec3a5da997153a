"""The iterative solver of a passive crossbar: rows eliminated, conjugate gradients on the columns."""

from __future__ import annotations

import numpy as np

from rramcirc.engines.array import schur
from rramcirc.engines.array.ladders import Array, Ladders, factor, smooth_lines
from rramcirc.engines.array.lines import solve_rows
from rramcirc.engines.array.wires import Wires

MOST_ITERATIONS = 500
STIFFEST = 1e5  # conductance of a segment to that of all devices of a line, up to which voltages across it are exact


class IterativeSolver:
    """Rows eliminated, conjugate gradients on the columns; works in turned arrays."""

    def __init__(
        self, conductance: Array, row: Wires, column: Wires, tolerance: float, driven_columns: bool = True
    ) -> None:
        self.g, self.tolerance = conductance, tolerance
        self.row: Ladders = factor(row, self.g, rows=True)
        self.column: Ladders = factor(column, self.g, rows=False, driven=driven_columns)
        self.stencil = wires_matter(column, self.g)
        self.modes = smooth_lines(row, column, self.g.shape, self.stencil).correction(float(np.mean(self.g)))
        self.wires = column_stencil(column, len(self.g)) if self.stencil else NO_STENCIL

    def solve(self, at_rows: Array, at_columns: Array) -> tuple[Array, Array, int]:
        """Return the voltages (u, v) of row and column nodes and the number of iterations."""
        g, row = self.g, self.row
        residual = row.unit * at_rows[:, None]
        residual *= g
        if not at_columns.any():
            v = np.zeros_like(g)
        else:
            v = self.column.unit * at_columns
            schur.subtract_rows(g, -g, *row.factors, v, residual)
        steps, reached = schur.conjugate_gradients(
            g, row.factors, self.column.factors, self.wires, self.modes, v, residual, self.tolerance, MOST_ITERATIONS,
            self.stencil,
        )  # fmt: skip
        if not reached <= max(self.tolerance, 1e-9):
            steps = -1
        u = np.multiply(g, v, out=residual)
        solve_rows(*row.factors, u, u)
        u += row.unit * at_rows[:, None]
        return u, v, steps


def wires_matter(wires: Wires, g: Array) -> bool:
    """Whether segments are so large that currents may be taken from the voltages across them without cancellation."""
    load = float(g.sum(axis=0).max())
    return wires.distributed and float(wires.segment.min()) * STIFFEST * load >= 1.0


NO_STENCIL = np.empty((0, 0)), np.empty(0), np.empty(0)


def column_stencil(wires: Wires, rows: int) -> tuple[Array, Array, Array]:
    """Return (wire, far, driver) of column lines for `schur.apply_schur` [S]."""
    wire = np.ascontiguousarray(1.0 / wires.segment.T)
    far = 1.0 / wires.far if wires.both else np.zeros(wires.lines)
    driver = np.empty(0)
    if wires.ring:
        driver = 1.0 / np.maximum(wires.driver, 1e-25)
    return wire, far, driver
