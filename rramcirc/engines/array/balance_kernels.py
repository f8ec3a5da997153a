"""Compiled loops between cells and lines: Kirchhoff's current law at the nodes, and steps from nodes to cells."""

from __future__ import annotations

import numba

from rramcirc.basics.arrays import FloatArray, IntArray, LoopCompiler

compiled: LoopCompiler = numba.njit(cache=True, nogil=True)


@compiled
def add_currents(nodes: IntArray, port: int, currents: FloatArray, into: FloatArray) -> None:
    """Add the currents of one port of all cells to those of their nodes [A]."""
    for c in range(nodes.shape[0]):
        into[nodes[c]] += currents[c, port]


@compiled
def gather_steps(nodes: IntArray, port: int, step: FloatArray, moves: FloatArray) -> None:
    """Write how far one port of all cells moves, from the moves of their nodes [V]."""
    for c in range(nodes.shape[0]):
        moves[c, port] = step[nodes[c]]


@compiled
def add_products(
    conductances: FloatArray, to: IntArray, to_begin: IntArray, by: IntArray, by_begin: IntArray, step: FloatArray,
    into: FloatArray,
) -> None:  # fmt: skip
    """Add the currents that moves of some ports of all cells draw through others, in one pass over the cells.

    Parameters
    ----------
    conductances : (cells, ports, ports) array
        Derivative of the currents by the voltages of the ports [S].
    to, by : int64 arrays
        Ports through which currents flow, and those that move.
    to_begin, by_begin : int64 arrays
        Where their nodes begin in `into` and `step`: one node for every cell, in the order of the cells.
    step, into
        Moves [V] and currents [A] of all free nodes.
    """
    for c in range(conductances.shape[0]):
        for a in range(to.shape[0]):
            total = 0.0
            for b in range(by.shape[0]):
                total += conductances[c, to[a], by[b]] * step[by_begin[b] + c]
            into[to_begin[a] + c] += total


@compiled
def subtract_part(direction: FloatArray, vector: FloatArray) -> float:
    """Make `vector` (n,) orthogonal to a `direction` of length 1; return what was taken away."""
    total = 0.0
    for i in range(vector.shape[0]):
        total += direction[i] * vector[i]
    for i in range(vector.shape[0]):
        vector[i] -= total * direction[i]
    return total


@compiled
def largest_current(into: FloatArray, injected: FloatArray) -> float:
    """Return the largest current into cells or from a source [A]."""
    through = 0.0
    for k in range(into.shape[0]):
        through = max(through, abs(into[k]), abs(injected[k]))
    return through


@compiled
def add_row_wires(
    segment: FloatArray, far: FloatArray, turned: bool, terminal: FloatArray, voltages: FloatArray, into: FloatArray
) -> None:
    """Add the currents out of the nodes of row lines into their wires [A].

    Taken from the voltages across the segments, so that nothing is lost however alike neighbours are.

    Parameters
    ----------
    segment, far, turned
        As in `wires.Wires`; `far` is empty with a driver at one end.
    terminal : (rows,) array
        Voltage of the terminals [V].
    voltages, into : (rows, columns) arrays
        Voltage of every node [V], in the order of the array, and the current out of it, which is added to [A].
    """
    rows, columns = voltages.shape
    for i in range(rows):
        q = i if segment.shape[0] > 1 else 0
        at = columns - 1 if turned else 0
        into[i, at] += (voltages[i, at] - terminal[i]) / segment[q, 0]
        for k in range(1, columns):
            at = columns - 1 - k if turned else k
            before = at + 1 if turned else at - 1
            flow = (voltages[i, at] - voltages[i, before]) / segment[q, k]
            into[i, at] += flow
            into[i, before] -= flow
        if far.shape[0]:
            at = 0 if turned else columns - 1
            into[i, at] += (voltages[i, at] - terminal[i]) / far[i]


@compiled
def add_column_wires(
    segment: FloatArray, far: FloatArray, turned: bool, terminal: FloatArray, voltages: FloatArray, into: FloatArray
) -> None:
    """Add the currents out of the nodes of column lines into their wires [A]; as `add_row_wires`."""
    rows, columns = voltages.shape
    uniform = segment.shape[0] == 1
    for k in range(rows):
        at = rows - 1 - k if turned else k
        before = at + 1 if turned else at - 1
        for j in range(columns):
            ohm = segment[0 if uniform else j, k]
            flow = (voltages[at, j] - (terminal[j] if k == 0 else voltages[before, j])) / ohm
            into[at, j] += flow
            if k:
                into[before, j] -= flow
    for j in range(far.shape[0]):
        at = 0 if turned else rows - 1
        into[at, j] += (voltages[at, j] - terminal[j]) / far[j]
