"""Compiled pass over the gate lines of an array: how they follow the other lines, and what that draws from these."""

from __future__ import annotations

import numba
import numpy as np

from rramcirc.basics.arrays import FloatArray, IntArray, LoopCompiler
from rramcirc.engines.array.lines import solve_some_rows

compiled: LoopCompiler = numba.njit(cache=True, nogil=True)


@compiled
def gather_gates(conductances: FloatArray, gate: int, others: IntArray, felt: FloatArray, drawn: FloatArray) -> None:
    """Write what couples the gates and the other lines, (others, cells) arrays each [S].

    `felt` is the derivative of the currents of the gates by the voltages of the others, `drawn` the reverse.
    """
    for c in range(conductances.shape[0]):
        for b in range(others.shape[0]):
            felt[b, c] = conductances[c, gate, others[b]]
            drawn[b, c] = conductances[c, others[b], gate]


@compiled
def follow_gates(
    groups: IntArray, felt: FloatArray, drawn: FloatArray, begins: IntArray, share: FloatArray, segment: FloatArray,
    response: FloatArray, border: FloatArray, turned: bool, missing: FloatArray, step: FloatArray, into: FloatArray,
    moves: FloatArray,
) -> None:  # fmt: skip
    """Solve the gate lines, which run along the rows, for the moves of the other lines, in one pass over the cells.

    Parameters
    ----------
    groups : int64 array
        Which lines: number k stands for the four from 4 k on.
    felt, drawn : (others, cells) arrays
        As from `gather_gates` [S].
    begins : int64 array
        Where the nodes of the others begin in `step` and `into`: one for every cell, in the order of the cells.
    share, segment, response, border
        The gates, as in `lines.solve_rows`.
    turned
        Whether node 0 of a gate line is the last one of its row.
    missing : (rows, columns) array
        Currents that are missing at the gates [A]; empty if there are none.
    step, into
        Moves of all free nodes [V], and currents that the gates' moves draw from the others, which are added to [A].
    moves : (rows, columns) array
        Result: moves of the gates [V]; not wanted if it is empty.
    """
    rows, columns = share.shape
    work, flow = np.empty((4, columns)), np.empty(columns)
    for group in groups:
        first = 4 * group
        count = min(4, rows - first)
        for m in range(count):
            row = first + m
            for j in range(columns):
                flow[j] = missing[row, j] if missing.shape[0] else 0.0
            for b in range(felt.shape[0]):
                begin = begins[b] + row * columns
                slopes, by = felt[b, row * columns : (row + 1) * columns], step[begin : begin + columns]
                for j in range(columns):
                    flow[j] += slopes[j] * by[j]
            for j in range(columns):
                work[m, columns - 1 - j if turned else j] = -flow[j]
        solve_some_rows(share, segment, response, border, work, first, count)
        for m in range(count):
            row = first + m
            for j in range(columns):
                flow[j] = work[m, columns - 1 - j if turned else j]
            for b in range(drawn.shape[0]):
                begin = begins[b] + row * columns
                slopes, to = drawn[b, row * columns : (row + 1) * columns], into[begin : begin + columns]
                for j in range(columns):
                    to[j] += slopes[j] * flow[j]
            if moves.shape[0]:
                for j in range(columns):
                    moves[row, j] = flow[j]
