"""Compiled moves of many cells: ports by given steps, and the inner nodes by what balances them to first order.

The counterpart of `reduce`: `move_cells` for static analyses, `move_lines` for straight lines in a transient.
"""

from __future__ import annotations

import numba
import numpy as np

from rramcirc.basics.arrays import FloatArray, IntArray, LoopCompiler

compiled: LoopCompiler = numba.njit(cache=True, nogil=True)
inlined: LoopCompiler = numba.njit(nogil=True, forceinline=True)
FAR = 16.0  # units; beyond, a node is as large as its value


@inlined
def _bounded(move: float, place: float, unit: float, limit: float) -> float:
    """Return a move of at most `limit` units, or to twice the value of a node that is far beyond its unit."""
    most = limit * unit
    if abs(move) > most:
        most = max(most, abs(place) - FAR * unit)
        move = max(-most, min(most, move))
    return move


@inlined
def _size(move: float, place: float, unit: float) -> float:
    """Return the size of a move in units, or relative to the value of a node that is far beyond its unit."""
    return abs(move) / max(unit, abs(place) / FAR)


@compiled
def move_cells(
    steps: FloatArray, offsets: FloatArray, slopes: FloatArray, limit: float, units: FloatArray, voltages: FloatArray
) -> float:
    """Move ports by `steps` and inner nodes by what balances them, at most `limit`; return the largest move.

    Both are in `units` (nodes,), those of the local nodes; 1 for volts.
    """
    cells, ports = steps.shape
    inner = offsets.shape[1]
    largest = 0.0
    moved = np.empty(ports + inner)
    for c in range(cells):
        for a in range(ports):
            moved[a] = steps[c, a]
        for e in range(inner):
            move = -offsets[c, e]
            for b in range(ports + e):
                move -= slopes[c, e, b] * moved[b]
            moved[ports + e] = _bounded(move, voltages[c, ports + e], units[ports + e], limit)
        for a in range(ports + inner):
            voltages[c, a] += moved[a]
            if abs(moved[a]) > largest * units[a]:
                largest = max(largest, _size(moved[a], voltages[c, a], units[a]))
    return largest


@compiled
def move_lines(
    which: IntArray, steps: FloatArray, limit: float, units: FloatArray, conductances: FloatArray, slopes: FloatArray,
    offsets: FloatArray, currents: FloatArray, voltages: FloatArray,
) -> float:  # fmt: skip
    """Move the ports of the cells `which` by `steps` and the inner nodes to balance; return the largest move.

    Moves are bounded and measured as by `move_cells`.

    Currents follow, and no offset is left, unless a node would move by more than `limit` and is stopped there.
    """
    ports, inner = steps.shape[1], offsets.shape[1]
    largest = 0.0
    moved = np.empty(ports + inner)
    for m in range(which.shape[0]):
        c = which[m]
        still = True
        for a in range(ports):
            moved[a] = steps[c, a]
            still &= moved[a] == 0.0
        for e in range(inner):
            still &= offsets[c, e] == 0.0
        if still:
            continue
        for a in range(ports):
            total = 0.0
            for b in range(ports):
                total += conductances[c, a, b] * moved[b]
            currents[c, a] += total
        for e in range(inner):
            move = -offsets[c, e]
            offsets[c, e] = 0.0
            for b in range(ports + e):
                move -= slopes[c, e, b] * moved[b]
            moved[ports + e] = _bounded(move, voltages[c, ports + e], units[ports + e], limit)
        for a in range(ports + inner):
            voltages[c, a] += moved[a]
            if abs(moved[a]) > largest * units[a]:
                largest = max(largest, _size(moved[a], voltages[c, a], units[a]))
    return largest
