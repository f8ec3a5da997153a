"""Compiled pass over the gate lines of an array: how they follow the other lines, and what that draws from these."""

from __future__ import annotations

import numba
import numpy as np

from rramcirc.basics.arrays import FloatArray, IntArray, LoopCompiler
from rramcirc.engines.array.lines import solve_some_rows

compiled: LoopCompiler = numba.njit(cache=True, nogil=True)


@compiled
def follow_gates(
    groups: IntArray, conductances: FloatArray, gate: int, others: IntArray, begins: IntArray, share: FloatArray,
    segment: FloatArray, response: FloatArray, border: FloatArray, turned: bool, missing: FloatArray, step: FloatArray,
    into: FloatArray, moves: FloatArray,
) -> None:  # fmt: skip
    """Solve the gate lines, which run along the rows, for the moves of the other lines, in one pass over the cells.

    Parameters
    ----------
    groups : int64 array
        Which lines: number k stands for the four from 4 k on.
    conductances : (cells, ports, ports) array
        Derivative of the currents by the voltages of the ports [S].
    gate, others
        Port of the gates, and those of the other lines.
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
    work = np.empty((4, columns))
    for group in groups:
        first = 4 * group
        count = min(4, rows - first)
        for m in range(count):
            for k in range(columns):
                j = columns - 1 - k if turned else k
                c = (first + m) * columns + j
                flow = missing[first + m, j] if missing.shape[0] else 0.0
                for b in range(others.shape[0]):
                    flow += conductances[c, gate, others[b]] * step[begins[b] + c]
                work[m, k] = -flow
        solve_some_rows(share, segment, response, border, work, first, count)
        for m in range(count):
            for k in range(columns):
                j = columns - 1 - k if turned else k
                c = (first + m) * columns + j
                for b in range(others.shape[0]):
                    into[begins[b] + c] += conductances[c, others[b], gate] * work[m, k]
                if moves.shape[0]:
                    moves[first + m, j] = work[m, k]
