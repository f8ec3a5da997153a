"""Compiled sweeps over the lines of an array: every line a ladder of wire segments with conductances to elsewhere.

A ladder is eliminated from its far end towards its driver, in terms of series resistances and shunt conductances, so
nothing is ever subtracted: results are accurate to rounding however small or large the segments are, and a segment of
zero resistance merges its two nodes without a special case.

Orientation: node 0 is the one next to the driver; segment k joins node k to node k - 1, segment 0 joins node 0 to the
terminal of the line. Arrays of row lines are (lines, nodes), arrays of column lines (nodes, lines).
"""

from __future__ import annotations

import numba
import numpy as np

from rramcirc.basics.arrays import FloatArray, LoopCompiler

PANEL = 64  # column lines swept together: a panel of 1024 nodes fits into the second-level cache
compiled: LoopCompiler = numba.njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz"})


@compiled
def factor_rows(shunt: FloatArray, segment: FloatArray, far: FloatArray, share: FloatArray) -> None:
    """Eliminate row lines.

    Parameters
    ----------
    shunt : (lines, nodes) array
        Conductance from every node to elsewhere [S].
    segment : (lines or 1, nodes) array
        Resistance of every segment [ohm].
    far : (lines,) array
        Conductance from the last node to the terminal, for lines driven at both ends [S].
    share : (lines, nodes) array
        Result: part of the current at a node that goes on through its segment to a grounded terminal.
    """
    lines, nodes = shunt.shape
    for i in range(lines):
        q = i if segment.shape[0] > 1 else 0
        total = far[i]
        for k in range(nodes - 1, -1, -1):
            total += shunt[i, k]
            share[i, k] = 1.0 / (1.0 + total * segment[q, k])
            total *= share[i, k]


@compiled
def factor_columns(shunt: FloatArray, segment: FloatArray, far: FloatArray, share: FloatArray) -> None:
    """Eliminate column lines; as `factor_rows`, arrays are (nodes, lines), `segment` (nodes, lines or 1)."""
    nodes, lines = shunt.shape
    uniform = segment.shape[1] == 1
    total = far.copy()
    for k in range(nodes - 1, -1, -1):
        for j in range(lines):
            resistance = segment[k, 0] if uniform else segment[k, j]
            total[j] += shunt[k, j]
            share[k, j] = 1.0 / (1.0 + total[j] * resistance)
            total[j] *= share[k, j]


@compiled
def sweep_row(share: FloatArray, segment: FloatArray, inflow: FloatArray, out: FloatArray) -> None:
    """Solve one ladder with its terminal at 0 V: `out` [V] for the currents `inflow` [A] into its nodes.

    `inflow` is destroyed and may be the same array as `out`.
    """
    nodes = share.shape[0]
    for k in range(nodes - 2, -1, -1):
        inflow[k] += share[k + 1] * inflow[k + 1]
    before = 0.0
    for k in range(nodes):
        before = share[k] * (before + segment[k] * inflow[k])
        out[k] = before


@compiled
def sweep_rows_four(share: FloatArray, segment: FloatArray, work: FloatArray, i: int) -> None:
    """Solve rows i ... i + 3 in place, interleaved, as one sweep alone waits for its own last result."""
    nodes = share.shape[1]
    q0, q1, q2, q3 = (i, i + 1, i + 2, i + 3) if segment.shape[0] > 1 else (0, 0, 0, 0)
    a0, a1, a2, a3 = share[i], share[i + 1], share[i + 2], share[i + 3]
    w0, w1, w2, w3 = work[0], work[1], work[2], work[3]
    r0, r1, r2, r3 = segment[q0], segment[q1], segment[q2], segment[q3]
    x0, x1, x2, x3 = 0.0, 0.0, 0.0, 0.0
    for k in range(nodes - 1, -1, -1):
        x0 = w0[k] + x0
        w0[k] = x0
        x0 *= a0[k]
        x1 = w1[k] + x1
        w1[k] = x1
        x1 *= a1[k]
        x2 = w2[k] + x2
        w2[k] = x2
        x2 *= a2[k]
        x3 = w3[k] + x3
        w3[k] = x3
        x3 *= a3[k]
    x0, x1, x2, x3 = 0.0, 0.0, 0.0, 0.0
    for k in range(nodes):
        x0 = a0[k] * (x0 + r0[k] * w0[k])
        w0[k] = x0
        x1 = a1[k] * (x1 + r1[k] * w1[k])
        w1[k] = x1
        x2 = a2[k] * (x2 + r2[k] * w2[k])
        w2[k] = x2
        x3 = a3[k] * (x3 + r3[k] * w3[k])
        w3[k] = x3


