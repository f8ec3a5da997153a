"""Compiled kernels of the Schur complement on the bit-line nodes, and conjugate gradients on it.

The nodal equations of an array are ``(W + D) u - D v = i_u`` on the row lines and ``(B + D) v - D u = i_v`` on the
column lines. Row lines are eliminated exactly, ``S = B + D - D (W + D)^-1 D``, and S is preconditioned by the column
lines, ``(B + D)^-1``, plus what a uniform array of the mean conductance adds to it on the smoothest modes.
Arrays are (rows, columns); see `lines` for the orientation.
"""

from __future__ import annotations

from typing import TypeAlias

import numba
import numpy as np

from rramcirc.basics.arrays import FloatArray, LoopCompiler
from rramcirc.engines.array.lines import solve_columns, solve_some_rows

# share, segment, response and border of all lines of a kind
Lines: TypeAlias = tuple[FloatArray, FloatArray, FloatArray, FloatArray]
BLOCK = 32  # rows of a dense product that stay in the cache until they are added
compiled: LoopCompiler = numba.njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz"})


@compiled
def dot(a: FloatArray, b: FloatArray) -> float:
    """Sum of the products of two (rows, columns) arrays."""
    total = 0.0
    for i in range(a.shape[0]):
        part = 0.0
        for j in range(a.shape[1]):
            part += a[i, j] * b[i, j]
        total += part
    return total


@compiled
def add_scaled(factor: float, a: FloatArray, out: FloatArray) -> None:
    """Add `factor` times one (rows, columns) array to another."""
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            out[i, j] += factor * a[i, j]


@compiled
def subtract_rows(
    into: FloatArray, outof: FloatArray, share: FloatArray, segment: FloatArray, response: FloatArray,
    border: FloatArray, x: FloatArray, out: FloatArray,
) -> None:  # fmt: skip
    """Subtract ``outof (W + D)^-1 into x`` from `out`: what the row lines hand on.

    Parameters
    ----------
    into, outof : (rows, columns) arrays
        Coupling from column to row node and back [S].
    share, segment, response, border
        The row lines, as in `lines.solve_rows`.
    """
    rows, columns = x.shape
    work = np.empty((4, columns))
    for first in range(0, rows, 4):
        count = min(4, rows - first)
        for m in range(count):
            for j in range(columns):
                work[m, j] = into[first + m, j] * x[first + m, j]
        solve_some_rows(share, segment, response, border, work, first, count)
        for m in range(count):
            for j in range(columns):
                out[first + m, j] -= outof[first + m, j] * work[m, j]


@compiled
def apply_schur(
    diagonal: FloatArray, into: FloatArray, outof: FloatArray, share: FloatArray, segment: FloatArray,
    response: FloatArray, border: FloatArray, wire: FloatArray, far: FloatArray, driver: FloatArray, x: FloatArray,
    out: FloatArray,
) -> float:  # fmt: skip
    """Write S x in one pass over the array and return the sum of x times it.

    Parameters
    ----------
    diagonal : (rows, columns) array
        Conductance from every column node [S].
    into, outof : (rows, columns) arrays
        Coupling from column to row node and back [S].
    share, segment, response, border
        The row lines, as in `lines.solve_rows`.
    wire : (rows, columns or 1) array
        Conductance of every segment of the column lines [S].
    far : (columns,) array
        Conductance from their last node to the terminal [S]; 0 with a driver at one end.
    driver : (columns or 0,) array
        Conductance from their terminal to its source [S]; empty if the terminals are at their sources.
    """
    rows, columns = x.shape
    uniform = wire.shape[1] == 1
    work, total = np.empty((4, columns)), 0.0
    terminal = np.zeros(columns)
    if driver.shape[0]:
        for j in range(columns):
            first = wire[0, 0 if uniform else j]
            terminal[j] = (first * x[0, j] + far[j] * x[rows - 1, j]) / (first + far[j] + driver[j])
    for start in range(0, rows, 4):
        count = min(4, rows - start)
        for m in range(count):
            for j in range(columns):
                work[m, j] = into[start + m, j] * x[start + m, j]
        solve_some_rows(share, segment, response, border, work, start, count)
        for m in range(count):
            i = start + m
            above, below = (x[i - 1] if i else terminal), (x[i + 1] if i + 1 < rows else terminal)
            here, to, u, d, back = x[i], out[i], work[m], diagonal[i], outof[i]
            part = 0.0
            if uniform and i + 1 < rows:
                up, down = wire[i, 0], wire[i + 1, 0]
                for j in range(columns):
                    to[j] = d[j] * here[j] - back[j] * u[j] + up * (here[j] - above[j]) + down * (here[j] - below[j])
                    part += here[j] * to[j]
            else:
                for j in range(columns):
                    up = wire[i, 0] if uniform else wire[i, j]
                    down = far[j] if i + 1 == rows else wire[i + 1, 0 if uniform else j]
                    to[j] = d[j] * here[j] - back[j] * u[j] + up * (here[j] - above[j]) + down * (here[j] - below[j])
                    part += here[j] * to[j]
            total += part
    return total


