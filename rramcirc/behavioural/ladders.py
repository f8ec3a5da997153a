"""Factored row and column lines, and the preconditioner of their Schur complement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rramcirc.behavioural import lines as kernels
from rramcirc.behavioural.wires import OPEN, Wires

MODES = 16  # smooth modes in each direction; more give no fewer iterations
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Ladders:
    """The lines of one kind with a conductance at every node, eliminated.

    Attributes
    ----------
    share, segment, response, border
        What the kernels of `lines` take; `response` is empty unless rings have to be closed.
    unit : (rows, columns) array
        Voltage of every node for 1 V at the source of its line, the other ends of all conductances at 0 V.
    """

    share: Array
    segment: Array
    response: Array
    border: Array
    unit: Array

    @property
    def factors(self) -> tuple[Array, Array, Array, Array]:
        """Arguments of the kernels."""
        return self.share, self.segment, self.response, self.border


def factor(wires: Wires, shunt: Array, rows: bool, driven: bool = True) -> Ladders:
    """Eliminate row lines or column lines with the conductances `shunt` (rows, columns) [S] at their nodes.

    `unit` is left out if no source is `driven` and no ring needs it.
    """
    axis = 1 if rows else 0
    segment = wires.segment if rows else np.ascontiguousarray(wires.segment.T)
    far = 1.0 / wires.far if wires.both else np.zeros(wires.lines)
    share = np.empty(shunt.shape)
    (kernels.factor_rows if rows else kernels.factor_columns)(shunt, segment, far, share)
    nothing, border = np.empty((0, 0)), np.zeros(wires.lines)
    if not driven and not wires.ring:
        return Ladders(share, segment, nothing, border, nothing)
    unit = np.cumprod(share, axis=axis)
    if not wires.both:
        return Ladders(share, segment, nothing, border, unit)
    inflow = np.zeros(shunt.shape)
    inflow.swapaxes(0, axis)[-1] = far  # last node of every line
    solve = kernels.solve_rows if rows else kernels.solve_columns
    solve(share, segment, nothing, border, inflow, inflow)
    unit += inflow
    if not wires.ring:
        return Ladders(share, segment, nothing, border, unit)
    load = 1.0 + wires.driver * np.sum(unit * shunt, axis=axis)
    return Ladders(share, segment, unit, wires.driver / load, unit / np.expand_dims(load, axis))


def smooth_modes(wires: Wires, nodes: int, count: int) -> tuple[Array, Array]:
    """Return the smoothest modes (nodes, count) of the mean line of `wires` and their eigenvalues [S]."""
    from scipy.linalg import eigh_tridiagonal

    if np.all(wires.segment == wires.segment[0, 0]) and not wires.both:  # sines, zero at the driver, flat at the end
        angles = (2.0 * np.arange(count) + 1.0) * (np.pi / (2 * nodes + 1))
        vectors = np.sin(np.outer(np.arange(1, nodes + 1), angles)) * np.sqrt(4.0 / (2 * nodes + 1))
        return vectors, (2.0 - 2.0 * np.cos(angles)) / wires.segment[0, 0]
    segment = np.exp(np.mean(np.log(np.minimum(wires.segment, OPEN)), axis=0))
    conductance = 1.0 / segment
    diagonal = conductance + np.append(conductance[1:], 0.0)
    if wires.both:
        diagonal[-1] += 1.0 / np.exp(np.mean(np.log(wires.far)))
    if nodes == 1:
        return np.ones((1, 1)), diagonal
    values, vectors = eigh_tridiagonal(diagonal, -conductance[1:], select="i", select_range=(0, count - 1))
    return vectors, np.maximum(values, 0.0)


def smooth_correction(row: Wires, column: Wires, conductance: Array, wanted: bool) -> tuple[Array, Array, Array]:
    """Return (along, across, gain) for `schur.precondition`: a uniform array instead of the line preconditioner.

    In a uniform array the smooth modes of row lines (eigenvalue w) and column lines (eigenvalue b) are independent,
    and S is ``b + g w / (w + g)`` where the line preconditioner has ``b + g``.
    """
    rows, columns = conductance.shape
    mean = float(np.mean(conductance))
    nothing = np.empty((0, rows)), np.empty((columns, 0)), np.empty((0, 0))
    if not (wanted and row.distributed and column.distributed and mean > 0):
        return nothing
    along, b = smooth_modes(column, rows, min(MODES, rows))
    across, w = smooth_modes(row, columns, min(MODES, columns))
    whole = b[:, None] + mean * w / (w + mean)
    line = b[:, None] + mean
    gain = 1.0 / np.maximum(whole, 1e-8 * line) - 1.0 / line
    return np.ascontiguousarray(along.T), np.ascontiguousarray(across), np.ascontiguousarray(gain)