@compiled
def close_ring(response: FloatArray, border: FloatArray, work: FloatArray, inflow_sum: float) -> None:
    """Add what a terminal behind a driver resistance does to one line that is driven at both ends."""
    lift = border * inflow_sum
    for k in range(work.shape[0]):
        work[k] += lift * response[k]


@compiled
def solve_some_rows(
    share: FloatArray, segment: FloatArray, response: FloatArray, border: FloatArray, work: FloatArray, first: int,
    count: int,
) -> None:  # fmt: skip
    """Solve rows first ... first + count - 1 in place; `work` (4, nodes) holds their currents, then their voltages."""
    ring = response.shape[0] > 0
    sums = np.zeros(4)
    if ring:
        for m in range(count):
            for k in range(work.shape[1]):
                sums[m] += work[m, k] * response[first + m, k]
    if count == 4:
        sweep_rows_four(share, segment, work, first)
    else:
        for m in range(count):
            q = first + m if segment.shape[0] > 1 else 0
            sweep_row(share[first + m], segment[q], work[m], work[m])
    if ring:
        for m in range(count):
            close_ring(response[first + m], border[first + m], work[m], sums[m])


@compiled
def solve_rows(
    share: FloatArray, segment: FloatArray, response: FloatArray, border: FloatArray, inflow: FloatArray,
    out: FloatArray,
) -> None:  # fmt: skip
    """Solve all row lines with their sources at 0 V.

    Parameters
    ----------
    share, segment
        As in `factor_rows`.
    response : (lines or 0, nodes) array
        Voltage of every node for 1 V at the terminal; empty where no ring has to be closed.
    border : (lines,) array
        Voltage of a terminal per ampere that the grounded terminal would take [ohm].
    inflow, out : (lines, nodes) arrays
        Current into every node [A]; voltage of every node [V], may be the same array.
    """
    lines, nodes = share.shape
    work = np.empty((4, nodes))
    for first in range(0, lines, 4):
        count = min(4, lines - first)
        for m in range(count):  # an assignment of slices takes numba 6 s to compile
            for k in range(nodes):
                work[m, k] = inflow[first + m, k]
        solve_some_rows(share, segment, response, border, work, first, count)
        for m in range(count):
            for k in range(nodes):
                out[first + m, k] = work[m, k]


@compiled
def solve_columns(
    share: FloatArray, segment: FloatArray, response: FloatArray, border: FloatArray, inflow: FloatArray,
    out: FloatArray,
) -> None:  # fmt: skip
    """Solve all column lines with their sources at 0 V; as `solve_rows`, arrays are (nodes, lines)."""
    nodes, lines = share.shape
    ring = response.shape[0] > 0
    uniform = segment.shape[1] == 1
    last, lift = np.empty(PANEL), np.zeros(PANEL)
    for start in range(0, lines, PANEL):
        width = min(PANEL, lines - start)
        last[:] = 0.0
        lift[:] = 0.0
        for k in range(nodes - 1, -1, -1):
            flow, part, total = inflow[k, start : start + width], share[k, start : start + width], out[k, start:]
            if ring:
                for j in range(width):
                    lift[j] += flow[j] * response[k, start + j]
            for j in range(width):
                value = flow[j] + last[j]
                total[j] = value
                last[j] = value * part[j]
        last[:] = 0.0
        for k in range(nodes):
            part, total = share[k, start : start + width], out[k, start:]
            if uniform:
                resistance = segment[k, 0]
                for j in range(width):
                    last[j] = part[j] * (last[j] + resistance * total[j])
                    total[j] = last[j]
            else:
                for j in range(width):
                    last[j] = part[j] * (last[j] + segment[k, start + j] * total[j])
                    total[j] = last[j]
        if ring:
            for k in range(nodes):
                for j in range(width):
                    out[k, start + j] += border[start + j] * lift[j] * response[k, start + j]