@compiled
def precondition(
    share: FloatArray, segment: FloatArray, response: FloatArray, border: FloatArray, along: FloatArray,
    across: FloatArray, gain: FloatArray, x: FloatArray, out: FloatArray,
) -> float:  # fmt: skip
    """Write ``(B + D)^-1 x`` plus the correction on smooth modes, and return the sum of x times it.

    Parameters
    ----------
    share, segment, response, border
        The column lines, as in `lines.solve_columns`.
    along : (modes, rows) array
        Smooth modes along the column lines; none switches the correction off.
    across : (columns, modes) array
        Smooth modes along the row lines.
    gain : (modes, modes) array
        What the correction adds on every pair of modes [ohm].
    """
    solve_columns(share, segment, response, border, x, out)
    if not along.shape[0]:
        return dot(x, out)
    rows, columns = x.shape
    middle = np.dot(gain * np.dot(along, np.dot(x, across)), across.T)
    turned, smooth = np.ascontiguousarray(along.T), np.empty((BLOCK, columns))
    total = 0.0
    for start in range(0, rows, BLOCK):
        count = min(BLOCK, rows - start)
        np.dot(turned[start : start + count], middle, smooth[:count])
        for m in range(count):
            to, add, other, part = out[start + m], smooth[m], x[start + m], 0.0
            for j in range(columns):
                to[j] += add[j]
                part += to[j] * other[j]
            total += part
    return total


@compiled
def conjugate_gradients(
    g: FloatArray, row: Lines, column: Lines, wires: tuple[FloatArray, FloatArray, FloatArray],
    modes: tuple[FloatArray, FloatArray, FloatArray], v: FloatArray, r: FloatArray, tolerance: float, most: int,
    stencil: bool,
) -> tuple[int, float]:  # fmt: skip
    """Solve ``S v = b`` in place; `r` is the residual at the start.

    Parameters
    ----------
    g : (rows, columns) array
        Conductances [S].
    row, column
        (share, segment, response, border) of row and column lines.
    wires
        (wire, far, driver) of the column lines, as in `apply_schur`.
    modes
        (along, across, gain) as in `precondition`.
    tolerance
        The energy of the error relative to that of the first correction, a square root.
    most
        Largest number of iterations.
    stencil
        Whether B may be applied; else, with merged nodes, B + D is known only where it undoes its inverse, which holds
        without modes.

    Returns
    -------
    (int, float)
        Number of iterations, relative error that was reached.
    """
    p, q, h = np.zeros_like(v), np.empty_like(v), np.zeros_like(v if not stencil else v[:1])
    z = q  # never needed at once
    old, start = 1.0, 0.0
    rows, columns = v.shape
    for iteration in range(most + 1):
        new = precondition(column[0], column[1], column[2], column[3], modes[0], modes[1], modes[2], r, z)
        if iteration == 0:
            start = new
        if not new > tolerance * tolerance * start:
            return iteration, np.sqrt(max(new, 0.0) / start) if start > 0.0 else 0.0
        if iteration == most:
            break
        beta = 0.0 if iteration == 0 else new / old
        old = new
        for i in range(rows):
            for j in range(columns):
                p[i, j] = z[i, j] + beta * p[i, j]
        if stencil:
            curvature = apply_schur(g, g, g, row[0], row[1], row[2], row[3], wires[0], wires[1], wires[2], p, q)
        else:
            for i in range(rows):
                for j in range(columns):
                    h[i, j] = r[i, j] + beta * h[i, j]
                    q[i, j] = h[i, j]
            subtract_rows(g, g, row[0], row[1], row[2], row[3], p, q)
            curvature = dot(p, q)
        if not curvature > 0.0:
            return iteration, np.sqrt(new / start)
        alpha = old / curvature
        for i in range(rows):
            for j in range(columns):
                v[i, j] += alpha * p[i, j]
                r[i, j] -= alpha * q[i, j]
    return most, np.sqrt(new / start)
