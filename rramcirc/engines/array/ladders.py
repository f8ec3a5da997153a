"""Factored row and column lines, and the preconditioner of their Schur complement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rramcirc.engines.array import lines as kernels
from rramcirc.engines.array.wires import OPEN, Wires

BROKEN_ABOVE = 1e9  # [ohm]; segments that are no part of the mean line
MOST_KEPT = 1 << 22  # nodes; beyond, memory counts more than making an array anew
MODES = 16  # smooth modes in each direction; more give no fewer iterations
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Ladders:
    """The lines of one kind with a conductance at every node, eliminated.

    Attributes
    ----------
    share, segment, response, border
        What the kernels of `lines` take; `response` is empty unless rings have to be closed.
    kept : (rows, columns) array
        `unit`, or empty where it is made anew from `share` for each use.
    axis
        Along which the lines run.
    """

    share: Array
    segment: Array
    response: Array
    border: Array
    kept: Array
    axis: int

    @property
    def unit(self) -> Array:
        """Voltage of every node for 1 V at the source of its line, the other ends of all conductances at 0 V."""
        return self.kept if self.kept.size else np.cumprod(self.share, axis=self.axis, dtype=np.float64)

    @property
    def factors(self) -> tuple[Array, Array, Array, Array]:
        """Arguments of the kernels."""
        return self.share, self.segment, self.response, self.border


def factor(wires: Wires, shunt: Array, rows: bool, driven: bool = True) -> Ladders:
    """Eliminate row lines or column lines with the conductances `shunt` (rows, columns) [S] at their nodes.

    `unit` is not kept if no source is `driven`, or beyond `MOST_KEPT` nodes, unless lines driven at both ends need it.
    """
    axis = 1 if rows else 0
    segment = wires.segment if rows else np.ascontiguousarray(wires.segment.T)
    far = 1.0 / wires.far if wires.both else np.zeros(wires.lines)
    share = np.empty(shunt.shape)
    (kernels.factor_rows if rows else kernels.factor_columns)(shunt, segment, far, share)
    nothing, border = np.empty((0, 0)), np.zeros(wires.lines)
    if not driven and not wires.ring:
        return Ladders(share, segment, nothing, border, nothing, axis)
    if not wires.both and share.size > MOST_KEPT:
        return Ladders(share, segment, nothing, border, nothing, axis)
    unit = np.cumprod(share, axis=axis, dtype=np.float64)
    if not wires.both:
        return Ladders(share, segment, nothing, border, unit, axis)
    inflow = np.zeros(shunt.shape)
    inflow.swapaxes(0, axis)[-1] = far  # last node of every line
    solve = kernels.solve_rows if rows else kernels.solve_columns
    solve(share, segment, nothing, border, inflow, inflow)
    unit += inflow
    if not wires.ring:
        return Ladders(share, segment, nothing, border, unit, axis)
    load = 1.0 + wires.driver * np.sum(unit * shunt, axis=axis)
    return Ladders(share, segment, unit, wires.driver / load, unit / np.expand_dims(load, axis), axis)


def smooth_modes(wires: Wires, nodes: int, count: int) -> tuple[Array, Array]:
    """Return the smoothest modes (nodes, count) of the mean line of `wires` and their eigenvalues [S]."""
    from scipy.linalg import eigh_tridiagonal

    if np.all(wires.segment == wires.segment[0, 0]) and not wires.both:  # sines, zero at the driver, flat at the end
        angles = (2.0 * np.arange(count) + 1.0) * (np.pi / (2 * nodes + 1))
        vectors = np.sin(np.outer(np.arange(1, nodes + 1), angles)) * np.sqrt(4.0 / (2 * nodes + 1))
        return vectors, (2.0 - 2.0 * np.cos(angles)) / wires.segment[0, 0]
    conductance = 1.0 / _usual(wires.segment)
    diagonal = conductance + np.append(conductance[1:], 0.0)
    if wires.both:
        diagonal[-1] += 1.0 / _usual(wires.far[:, None])[0]
    if nodes == 1:
        return np.ones((1, 1)), diagonal
    values, vectors = eigh_tridiagonal(diagonal, -conductance[1:], select="i", select_range=(0, count - 1))
    return vectors, np.maximum(values, 0.0)


def _usual(segment: Array) -> Array:
    """Return the logarithmic mean over the lines (axis 0) of what is not broken [ohm]."""
    whole = segment < BROKEN_ABOVE
    count = np.maximum(whole.sum(axis=0), 1)
    mean = np.exp(np.where(whole, np.log(segment), 0.0).sum(axis=0) / count)
    return np.where(whole.any(axis=0), mean, OPEN)


@dataclass(frozen=True)
class SmoothModes:
    """The smoothest modes of row and column lines: across (columns, n), along (n, rows), and their eigenvalues [S]."""

    across: Array
    along: Array
    of_rows: Array
    of_columns: Array

    def correction(self, mean: float) -> tuple[Array, Array, Array]:
        """Return (along, across, gain) for `schur.precondition`: a uniform array of `mean` [S] instead of the lines.

        In a uniform array the smooth modes of row lines (eigenvalue w) and column lines (eigenvalue b) are independent,
        and S is ``b + g w / (w + g)`` where the line preconditioner has ``b + g``.
        """
        if not (self.along.size and mean > 0):
            return self.along[:0], self.across[:, :0], np.empty((0, 0))
        whole = self.of_columns[:, None] + mean * self.of_rows / (self.of_rows + mean)
        line = self.of_columns[:, None] + mean
        return self.along, self.across, 1.0 / np.maximum(whole, 1e-8 * line) - 1.0 / line


def smooth_lines(row: Wires, column: Wires, shape: tuple[int, int], wanted: bool = True) -> SmoothModes:
    """Return the smooth modes of an array of `shape` (rows, columns); none if they are not wanted or nodes merge."""
    rows, columns = shape
    if not (wanted and row.distributed and column.distributed):
        return SmoothModes(np.empty((columns, 0)), np.empty((0, rows)), np.empty(0), np.empty(0))
    along, b = smooth_modes(column, rows, min(MODES, rows))
    across, w = smooth_modes(row, columns, min(MODES, columns))
    return SmoothModes(np.ascontiguousarray(across), np.ascontiguousarray(along.T), w, b)
