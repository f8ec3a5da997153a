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
    conductances: FloatArray, p: int, to: IntArray, q: int, by: IntArray, step: FloatArray, into: FloatArray
) -> None:
    """Add the currents that the moves of port `q` of all cells draw through port `p`.

    Parameters
    ----------
    conductances : (cells, ports, ports) array
        Derivative of the currents by the voltages of the ports [S].
    to, by : (cells,) int64 arrays
        Place of the nodes of `p` in `into`, and of those of `q` in `step`; negative for those that are held.
    step, into
        Moves [V] and currents [A] of all free nodes.
    """
    for c in range(to.shape[0]):
        if to[c] >= 0 and by[c] >= 0:
            into[to[c]] += conductances[c, p, q] * step[by[c]]


@compiled
def missing_currents(
    free: IntArray, values: FloatArray, columns: IntArray, starts: IntArray, voltages: FloatArray, into: FloatArray,
    injected: FloatArray, missing: FloatArray,
) -> tuple[float, float]:  # fmt: skip
    """Write what is missing to Kirchhoff's current law at the free nodes; return largest currents.

    Parameters
    ----------
    free : (n,) int64 array
        Nodes without a source.
    values, columns, starts
        Conductance matrix of the wires, row by row [S].
    voltages, into, injected
        Voltages of all nodes [V], currents out of them into cells, and from sources [A].
    missing : (n,) array
        Result [A].

    Returns
    -------
    tuple of float
        Largest missing current, and largest one into cells or from a source [A].
    """
    largest, through = 0.0, 0.0
    for k in range(into.shape[0]):
        if abs(into[k]) > through:
            through = abs(into[k])
        if abs(injected[k]) > through:
            through = abs(injected[k])
    for m in range(free.shape[0]):
        row = free[m]
        total = into[row] - injected[row]
        for k in range(starts[row], starts[row + 1]):
            total += values[k] * voltages[columns[k]]
        missing[m] = total
        if not abs(total) <= largest:
            largest = abs(total)
    return largest, through
