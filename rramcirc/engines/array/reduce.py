"""Compiled elimination of the inner nodes of many cells, all with the same local nodes.

Static analyses add up the devices of every cell (`reduce_cells`, `move_cells`). In a transient a cell is a straight
line around the point where its models were evaluated (`reduce_lines`, `move_lines`). The elimination is one, and
stands in one file with its users, because numba keeps machine code by file.
"""

from __future__ import annotations

import numba
import numpy as np

from rramcirc.basics.arrays import BoolArray, FloatArray, IntArray, LoopCompiler

compiled: LoopCompiler = numba.njit(cache=True, nogil=True)


inlined: LoopCompiler = numba.njit(nogil=True, forceinline=True)  # a call costs 10 ns a cell


@inlined
def eliminate(
    c: int, matrix: FloatArray, vector: FloatArray, frozen: BoolArray, ports: int, currents: FloatArray,
    conductances: FloatArray, offsets: FloatArray, slopes: FloatArray,
) -> None:  # fmt: skip
    """Eliminate the inner nodes of cell `c`, the last one first; `matrix` and `vector` are written to.

    Parameters
    ----------
    matrix : (nodes, nodes) array
        Derivative [S] of the currents into the local nodes: ports first, inner nodes behind them.
    vector : (nodes,) array
        These currents [A].
    frozen : (nodes,) array of bool
        Inner nodes that stay where they are.
    ports, currents, conductances, offsets, slopes
        Results of all cells, as of `reduce_cells`.
    """
    for e in range(vector.shape[0] - 1, ports - 1, -1):
        if frozen[e]:
            slopes[c, e - ports] = 0.0
            offsets[c, e - ports] = 0.0
            continue
        pivot = matrix[e, e]
        inverse = 1.0 / pivot if pivot != 0.0 else 0.0
        for b in range(e):
            slopes[c, e - ports, b] = matrix[e, b] * inverse
        offsets[c, e - ports] = vector[e] * inverse
        for a in range(e):
            factor = matrix[a, e]
            if factor != 0.0:
                for b in range(e):
                    matrix[a, b] -= factor * slopes[c, e - ports, b]
                vector[a] -= factor * offsets[c, e - ports]
    for a in range(ports):
        currents[c, a] = vector[a]
        for b in range(ports):
            conductances[c, a, b] = matrix[a, b]


@compiled
def reduce_cells(
    first: FloatArray, first_jacobian: FloatArray, first_place: IntArray, second: FloatArray,
    second_jacobian: FloatArray, second_place: IntArray, ports: int, currents: FloatArray, conductances: FloatArray,
    offsets: FloatArray, slopes: FloatArray,
) -> None:  # fmt: skip
    """Add up the devices of every cell and eliminate its inner nodes.

    Parameters
    ----------
    first, second : (cells, n) arrays
        Current into two devices at their nodes [A]; no second device if it is empty.
    first_jacobian, second_jacobian : (cells, n, n) arrays
        Their derivatives [S].
    first_place, second_place : (n,) int64 arrays
        Local node of every node of a device, or -1 if its voltage is held.
    ports
        Number of local nodes that are ports; the others, behind them, are inner nodes.
    currents : (cells, ports) array
        Result: current into the cell at every port when the inner nodes have moved to where they balance [A].
    conductances : (cells, ports, ports) array
        Result: its derivative [S].
    offsets : (cells, inner) array
        Result: what inner node k moves by, with the signs turned, if nothing before it moves [V].
    slopes : (cells, inner, ports + inner) array
        Result: derivative of that by the local nodes before it.
    """
    total = slopes.shape[2]
    matrix, vector, frozen = np.empty((total, total)), np.empty(total), np.zeros(total, np.bool_)
    for c in range(currents.shape[0]):
        matrix[:] = 0.0
        vector[:] = 0.0
        for device in range(2):
            values = first if device == 0 else second
            if not values.shape[0]:
                continue
            jacobian = first_jacobian if device == 0 else second_jacobian
            place = first_place if device == 0 else second_place
            for a in range(place.shape[0]):
                row = place[a]
                if row < 0:
                    continue
                vector[row] += values[c, a]
                for b in range(place.shape[0]):
                    if place[b] >= 0:
                        matrix[row, place[b]] += jacobian[c, a, b]
        eliminate(c, matrix, vector, frozen, ports, currents, conductances, offsets, slopes)


@compiled
def move_cells(steps: FloatArray, offsets: FloatArray, slopes: FloatArray, limit: float, voltages: FloatArray) -> float:
    """Move ports by `steps` and inner nodes by what balances them, at most `limit` [V]; return the largest move."""
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
            moved[ports + e] = max(-limit, min(limit, move))
        for a in range(ports + inner):
            voltages[c, a] += moved[a]
            largest = max(largest, abs(moved[a]))
    return largest


@compiled
def reduce_lines(
    which: IntArray, voltages: FloatArray, centres: FloatArray, currents: FloatArray, charges: FloatArray,
    conductances: FloatArray, capacitances: FloatArray, own: FloatArray, rate: float, past: FloatArray,
    frozen: BoolArray, ports: int, port_currents: FloatArray, port_conductances: FloatArray, offsets: FloatArray,
    slopes: FloatArray,
) -> None:  # fmt: skip
    """Eliminate the inner nodes of the cells `which`: ``current + rate * charge + past = 0`` there, to first order.

    Parameters
    ----------
    which : (m,) int64 array
        Cells.
    voltages, centres, currents, charges, conductances, capacitances
        Where the local nodes are, and the straight lines around the centres.
    own : (nodes,) array
        Without capacitances: what of its voltage the charge of a node is; 1 for states, 0 for all others.
    rate
        Weight of the new point in the derivative by time [1/s].
    past : (cells, nodes) array
        What the points before add to the derivative of the charges [A].
    frozen : (nodes,) array of bool
        Inner nodes that stay where they are.
    ports, port_currents, port_conductances, offsets, slopes
        As in `reduce_cells`.
    """
    total = voltages.shape[1]
    matrix, vector, away = np.empty((total, total)), np.empty(total), np.empty(total)
    for m in range(which.shape[0]):
        c = which[m]
        for a in range(total):
            away[a] = voltages[c, a] - centres[c, a]
        for a in range(total):
            value = currents[c, a] + past[c, a]
            if capacitances.shape[0]:
                value += rate * charges[c, a]
                for b in range(total):
                    slope = conductances[c, a, b] + rate * capacitances[c, a, b]
                    matrix[a, b] = slope
                    value += slope * away[b]
            else:
                for b in range(total):
                    matrix[a, b] = conductances[c, a, b]
                    value += conductances[c, a, b] * away[b]
                matrix[a, a] += rate * own[a]
                value += rate * own[a] * voltages[c, a]
            vector[a] = value
        eliminate(c, matrix, vector, frozen, ports, port_currents, port_conductances, offsets, slopes)


@compiled
def move_lines(
    which: IntArray, steps: FloatArray, limit: float, conductances: FloatArray, slopes: FloatArray, offsets: FloatArray,
    currents: FloatArray, voltages: FloatArray,
) -> float:  # fmt: skip
    """Move the ports of the cells `which` by `steps` and the inner nodes to balance; return the largest move [V].

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
            if move > limit:
                move = limit
            elif move < -limit:
                move = -limit
            moved[ports + e] = move
        for a in range(ports + inner):
            voltages[c, a] += moved[a]
            if abs(moved[a]) > largest:
                largest = abs(moved[a])
    return largest
