"""Compiled elimination of the inner nodes of many cells, all with the same local nodes."""

from __future__ import annotations

import numba
import numpy as np

from rramcirc.basics.arrays import FloatArray, IntArray, LoopCompiler

compiled: LoopCompiler = numba.njit(cache=True, nogil=True)


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
    matrix, vector = np.empty((total, total)), np.empty(total)
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
        for e in range(total - 1, ports - 1, -1):
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
